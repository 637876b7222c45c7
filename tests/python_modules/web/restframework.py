import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x", DEBUG=True, ROOT_URLCONF="__main__", ALLOWED_HOSTS=["*"], USE_TZ=True,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "django_filters"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    REST_FRAMEWORK={"DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
                    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination", "PAGE_SIZE": 2},
)
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import include, path
from rest_framework import routers, serializers, viewsets
from rest_framework.test import APIClient

class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "username"]

class Users(viewsets.ModelViewSet):
    queryset = User.objects.order_by("id")
    serializer_class = UserSerializer
    filterset_fields = ["username"]

router = routers.DefaultRouter()
router.register("users", Users)
urlpatterns = [path("api/", include(router.urls))]
call_command("migrate", verbosity=0)
client = APIClient()
assert client.post("/api/users/", {"username": "ann"}, format="json").status_code == 201
assert client.get("/api/users/?username=ann").json()["count"] == 1
assert b"<html" in client.get("/api/users/", HTTP_ACCEPT="text/html").content
