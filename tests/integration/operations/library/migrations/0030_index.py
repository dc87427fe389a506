from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0029_drop_exclude")]

    operations = [
        migrations.AddIndex("Book", models.Index(fields=["pages", "price"], name="library_book_size")),
        migrations.AlterField("Author", "name", models.CharField(db_index=True, max_length=100)),
        migrations.AlterIndexTogether("Shelf", {("place", "hall")}),
    ]
