from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0016_drop_not_null")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE library_book ALTER COLUMN language SET DEFAULT 'en'",
            "ALTER TABLE library_book ALTER COLUMN language DROP DEFAULT",
        ),
        migrations.RunSQL(
            "ALTER TABLE library_book ALTER COLUMN copies SET DEFAULT 1",
            "ALTER TABLE library_book ALTER COLUMN copies DROP DEFAULT",
        ),
    ]
