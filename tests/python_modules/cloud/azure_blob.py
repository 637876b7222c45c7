import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from azure.core.exceptions import ServiceRequestError
from azure.storage.blob import BlobServiceClient, BlobSasPermissions, generate_blob_sas
import datetime

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        self.wfile.write(b'<?xml version="1.0"?><EnumerationResults><Containers><Container><Name>a</Name>'
                         b"<Properties/></Container></Containers><NextMarker/></EnumerationResults>")

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()

server = HTTPServer(("127.0.0.1", 18776), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
text = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:18776/a"
client = BlobServiceClient.from_connection_string(text)
assert [container.name for container in client.list_containers()] == ["a"]
client.get_blob_client("a", "b").upload_blob(b"data", overwrite=True)
generate_blob_sas("a", "c", "b", account_key="YQ==", permission=BlobSasPermissions(read=True),
                  expiry=datetime.datetime(2030, 1, 1))
server.shutdown()
