from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0035_backfill")]

    # Loan points to Book and Member; nothing but Loan points to Member.
    operations = [migrations.DeleteModel("Loan"), migrations.DeleteModel("Member"), migrations.DeleteModel("Ticket")]
