"""The version that does not know the column any more that scene 5 drops."""

from django.db import models

from shop.versions.common import Customer, Event, OrderBase, Visit  # noqa: F401


class Order(OrderBase):
    total = models.IntegerField(default=5)
