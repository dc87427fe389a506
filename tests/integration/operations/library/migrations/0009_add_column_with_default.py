from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0008_add_column")]

    operations = [migrations.AddField("Book", "language", models.CharField(default="en", max_length=5, null=True))]
