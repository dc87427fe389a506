from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0017_set_default")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE library_book ALTER COLUMN copies DROP DEFAULT",
            "ALTER TABLE library_book ALTER COLUMN copies SET DEFAULT 1",
        )
    ]
