from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0006_order_priority_backfill")]
    operations = [
        migrations.AddConstraint("order", models.CheckConstraint(check=models.Q(priority__gte=0), name="shop_order_priority_positive"))
    ]
