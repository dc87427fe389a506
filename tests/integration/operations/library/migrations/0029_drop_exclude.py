from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0028_exclude")]

    operations = [migrations.RemoveConstraint("Shelf", "library_shelf_letters")]
