from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0013_wider_types")]

    operations = [migrations.AlterField("Member", "card", models.BigIntegerField())]
