from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0004_order_status_index")]
    operations = [migrations.AlterField("order", "created", models.DateTimeField(db_index=True))]
