"""The application forgets the field; the column stays, and gets a default, for the new version does not fill it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL("ALTER TABLE shop_order ALTER COLUMN note SET DEFAULT ''")],
            [migrations.RemoveField("order", "note")],
        )
    ]
