def run():
    return "afloat"
