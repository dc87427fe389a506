from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0002_rows")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE library_numbers", "DROP SEQUENCE library_numbers"),
        migrations.RunSQL("CREATE SEQUENCE library_queue", "DROP SEQUENCE library_queue"),
    ]
