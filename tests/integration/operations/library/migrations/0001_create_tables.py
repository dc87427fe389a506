from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel(
            name="Author",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50)),
                ("born", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Book",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("author", models.ForeignKey(on_delete=models.deletion.CASCADE, to="library.author")),
                ("title", models.CharField(max_length=100)),
                ("isbn", models.CharField(max_length=20)),
                ("pages", models.IntegerField(null=True)),
                ("price", models.DecimalField(decimal_places=2, max_digits=6)),
                ("shelf", models.IntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Shelf",
            fields=[
                ("number", models.IntegerField(primary_key=True, serialize=False)),
                ("room", models.CharField(max_length=10)),
                ("place", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Reader",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("card", models.IntegerField()),
                ("email", models.EmailField(max_length=254, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Loan",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("book", models.ForeignKey(on_delete=models.deletion.CASCADE, to="library.book")),
                ("reader", models.ForeignKey(null=True, on_delete=models.deletion.CASCADE, to="library.reader")),
                ("slip", models.CharField(max_length=20, null=True, unique=True)),
                ("days", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Ticket",
            fields=[
                ("id", models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.IntegerField()),
            ],
        ),
    ]
