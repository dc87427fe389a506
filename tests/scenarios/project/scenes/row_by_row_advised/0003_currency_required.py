from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # Django fills the default in, too: an UPDATE that reads the whole table
    dependencies = [("shop", "0002_backfill_currency")]
    operations = [migrations.AlterField("order", "currency", models.CharField(max_length=3, default="USD"))]
