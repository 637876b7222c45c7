import attr, attrs
from attrs import define, field, validators, converters, asdict

@define
class A:
    x: int = field(converter=int, validator=validators.ge(0))
    y: list = field(factory=list, eq=False)

assert asdict(A("3")) == {"x": 3, "y": []}
try: A(-1)
except ValueError: pass
assert attr.fields(A).x.name == "x" and attrs.evolve(A(1), x=2).x == 2
