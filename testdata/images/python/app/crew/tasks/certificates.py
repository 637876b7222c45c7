def run():
    import os
    import ssl

    import certifi
    import requests

    system = ssl.create_default_context().cert_store_stats()["x509_ca"]
    bundled = ssl.create_default_context(cafile=certifi.where()).cert_store_stats()["x509_ca"]
    try:
        requests.get("https://localhost:1", timeout=1)
    except requests.exceptions.ConnectionError as error:
        return f"{bundled > 50} {system >= 0} {type(error).__name__} {os.path.basename(certifi.where())}"
