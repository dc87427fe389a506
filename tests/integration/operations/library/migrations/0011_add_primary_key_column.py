from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0010_add_required_column")]

    operations = [
        migrations.RemoveField("Loan", "id"),
        migrations.AddField("Loan", "number", models.AutoField(primary_key=True, serialize=False), preserve_default=False),
    ]
