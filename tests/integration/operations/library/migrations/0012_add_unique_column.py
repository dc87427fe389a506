from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0011_add_primary_key_column")]

    operations = [migrations.AddField("Member", "passport", models.CharField(max_length=20, null=True, unique=True))]
