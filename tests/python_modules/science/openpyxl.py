import io, pandas as pd
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font

book = Workbook()
sheet = book.active
sheet.append(["a", 1]); sheet.append(["b", 2]); sheet["A1"].font = Font(bold=True)
chart = BarChart(); chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=2)); sheet.add_chart(chart, "D1")
file = io.BytesIO(); book.save(file); file.seek(0)
assert load_workbook(file).active["B2"].value == 2
file.seek(0)
assert pd.read_excel(file, header=None).shape == (2, 2)
file = io.BytesIO(); pd.DataFrame({"a": [1]}).to_excel(file)
