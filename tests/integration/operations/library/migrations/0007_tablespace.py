from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0006_rename_table")]

    operations = [
        migrations.RunSQL(
            '/* lockkeeper: allow tablespace-changed reason="announced" */ ALTER TABLE library_shelf SET TABLESPACE operations',
            '/* lockkeeper: allow tablespace-changed reason="announced" */ ALTER TABLE library_shelf SET TABLESPACE pg_default',
        )
    ]
