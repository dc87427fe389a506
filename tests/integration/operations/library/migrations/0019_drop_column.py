from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0018_drop_default")]

    # With a foreign key and its index, with a unique constraint, and with neither.
    operations = [
        migrations.RemoveField("Loan", "reader"),
        migrations.RemoveField("Loan", "slip"),
        migrations.RemoveField("Book", "subtitle"),
    ]
