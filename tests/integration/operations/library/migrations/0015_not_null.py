from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0014_another_type")]

    operations = [migrations.AlterField("Book", "pages", models.IntegerField(default=0))]
