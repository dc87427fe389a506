from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AlterField("order", "courier", models.ForeignKey(
            null=True, db_index=False, related_name="+", on_delete=models.DO_NOTHING, to="shop.customer")),
    ]
