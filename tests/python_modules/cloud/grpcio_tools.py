import os, sys
from grpc_tools import protoc

os.makedirs("/tmp/proto", exist_ok=True)
open("/tmp/proto/thing.proto", "w").write(
    'syntax = "proto3"; import "google/protobuf/timestamp.proto"; package t;'
    "message A { string x = 1; google.protobuf.Timestamp at = 2; } service S { rpc M(A) returns (A); }")
import grpc_tools
include = os.path.join(os.path.dirname(grpc_tools.__file__), "_proto")
code = protoc.main(["protoc", "-I/tmp/proto", f"-I{include}", "--python_out=/tmp/proto", "--grpc_python_out=/tmp/proto",
                    "thing.proto"])
assert code == 0
sys.path.insert(0, "/tmp/proto")
exec("import thing_pb2, thing_pb2_grpc\nassert thing_pb2.A.FromString(thing_pb2.A(x='a').SerializeToString()).x == 'a'")
for name in ("thing_pb2", "thing_pb2_grpc"):
    del sys.modules[name]
