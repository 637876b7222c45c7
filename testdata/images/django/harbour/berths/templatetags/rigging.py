from django import template

register = template.Library()


@register.filter
def rig(masts):
    return "|" * masts
