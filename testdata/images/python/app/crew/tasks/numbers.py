def run():
    import numpy
    import numpy.random

    matrix = numpy.array([[2.0, 1.0], [1.0, 3.0]])
    spectrum = numpy.fft.rfft(numpy.arange(4))
    draw = numpy.random.default_rng(7).integers(100)
    return f"{numpy.linalg.inv(matrix).round(2).tolist()} {spectrum.real.tolist()} {draw}"
