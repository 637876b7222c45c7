import io, matplotlib
matplotlib.use("Agg")
import matplotlib.dates, numpy as np
from matplotlib import pyplot as plt, cm

fig, axes = plt.subplots(2, 2)
axes[0, 0].plot([1, 2, 3], label=r"$\alpha^2$")
axes[0, 0].legend(); axes[0, 1].hist(np.random.rand(50)); axes[1, 0].imshow(np.eye(4), cmap="viridis")
axes[1, 1].set_yscale("log"); axes[1, 1].bar(["a", "b"], [1, 2])
fig.add_subplot(111, projection="polar"); plt.figure().add_subplot(projection="3d").plot([1], [2], [3])
plt.style.use("ggplot")
for form in ("png", "svg", "pdf", "ps", "jpg"):
    fig.savefig(io.BytesIO(), format=form)
