from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0022_drop_check")]

    # A new column, and one that had the numbers already.
    operations = [
        migrations.AddField("Loan", "member", models.ForeignKey(null=True, on_delete=models.deletion.CASCADE, to="library.member")),
        migrations.AlterField("Book", "shelf", models.ForeignKey(db_column="shelf", null=True, on_delete=models.deletion.SET_NULL,
                                                                 to="library.shelf")),
    ]
