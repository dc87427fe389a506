from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0015_not_null")]

    operations = [migrations.AlterField("Author", "born", models.IntegerField(null=True))]
