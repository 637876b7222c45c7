from django.db import models


class Ship(models.Model):
    name = models.CharField(max_length=40)
    masts = models.IntegerField()

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return f"/api/ships/{self.id}/"
