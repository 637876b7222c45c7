"""What the image's HEALTHCHECK runs."""

import urllib.request

print(urllib.request.urlopen("http://localhost:8000/health").read().decode())
