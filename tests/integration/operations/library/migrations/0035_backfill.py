from django.db import migrations
from django.db.models import F


def fill(apps, schema_editor):
    books = apps.get_model("library", "Book").objects.using(schema_editor.connection.alias)
    books.filter(copies=1).update(copies=F("copies") + 1)


class Migration(migrations.Migration):
    dependencies = [("library", "0034_many_to_many")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
