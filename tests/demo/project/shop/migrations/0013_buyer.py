from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shop", "0012_order_amount")]
    operations = [migrations.RenameModel("Customer", "Buyer")]
