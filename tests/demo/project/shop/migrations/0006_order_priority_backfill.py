from django.db import migrations


def set_priority(apps, schema_editor):
    apps.get_model("shop", "Order").objects.filter(priority=None, id__lte=1000).update(priority=1)


class Migration(migrations.Migration):
    dependencies = [("shop", "0005_order_created_index")]
    operations = [migrations.RunPython(set_priority, migrations.RunPython.noop)]
