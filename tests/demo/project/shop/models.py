from django.db import models
from django.db.models import Q


class Buyer(models.Model):
    name = models.CharField(max_length=100)
    email = models.EmailField(default="")


class Order(models.Model):
    customer = models.ForeignKey(Buyer, on_delete=models.CASCADE)
    number = models.CharField(max_length=20)
    status = models.CharField(max_length=20, default="new")
    note = models.CharField(max_length=500, blank=True)
    amount = models.IntegerField()
    created = models.DateTimeField(db_index=True)
    priority = models.IntegerField(null=True)
    currency = models.CharField(max_length=3, default="EUR")

    class Meta:
        indexes = [models.Index(fields=["status"], name="shop_order_status_idx")]
        constraints = [
            models.CheckConstraint(check=Q(priority__gte=0), name="shop_order_priority_positive"),
            models.UniqueConstraint(fields=["number"], name="shop_order_number_unique"),
        ]


class Shipment(models.Model):
    orders = models.ManyToManyField(Order)
    sender = models.ForeignKey(Buyer, null=True, on_delete=models.SET_NULL)
    sent = models.DateTimeField(null=True)
    parcel = models.CharField(max_length=40, null=True)

    class Meta:
        indexes = [models.Index(fields=["parcel"], name="shop_shipment_parcel_idx")]
