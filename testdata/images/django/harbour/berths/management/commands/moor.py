from django.core.management.base import BaseCommand

from berths.models import Ship


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("name")
        parser.add_argument("masts", type=int)

    def handle(self, *, name, masts, **_):
        Ship.objects.create(name=name, masts=masts)
        self.stdout.write(f"moored {name}")
