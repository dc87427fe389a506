from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0009_customer_email_required")]
    operations = [migrations.AlterField("order", "note", models.CharField(blank=True, max_length=500))]
