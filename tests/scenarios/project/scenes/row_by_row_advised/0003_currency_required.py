from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0002_backfill_currency")]
    operations = [migrations.AlterField("order", "currency", models.CharField(max_length=3, default="USD"))]
