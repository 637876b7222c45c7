import io, xlsxwriter
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen import canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table
from reportlab.graphics.barcode import code128
from reportlab.graphics.shapes import Drawing, Rect
from reportlab.graphics import renderPDF

file = io.BytesIO()
page = canvas.Canvas(file, pagesize=A4); page.setFont("Times-Roman", 12); page.drawString(50, 50, "hi")
code128.Code128("x").drawOn(page, 10, 10)
drawing = Drawing(10, 10); drawing.add(Rect(0, 0, 5, 5)); renderPDF.draw(drawing, page, 1, 1); page.save()
SimpleDocTemplate(io.BytesIO()).build([Paragraph("<b>x</b>", getSampleStyleSheet()["Normal"]), Table([[1, 2]])])
book = xlsxwriter.Workbook(io.BytesIO(), {"in_memory": True}); sheet = book.add_worksheet(); sheet.write(0, 0, 1)
chart = book.add_chart({"type": "line"}); chart.add_series({"values": "=Sheet1!$A$1"}); sheet.insert_chart("C1", chart); book.close()
