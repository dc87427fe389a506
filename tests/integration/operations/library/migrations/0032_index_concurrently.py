from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0031_drop_index")]

    atomic = False  # PostgreSQL wants it so, with Lockkeeper or without

    operations = [AddIndexConcurrently("Book", models.Index(fields=["copies"], name="library_book_copies"))]
