def run():
    import importlib.metadata

    return " ".join(sorted(f"{each}={importlib.metadata.version(each)}" for each in ("numpy", "pydantic", "jinja2")))
