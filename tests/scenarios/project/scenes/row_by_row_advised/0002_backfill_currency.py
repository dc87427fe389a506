from django.db import migrations

BATCH = 500


def backfill(apps, schema_editor):
    Order = apps.get_model("shop", "Order")
    while True:
        batch = list(Order.objects.filter(currency__isnull=True).values_list("id", flat=True)[:BATCH])
        if not batch:
            break
        Order.objects.filter(id__in=batch).update(currency="USD")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(backfill, migrations.RunPython.noop)]
