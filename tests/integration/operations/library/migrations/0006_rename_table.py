from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0005_number_from_a_sequence")]

    operations = [migrations.RenameModel("Reader", "Member")]
