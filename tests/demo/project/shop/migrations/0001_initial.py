from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                ("email", models.EmailField(max_length=254, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("customer", models.ForeignKey(on_delete=models.deletion.CASCADE, to="shop.customer")),
                ("number", models.CharField(max_length=20)),
                ("status", models.CharField(default="new", max_length=20)),
                ("note", models.CharField(blank=True, max_length=100)),
                ("total", models.IntegerField()),
                ("created", models.DateTimeField()),
            ],
        ),
    ]
