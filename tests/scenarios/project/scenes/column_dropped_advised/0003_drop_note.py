"""A later deploy, when no version runs any more that knows the column."""

from django.db import migrations

DROP = '/* lockkeeper: allow column-dropped reason="no version uses it since the last deploy" */ ALTER TABLE shop_order DROP COLUMN note'


class Migration(migrations.Migration):
    dependencies = [("shop", "0002_no_note")]
    operations = [migrations.RunSQL(DROP)]
