def run():
    import jinja2

    loader = jinja2.PackageLoader("crew")
    page = jinja2.Environment(loader=loader, extensions=["jinja2.ext.do"]).get_template("crew.txt")
    return page.render(names=["mate", "cook"], log=[]).strip()
