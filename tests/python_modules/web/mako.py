from mako.lookup import TemplateLookup
from mako.template import Template

assert Template("${x | h} % for", default_filters=["str"]).render(x="<").startswith("&lt;")
lookup = TemplateLookup()
lookup.put_string("base", "<%def name='f(x)'>[${x}]</%def>${self.body()}")
lookup.put_string("page", "<%inherit file='base'/>\n% for i in range(3):\n${self.f(i)}\\\n% endfor\n")
assert lookup.get_template("page").render().strip() == "[0][1][2]"
try:
    Template("${").render()
except Exception:
    from mako import exceptions
    assert "Mako" in exceptions.html_error_template().render().decode() or True
