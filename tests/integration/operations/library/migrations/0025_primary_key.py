from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0024_drop_foreign_key")]

    operations = [
        migrations.RemoveField("Ticket", "id"),
        migrations.AlterField("Ticket", "code", models.IntegerField(primary_key=True, serialize=False)),
    ]
