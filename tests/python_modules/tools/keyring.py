import keyring, keyring.backend
from keyring.errors import KeyringError

try:
    keyring.get_password("a", "b")
except KeyringError as error:
    print(type(error).__name__)
keyring.backend.get_all_keyring()
