import django
from django.conf import settings
settings.configure(SECRET_KEY="x", DEBUG=True, ROOT_URLCONF="__main__", ALLOWED_HOSTS=["*"], INSTALLED_APPS=["django.contrib.contenttypes","django.contrib.auth","django.contrib.sessions","django.contrib.admin","django.contrib.messages"],
  MIDDLEWARE=["django.middleware.security.SecurityMiddleware","django.contrib.sessions.middleware.SessionMiddleware","django.middleware.common.CommonMiddleware","django.contrib.auth.middleware.AuthenticationMiddleware","django.contrib.messages.middleware.MessageMiddleware"],
  DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, TEMPLATES=[{"BACKEND":"django.template.backends.django.DjangoTemplates","APP_DIRS":True,"OPTIONS":{"context_processors":["django.template.context_processors.request","django.contrib.auth.context_processors.auth","django.contrib.messages.context_processors.messages"]}}], USE_TZ=True)
django.setup()
from django.http import HttpResponse
from django.urls import path
from django.contrib import admin
urlpatterns = [path("hi/", lambda r: HttpResponse("hi")), path("admin/", admin.site.urls)]
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
User.objects.create_superuser("a", "a@b.c", "pw")
from django.test import Client
c = Client()
assert c.get("/hi/").content == b"hi"
assert c.login(username="a", password="pw")
assert c.get("/admin/").status_code == 200
assert c.get("/admin/auth/user/").status_code == 200
call_command("check"); call_command("showmigrations", verbosity=0)
