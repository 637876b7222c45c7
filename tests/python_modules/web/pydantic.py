from pydantic import BaseModel, Field, ValidationError, TypeAdapter, ConfigDict, RootModel, field_validator
from typing import Annotated, Literal
import datetime, decimal
class M(BaseModel):
    a: int; b: Annotated[str, Field(min_length=2)]; c: Literal["x"] = "x"; d: datetime.datetime | None = None; e: decimal.Decimal = decimal.Decimal(1)
    @field_validator("a")
    @classmethod
    def v(cls, x): return x + 1
m = M(a="1", b="ab"); assert m.a == 2; m.model_dump_json(); M.model_json_schema(); TypeAdapter(list[int]).validate_python(["1"])
try: M(a="z", b="")
except ValidationError as x: assert x.error_count() == 2
import pydantic.v1 as v1
class N(v1.BaseModel): a: int
N(a=1)
