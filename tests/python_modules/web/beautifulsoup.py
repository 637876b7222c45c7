from bs4 import BeautifulSoup

text = "<div class='a'><p>One<p>Two <a href='/x'>link</a></div>"
for parser in ("html.parser", "lxml", "html5lib"):
    soup = BeautifulSoup(text, parser)
    assert [p.get_text().strip() for p in soup.select("div.a p")][-1].startswith("Two"), parser
    assert soup.find("a")["href"] == "/x"
    soup.prettify()
assert BeautifulSoup("<a><b>1</b></a>", "xml").b.string == "1"
