from django.shortcuts import render
from rest_framework import serializers, viewsets

from .models import Ship


class ShipSerializer(serializers.ModelSerializer):
    class Meta:
        model = Ship
        fields = ["id", "name", "masts"]


class Ships(viewsets.ModelViewSet):
    queryset = Ship.objects.order_by("id")
    serializer_class = ShipSerializer


def index(request):
    return render(request, "berths/index.html", {"ships": Ship.objects.order_by("id"), "tons": 1210000})
