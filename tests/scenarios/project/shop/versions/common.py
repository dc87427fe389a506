"""What all versions of the application have."""

from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=100)


class Visit(models.Model):
    page = models.CharField(max_length=40)
    seen = models.IntegerField(default=0)


class Event(models.Model):
    """Partitioned, which is no business of Django's."""

    kind = models.CharField(max_length=20)
    created = models.DateTimeField()


class OrderBase(models.Model):
    id = models.AutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    courier = models.ForeignKey(Customer, null=True, db_constraint=False, db_index=False, related_name="+",
                                on_delete=models.DO_NOTHING)
    number = models.CharField(max_length=20)
    status = models.CharField(max_length=20, default="new")
    currency = models.CharField(max_length=3, null=True)
    quantity = models.IntegerField(null=True)
    created = models.DateTimeField()

    class Meta:
        abstract = True
