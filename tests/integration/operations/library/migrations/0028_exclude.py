from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0027_drop_unique")]

    operations = [
        migrations.AddField("Shelf", "letters", IntegerRangeField(null=True)),
        migrations.AddConstraint("Shelf", ExclusionConstraint(name="library_shelf_letters", expressions=[("letters", "&&")])),
    ]
