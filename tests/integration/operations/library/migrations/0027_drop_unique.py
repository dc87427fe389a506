from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0026_unique")]

    operations = [
        migrations.AlterUniqueTogether("Author", set()),
        migrations.RemoveConstraint("Loan", "library_loan_short"),
    ]
