def run():
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives import hashes

    key = ec.generate_private_key(ec.SECP256R1())
    key.public_key().verify(key.sign(b"cargo", ec.ECDSA(hashes.SHA256())), b"cargo", ec.ECDSA(hashes.SHA256()))
    box = Fernet(Fernet.generate_key())
    return box.decrypt(box.encrypt(b"thrown overboard")).decode()
