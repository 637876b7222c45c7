import markdown
from docutils.core import publish_string

text = "Title\n=====\n\n.. code-block:: python\n\n   x = 1\n\n* a\n* b\n\n.. math:: x^2\n\n.. note:: hi\n"
for writer in ("html5", "latex", "xml", "manpage"):
    assert publish_string(text, writer_name=writer)
publish_string(":Autor: x\n\nTitel\n=====\n", writer_name="html", settings_overrides={"language_code": "de"})
page = markdown.markdown("# T\n\n|a|b|\n|-|-|\n|1|2|\n\n[TOC]\n\n```python\nx\n```", extensions=["tables", "toc", "fenced_code", "codehilite"])
assert "<table>" in page
