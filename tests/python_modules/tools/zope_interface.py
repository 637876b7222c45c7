from zope.interface import Interface, implementer, verify, Attribute
from zope.interface.adapter import AdapterRegistry

class IThing(Interface):
    x = Attribute("x")
    def f(a): ...

@implementer(IThing)
class Thing:
    x = 1
    def f(self, a): return a

assert IThing.providedBy(Thing()) and verify.verifyObject(IThing, Thing())
registry = AdapterRegistry(); registry.register([IThing], Interface, "", "v"); assert registry.lookup1(IThing, Interface) == "v"
