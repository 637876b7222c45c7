def run():
    import datetime
    import zoneinfo

    then = datetime.datetime.fromtimestamp(1750000000, zoneinfo.ZoneInfo("America/Halifax"))
    return then.isoformat() + then.strftime(" %Z")
