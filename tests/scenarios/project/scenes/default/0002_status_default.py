from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunSQL("ALTER TABLE shop_order ALTER COLUMN status SET DEFAULT 'open'")]
