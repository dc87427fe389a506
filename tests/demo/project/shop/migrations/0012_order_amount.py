from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shop", "0011_shipment")]
    operations = [migrations.RenameField("order", "total", "amount")]
