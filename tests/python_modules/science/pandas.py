import io, pandas as pd
d = pd.read_csv(io.StringIO("a,b,t\n1,x,2020-01-01\n2,y,2020-01-02\n3,x,2020-02-03"), parse_dates=["t"])
assert d.groupby("b").a.sum()["x"] == 4; d.to_json(); d.to_html(); d.describe(); d.set_index("t").resample("ME").sum(numeric_only=True)
pd.concat([d,d]).merge(d, on="a").pivot_table(index="a", aggfunc="size"); d.t.dt.tz_localize("Europe/Berlin"); d.rolling(2, on="t").a.sum(); pd.date_range("2020", periods=3, freq="QS")
import sqlite3; d.to_sql("t", sqlite3.connect(":memory:")); d.to_pickle("/tmp/x.pkl"); pd.read_pickle("/tmp/x.pkl"); d.style if False else None; d.query("a > 1"); d.to_string()
