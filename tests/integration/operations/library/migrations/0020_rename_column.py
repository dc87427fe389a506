from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0019_drop_column")]

    operations = [migrations.RenameField("Shelf", "room", "hall")]
