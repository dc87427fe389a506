from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0020_rename_column")]

    operations = [
        migrations.AddConstraint("Book", models.CheckConstraint(check=models.Q(pages__gte=0), name="library_book_pages")),
        migrations.AlterField("Loan", "days", models.PositiveIntegerField()),
    ]
