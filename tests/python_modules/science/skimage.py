import numpy as np
from skimage import color, data, exposure, feature, filters, io, measure, morphology, segmentation, transform

image = data.camera()
assert filters.threshold_otsu(image) > 0
edges = feature.canny(image / 255.0)
labels = measure.label(edges)
measure.regionprops(labels[:50, :50])
transform.resize(image, (64, 64)); morphology.binary_dilation(edges[:50, :50]); exposure.equalize_hist(image)
segmentation.slic(color.gray2rgb(image[:64, :64]), n_segments=4)
io.imsave("/tmp/x.png", image); assert io.imread("/tmp/x.png").shape == image.shape
