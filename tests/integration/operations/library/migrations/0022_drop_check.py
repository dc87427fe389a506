from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0021_check")]

    operations = [migrations.RemoveConstraint("Book", "library_book_pages")]
