from OpenSSL import SSL, crypto

key = crypto.PKey()
key.generate_key(crypto.TYPE_RSA, 2048)
cert = crypto.X509()
cert.get_subject().CN = "a"
cert.set_serial_number(1)
cert.gmtime_adj_notBefore(0)
cert.gmtime_adj_notAfter(3600)
cert.set_issuer(cert.get_subject())
cert.set_pubkey(key)
cert.sign(key, "sha256")
assert b"BEGIN CERTIFICATE" in crypto.dump_certificate(crypto.FILETYPE_PEM, cert)
context = SSL.Context(SSL.TLS_METHOD)
context.use_privatekey(key)
context.use_certificate(cert)
SSL.Connection(context, None)
