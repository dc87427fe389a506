from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # so that Lockkeeper can build the index CONCURRENTLY
    dependencies = [("shop", "0003_order_currency")]
    operations = [migrations.AddIndex("order", models.Index(fields=["status"], name="shop_order_status_idx"))]
