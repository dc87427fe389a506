from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AlterField("order", "total", models.IntegerField(default=5, db_column="total")),
        migrations.RenameField("order", "total", "amount"),
    ]
