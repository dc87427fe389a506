from django.db import migrations


def fill(apps, schema_editor):
    def made(model, rows):
        return apps.get_model("library", model).objects.using(schema_editor.connection.alias).bulk_create(
            apps.get_model("library", model)(**row) for row in rows)

    authors = made("Author", ({"name": f"author {i}", "born": 1900 + i} for i in range(20)))
    shelves = made("Shelf", ({"number": i + 1, "room": f"room {i % 3}", "place": i} for i in range(10)))
    books = made("Book", ({"author": authors[i % 20], "title": f"title {i}", "isbn": f"isbn {i}", "price": i,
                           "pages": i if i % 3 else None, "shelf": shelves[i % 10].number} for i in range(200)))
    readers = made("Reader", ({"card": 100 + i, "email": f"reader{i}@example.org"} for i in range(30)))
    made("Ticket", ({"code": 1000 + i} for i in range(30)))
    made("Loan", ({"book": books[i], "reader": readers[i % 30], "slip": f"slip {i}", "days": i} for i in range(100)))


class Migration(migrations.Migration):
    dependencies = [("library", "0001_create_tables")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
