import numpy as np
from scipy import fft, integrate, interpolate, linalg, ndimage, optimize, signal, sparse, spatial, special, stats
import scipy.cluster.vq, scipy.io, io

assert abs(optimize.minimize(lambda x: (x[0] - 2) ** 2, [0.0]).x[0] - 2) < 1e-4
assert abs(integrate.quad(np.sin, 0, np.pi)[0] - 2) < 1e-9
assert interpolate.interp1d([0, 1], [0, 2])(0.5) == 1
linalg.svd(np.eye(3)); fft.fft(np.ones(4)); special.gamma(5)
assert sparse.linalg.spsolve(sparse.eye(3, format="csc"), np.ones(3)).sum() == 3
assert stats.norm.cdf(0) == 0.5 and stats.ttest_ind([1, 2, 3], [1, 2, 4]).pvalue < 1
signal.butter(2, 0.1); ndimage.gaussian_filter(np.ones((4, 4)), 1)
spatial.cKDTree(np.random.rand(5, 2)).query([0, 0]); spatial.ConvexHull(np.random.rand(9, 2))
file = io.BytesIO(); scipy.io.savemat(file, {"a": np.ones(2)}); file.seek(0); scipy.io.loadmat(file)
integrate.solve_ivp(lambda t, y: -y, [0, 1], [1.0])
