import numpy as np, pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf

rng = np.random.default_rng(1)
data = pd.DataFrame({"x": rng.normal(size=50)})
data["y"] = 2 * data.x + rng.normal(size=50)
fit = smf.ols("y ~ x", data).fit()
assert abs(fit.params["x"] - 2) < 1
assert "OLS" in str(fit.summary())
sm.Logit((data.y > 0).astype(int), sm.add_constant(data.x)).fit(disp=0)
sm.tsa.ARIMA(data.y, order=(1, 0, 0)).fit()
sm.tsa.seasonal_decompose(data.y, period=5)
