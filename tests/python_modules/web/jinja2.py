from jinja2 import Environment, DictLoader, select_autoescape
from jinja2.sandbox import SandboxedEnvironment
e = Environment(loader=DictLoader({"b":"<{% block x %}{% endblock %}>","a":"{% extends 'b' %}{% block x %}{{ x|tojson }}{% endblock %}"}), extensions=["jinja2.ext.do","jinja2.ext.i18n"], autoescape=select_autoescape(), enable_async=False)
assert e.get_template("a").render(x=[1]) == "<[1]>"; SandboxedEnvironment().from_string("{{ 1 }}").render()
