import datetime
from babel import Locale, dates, numbers
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.support import Translations
import io

assert Locale("fr").get_display_name("de") == "Französisch"
assert numbers.format_currency(1234.5, "EUR", locale="de_DE").startswith("1.234,50")
assert dates.format_date(datetime.date(2024, 5, 1), locale="es", format="long") == "1 de mayo de 2024"
assert dates.format_datetime(datetime.datetime(2024, 5, 1), tzinfo=dates.get_timezone("Europe/Berlin"), locale="en")
found = list(extract("python", io.BytesIO(b"_('hi')\n")))
assert found[0][1] == "hi"
try:
    Locale.parse("xx_YY")
except Exception as error:
    assert "unknown locale" in str(error)
