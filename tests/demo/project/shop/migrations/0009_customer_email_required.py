from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0008_order_number_unique")]
    operations = [migrations.AlterField("customer", "email", models.EmailField(default="", max_length=254))]
