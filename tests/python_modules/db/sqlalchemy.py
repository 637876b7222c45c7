from sqlalchemy import create_engine, String, select, ForeignKey, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, Session, relationship
class B(DeclarativeBase): pass
class U(B):
    __tablename__ = "u"; id: Mapped[int] = mapped_column(primary_key=True); name: Mapped[str] = mapped_column(String(30)); a: Mapped[list["A"]] = relationship()
class A(B):
    __tablename__ = "a"; id: Mapped[int] = mapped_column(primary_key=True); u: Mapped[int] = mapped_column(ForeignKey("u.id"))
e = create_engine("sqlite://"); B.metadata.create_all(e)
with Session(e) as s:
    s.add(U(name="x", a=[A()])); s.commit(); assert s.scalar(select(func.count()).select_from(A)) == 1
from sqlalchemy.dialects import postgresql
print(select(U).compile(dialect=postgresql.dialect()))
try: create_engine("mysql+pymysql://x")
except ModuleNotFoundError as x: assert "pymysql" in str(x)
