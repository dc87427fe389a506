from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0002_order_priority")]
    operations = [migrations.AddField("order", "currency", models.CharField(default="EUR", max_length=3))]
