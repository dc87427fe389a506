from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.AddIndex("event", models.Index(fields=["kind"], name="shop_event_kind"))]
