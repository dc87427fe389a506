from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddConstraint("order", models.CheckConstraint(check=models.Q(quantity__gt=0), name="shop_order_quantity_positive"))
    ]
