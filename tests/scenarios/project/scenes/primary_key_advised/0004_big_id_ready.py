from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0003_fill_big_id")]
    operations = [
        migrations.RunSQL([
            "CREATE UNIQUE INDEX shop_order_big_id ON shop_order (big_id)",
            "ALTER TABLE shop_order ALTER COLUMN big_id SET NOT NULL",
        ])
    ]
