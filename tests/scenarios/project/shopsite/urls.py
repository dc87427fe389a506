from django.urls import path

from shop.views import read, write

urlpatterns = [path("read/<int:number>", read), path("write/<int:number>", write)]
