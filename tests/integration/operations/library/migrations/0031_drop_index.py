from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0030_index")]

    operations = [
        migrations.RemoveIndex("Book", "library_book_size"),
        migrations.AlterIndexTogether("Shelf", set()),
    ]
