from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0010_order_note_longer")]
    operations = [
        migrations.CreateModel(
            name="Shipment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("orders", models.ManyToManyField(to="shop.Order")),
                ("sent", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            "shipment", "sender", models.ForeignKey(null=True, on_delete=models.deletion.SET_NULL, to="shop.customer")
        ),
    ]
