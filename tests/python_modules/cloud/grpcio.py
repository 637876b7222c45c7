import asyncio, concurrent.futures, grpc, grpc.aio
from google.protobuf import json_format, struct_pb2, timestamp_pb2

def call(request, context):
    context.set_trailing_metadata((("k", "v"),))
    return request.upper()

server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
handler = grpc.method_handlers_generic_handler("s.S", {"M": grpc.unary_unary_rpc_method_handler(call)})
server.add_generic_rpc_handlers((handler,))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    assert channel.unary_unary("/s.S/M")(b"hi") == b"HI"

async def main():
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert await channel.unary_unary("/s.S/M")(b"hi") == b"HI"

asyncio.run(main())
server.stop(None)
message = struct_pb2.Struct()
json_format.ParseDict({"a": [1, "b"]}, message)
assert json_format.MessageToDict(message) == {"a": [1.0, "b"]}
timestamp_pb2.Timestamp().GetCurrentTime()
