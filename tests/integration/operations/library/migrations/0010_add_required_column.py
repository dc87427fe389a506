from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0009_add_column_with_default")]

    operations = [migrations.AddField("Book", "copies", models.IntegerField(default=1))]
