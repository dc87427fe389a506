from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0032_index_concurrently")]

    atomic = False

    operations = [RemoveIndexConcurrently("Book", "library_book_copies")]
