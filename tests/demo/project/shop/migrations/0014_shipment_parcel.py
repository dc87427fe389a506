from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0013_buyer")]
    operations = [
        migrations.AddField("shipment", "parcel", models.CharField(max_length=40, null=True)),
        migrations.AddIndex("shipment", models.Index(fields=["parcel"], name="shop_shipment_parcel_idx")),
    ]
