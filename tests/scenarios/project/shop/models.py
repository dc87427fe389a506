"""The models of the version that runs."""

from importlib import import_module

from django.conf import settings

version = import_module("shop.versions." + settings.SHOP_VERSION)
Customer, Event, Order, Visit = version.Customer, version.Event, version.Order, version.Visit
