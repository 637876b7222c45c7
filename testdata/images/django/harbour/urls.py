from django.contrib import admin
from django.contrib.sitemaps import GenericSitemap
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path
from rest_framework import routers

from berths.models import Ship
from berths.views import Ships, index

router = routers.DefaultRouter()
router.register("ships", Ships)
sitemaps = {"ships": GenericSitemap({"queryset": Ship.objects.order_by("id")})}
urlpatterns = [
    path("", index),
    path("admin/", admin.site.urls),
    path("accounts/", include("django.contrib.auth.urls")),
    path("api/", include(router.urls)),
    path("token", __import__("rest_framework.authtoken.views", fromlist=["x"]).obtain_auth_token),
    path("sitemap.xml", sitemap, {"sitemaps": sitemaps}),
]
