from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0033_drop_index_concurrently")]

    operations = [migrations.AddField("Book", "editors", models.ManyToManyField(related_name="edited", to="library.Author"))]
