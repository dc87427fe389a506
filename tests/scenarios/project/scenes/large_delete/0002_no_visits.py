from django.db import migrations


def forget(apps, schema_editor):
    apps.get_model("shop", "Visit").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
