"""The site: a page that reads, and one that writes."""

import uuid

from django.db.models import F
from django.http import JsonResponse
from django.utils import timezone

from shop.models import Event, Order, Visit


def read(request, number):
    order = Order.objects.select_related("customer").get(pk=number)
    return JsonResponse({"number": order.number, "customer": order.customer.name, "status": order.status})


def write(request, number):
    Visit.objects.filter(pk=number).update(seen=F("seen") + 1)
    Order.objects.filter(pk=number).update(status="paid")
    order = Order.objects.create(customer_id=number % 1000 + 1, number=uuid.uuid4().hex[:20], currency="USD", quantity=1,
                                 created=timezone.now())
    Event.objects.create(kind="ordered", created=order.created)
    return JsonResponse({"order": order.pk})
