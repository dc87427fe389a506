from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0004_drop_sequence")]

    operations = [migrations.AlterField("Shelf", "number", models.AutoField(primary_key=True, serialize=False))]
