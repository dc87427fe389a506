"""The 47 minutes as they were felt: the lock of a new column is held while each row is saved."""

from django.db import migrations, models


def backfill(apps, schema_editor):
    Order = apps.get_model("shop", "Order")
    for order in Order.objects.filter(currency__isnull=True):
        order.currency = "USD"
        order.region = "US"
        order.save()


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddField("order", "region", models.CharField(max_length=50, null=True)),
        migrations.RunPython(backfill, migrations.RunPython.noop),
    ]
