"""The version that knows the column that scene 2 adds."""

from django.db import models

from shop.versions.common import Customer, Event, OrderBase, Visit  # noqa: F401


class Order(OrderBase):
    note = models.CharField(max_length=100, blank=True)
    total = models.IntegerField(default=5)
    channel = models.CharField(max_length=10, default="web")
