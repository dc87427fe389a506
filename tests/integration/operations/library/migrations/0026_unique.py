from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0025_primary_key")]

    operations = [
        migrations.AlterField("Book", "isbn", models.CharField(max_length=20, unique=True)),
        migrations.AlterUniqueTogether("Author", {("name", "born")}),
        migrations.AddConstraint("Shelf", models.UniqueConstraint(fields=("hall", "place"), name="library_shelf_place")),
        migrations.AddConstraint("Loan", models.UniqueConstraint(condition=models.Q(days__lt=10), fields=("book",), name="library_loan_short")),
    ]
