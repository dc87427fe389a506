from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0003_sequence")]

    operations = [migrations.RunSQL("DROP SEQUENCE library_queue", "CREATE SEQUENCE library_queue")]
