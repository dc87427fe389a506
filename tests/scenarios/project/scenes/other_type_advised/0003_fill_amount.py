from django.db import migrations
from django.db.models import F, Max

BATCH = 500


def fill(apps, schema_editor):
    orders = apps.get_model("shop", "Order").objects
    last = orders.aggregate(last=Max("id"))["last"]
    for first in range(1, last + 1, BATCH):
        orders.filter(id__range=(first, first + BATCH - 1), amount=None).update(amount=F("total"))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0002_amount")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
