from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddConstraint("order", models.UniqueConstraint(fields=["number"], name="shop_order_number_unique"))
    ]
