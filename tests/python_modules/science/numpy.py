import numpy as np
a = np.arange(9.).reshape(3,3) + np.eye(3); assert np.allclose(np.linalg.inv(a) @ a, np.eye(3))
r = np.random.default_rng(1); r.normal(size=3); np.fft.fft(np.ones(4)); np.polynomial.Polynomial([1,2])(3)
import io; f = io.BytesIO(); np.save(f, a); f.seek(0); assert (np.load(f) == a).all()
np.ma.masked_array([1,2],[0,1]).sum(); np.datetime64("2020-01-01"); print(np.array2string(a)); np.loadtxt(io.StringIO("1 2\n3 4"))
