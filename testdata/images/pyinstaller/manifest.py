# A program that is packed with its interpreter into one file.
import pwd
import sqlite3
import ssl
import zlib
from datetime import datetime
from zoneinfo import ZoneInfo

print("zone", datetime.fromtimestamp(1750000000, ZoneInfo("America/Halifax")).isoformat())
print("authorities", len(ssl.create_default_context(cafile="/etc/ssl/certs/ca-certificates.crt").get_ca_certs()) > 50)
print("database", sqlite3.connect(":memory:").execute("select 6 * 7").fetchone()[0])
print("checksum", zlib.crc32(b"harbour"))
print("user", pwd.getpwuid(33).pw_name)
