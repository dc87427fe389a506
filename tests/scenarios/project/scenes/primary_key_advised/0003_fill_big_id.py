from django.db import migrations

BATCH = 500


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM shop_order")
        last, = cursor.fetchone()
        for first in range(1, last + 1, BATCH):
            cursor.execute("UPDATE shop_order SET big_id = id WHERE id BETWEEN %s AND %s AND big_id IS NULL", [first, first + BATCH - 1])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0002_big_id_beside")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
