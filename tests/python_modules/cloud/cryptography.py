from cryptography.fernet import Fernet
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa, ec, padding
from cryptography.x509.oid import NameOID
import datetime
f = Fernet(Fernet.generate_key()); assert f.decrypt(f.encrypt(b"x")) == b"x"
k = ec.generate_private_key(ec.SECP256R1()); n = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME,"a")])
now = datetime.datetime.now(datetime.timezone.utc)
c = x509.CertificateBuilder().subject_name(n).issuer_name(n).public_key(k.public_key()).serial_number(1).not_valid_before(now).not_valid_after(now+datetime.timedelta(1)).sign(k, hashes.SHA256())
x509.load_pem_x509_certificate(c.public_bytes(serialization.Encoding.PEM))
