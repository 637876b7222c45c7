from django.contrib import admin

from .models import Ship

admin.site.register(Ship)
