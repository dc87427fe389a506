"""The migration of the 47 minutes: row by row in one transaction, and a change of the schema behind it."""

from django.db import migrations, models


def backfill_currency(apps, schema_editor):
    Order = apps.get_model("shop", "Order")
    for order in Order.objects.filter(currency__isnull=True):
        order.currency = "USD"
        order.save()


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.RunPython(backfill_currency, migrations.RunPython.noop),
        migrations.AlterField("order", "currency", models.CharField(max_length=3, default="USD")),
    ]
