from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0012_add_unique_column")]

    operations = [
        migrations.AlterField("Author", "name", models.CharField(max_length=100)),
        migrations.AlterField("Book", "title", models.TextField()),
        migrations.AlterField("Book", "price", models.DecimalField(decimal_places=2, max_digits=8)),
    ]
