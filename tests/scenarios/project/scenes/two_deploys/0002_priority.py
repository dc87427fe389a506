from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddField("order", "priority", models.IntegerField(null=True)),
        migrations.AddIndex("order", models.Index(fields=["number"], name="shop_order_number")),
    ]
