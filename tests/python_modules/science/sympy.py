import sympy as s
from sympy.parsing.sympy_parser import parse_expr

x, y = s.symbols("x y")
assert s.integrate(s.sin(x) ** 2, (x, 0, s.pi)) == s.pi / 2
assert s.solve(x**2 - 4, x) == [-2, 2]
assert s.diff(s.exp(x * y), x) == y * s.exp(x * y)
s.latex(s.Matrix([[1, x], [y, 2]]).inv()); s.series(s.cos(x), x, 0, 6); s.limit(s.sin(x) / x, x, 0)
assert parse_expr("2*x + 1").subs(x, 3) == 7
s.dsolve(s.Function("f")(x).diff(x) - s.Function("f")(x)); s.lambdify(x, x**2, "math")(3); s.pretty(x / y)
s.plotting
