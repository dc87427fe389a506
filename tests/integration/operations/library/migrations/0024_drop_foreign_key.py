from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0023_foreign_key")]

    operations = [migrations.AlterField("Book", "shelf", models.IntegerField(db_column="shelf", null=True))]
