from django.contrib.postgres.fields import IntegerRangeField
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=100, db_index=True)
    born = models.IntegerField(null=True)


class Shelf(models.Model):
    number = models.AutoField(primary_key=True)
    hall = models.CharField(max_length=10)
    place = models.IntegerField()
    letters = IntegerRangeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hall", "place"], name="library_shelf_place")]


class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)
    title = models.TextField()
    isbn = models.CharField(max_length=20, unique=True)
    pages = models.IntegerField(default=0)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    shelf = models.IntegerField(null=True, db_column="shelf")
    language = models.CharField(max_length=5, null=True, default="en")
    copies = models.IntegerField(default=1)
    editors = models.ManyToManyField(Author, related_name="edited")
