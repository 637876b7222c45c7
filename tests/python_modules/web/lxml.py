import io
from lxml import etree, html, objectify
from lxml.builder import E

tree = etree.fromstring(b"<a><b x='1'>t</b><b/></a>")
assert tree.xpath("count(//b)") == 2
assert html.fromstring("<p>Hi <b>you").text_content() == "Hi you"
sheet = etree.XSLT(etree.XML(
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
    '<xsl:template match="/"><z><xsl:value-of select="//b"/></z></xsl:template></xsl:stylesheet>'))
assert str(sheet(tree)).endswith("<z>t</z>\n")
assert etree.tostring(E.p("x", E.b("y"))) == b"<p>x<b>y</b></p>"
assert objectify.fromstring("<r><n>3</n></r>").n + 1 == 4
schema = etree.RelaxNG(etree.XML('<element name="a" xmlns="http://relaxng.org/ns/structure/1.0"><text/></element>'))
assert schema.validate(etree.XML("<a>x</a>"))
from lxml.isoschematron import Schematron
Schematron(etree.XML('<schema xmlns="http://purl.oclc.org/dsdl/schematron"><pattern id="p"><rule context="a">'
                     '<assert test="b">no b</assert></rule></pattern></schema>')).validate(tree)
for _, element in etree.iterparse(io.BytesIO(b"<a><b/></a>")):
    element.clear()
