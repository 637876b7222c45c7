import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

token = jwt.encode({"a": 1}, "secret" * 8, algorithm="HS256")
assert jwt.decode(token, "secret" * 8, algorithms=["HS256"]) == {"a": 1}
key = rsa.generate_private_key(65537, 2048)
assert jwt.decode(jwt.encode({}, key, algorithm="RS256"), key.public_key(), algorithms=["RS256"]) == {}
key = ec.generate_private_key(ec.SECP256R1())
assert jwt.decode(jwt.encode({}, key, algorithm="ES256"), key.public_key(), algorithms=["ES256"]) == {}
key = ed25519.Ed25519PrivateKey.generate()
assert jwt.decode(jwt.encode({}, key, algorithm="EdDSA"), key.public_key(), algorithms=["EdDSA"]) == {}
try:
    jwt.PyJWKClient("http://127.0.0.1:1/").get_signing_key_from_jwt(token)
except jwt.PyJWTError:
    pass
