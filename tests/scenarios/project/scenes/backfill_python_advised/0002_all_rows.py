from django.db import migrations


def fill(apps, schema_editor):
    apps.get_model("shop", "Order").objects.update(quantity=2)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
