from cffi import FFI
ffi = FFI()
ffi.cdef("int abs(int); typedef struct { int a; double b; } S;")
assert ffi.dlopen(None).abs(-3) == 3
s = ffi.new("S *", {"a": 1}); assert s.a == 1 and ffi.string(ffi.new("char[]", b"x")) == b"x"
