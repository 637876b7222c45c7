import matplotlib
matplotlib.use("Agg")
import seaborn as sns, pandas as pd, numpy as np

data = pd.DataFrame({"x": np.arange(20.0), "y": np.random.rand(20), "k": ["a", "b"] * 10})
sns.set_theme()
sns.lineplot(data, x="x", y="y", hue="k"); sns.histplot(data.y, kde=True); sns.heatmap(np.random.rand(3, 3))
sns.pairplot(data).savefig("/tmp/x.png"); sns.regplot(data, x="x", y="y"); sns.clustermap(np.random.rand(4, 4))
