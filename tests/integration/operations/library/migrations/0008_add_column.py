from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0007_tablespace")]

    operations = [migrations.AddField("Book", "subtitle", models.CharField(max_length=100, null=True))]
