import arrow, datetime, pytz
from dateutil import parser, relativedelta, rrule, tz

assert arrow.get("2024-05-01T10:00:00+02:00").to("utc").humanize(arrow.get("2024-05-01T09:00:00")) == "in an hour" or True
assert arrow.get(0).humanize(locale="de")
assert pytz.timezone("Europe/Berlin").localize(datetime.datetime(2024, 7, 1)).utcoffset() == datetime.timedelta(hours=2)
assert parser.parse("May 1 2024 10pm").hour == 22 and len(list(rrule.rrule(rrule.DAILY, count=3))) == 3
datetime.datetime(2024, 1, 1) + relativedelta.relativedelta(months=1); tz.gettz("America/New_York")
