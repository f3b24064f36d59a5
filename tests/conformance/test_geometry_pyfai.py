"""Tilted detectors are where pyFAI sees them: random .poni files, q, angles, solid angle and polarisation at random pixels.

Needs pyFAI; the product's numbers come from unit_test_geometry --values.
"""
import os
import random
import subprocess
import sys
import tempfile

try:
    import logging
    logging.disable(logging.WARNING)
    import numpy
    import pyFAI
except ImportError as missing:
    print(f"{missing}")
    sys.exit(77)

SEED = int(os.environ.get("SLUICE_SEED", random.SystemRandom().randrange(1 << 32)))
PROGRAM = os.path.join(os.environ["SLUICE_BUILD"], "tests", "unit_test_geometry")
POLARISATION = 0.95


def random_poni(rng, version):
    """The text of a .poni file and nothing that a real one could not hold."""
    pixel = [rng.choice([75e-6, 172e-6, 100e-6]) for _ in range(2)]
    lines = [f"Distance: {rng.uniform(0.05, 2)}", f"Poni1: {rng.uniform(-0.2, 0.4)}", f"Poni2: {rng.uniform(-0.2, 0.4)}"]
    lines += [f"Rot{i}: {rng.uniform(-1.2, 1.2)}" for i in (1, 2, 3)]
    lines += [f"Wavelength: {rng.uniform(0.2e-10, 3e-10)}"]
    if version == 1:
        head = [f"PixelSize1: {pixel[0]}", f"PixelSize2: {pixel[1]}", "SplineFile: None"]
    else:
        head = ["poni_version: 2", "Detector: Detector",
                f'Detector_config: {{"pixel1": {pixel[0]}, "pixel2": {pixel[1]}, "max_shape": null}}']
    return "# Nota: C-Order, 1 refers to the Y axis, 2 to the X axis\n" + "\n".join(head + lines) + "\n"


def ours(path, points):
    words = [f"{v!r}" for point in points for v in point]
    out = subprocess.run([PROGRAM, "--values", path, *words], check=True, capture_output=True, text=True).stdout
    return numpy.array([[float(v) for v in line.split()] for line in out.splitlines()])


def theirs(path, points):
    """Straight from pyFAI's own functions; its coordinates are pixel indices, ours have pixel centres at +0.5."""
    ai = pyFAI.load(path)
    x = numpy.array([p[0] for p in points]) - 0.5
    y = numpy.array([p[1] for p in points]) - 0.5
    tth = ai.tth(y, x, path="tan")
    chi = ai.chi(y, x, path="tan")
    polarisation = 0.5 * (1 + numpy.cos(tth) ** 2 - POLARISATION * numpy.cos(2 * chi) * (1 - numpy.cos(tth) ** 2))
    cosine = ai.cos_incidence(y, x)
    return numpy.stack([ai.qFunction(y, x) / 10, tth, chi, numpy.asarray(cosine) ** 3, polarisation], axis=1)


def main():
    print(f"SLUICE_SEED={SEED}")
    rng = random.Random(SEED)
    for number in range(60):
        with tempfile.NamedTemporaryFile("w", suffix=".poni") as file:
            file.write(random_poni(rng, 1 + number % 2))
            file.flush()
            points = [(rng.uniform(0, 4000), rng.uniform(0, 4000)) for _ in range(50)]
            a, b = ours(file.name, points), theirs(file.name, points)
            difference = numpy.abs(a - b)
            difference[:, 2] = numpy.minimum(difference[:, 2], 2 * numpy.pi - difference[:, 2])
            limit = 1e-6 * numpy.maximum(1e-3, numpy.abs(b))
            if not (difference < limit).all():
                where = tuple(numpy.argwhere(difference >= limit)[0])
                sys.exit(f"poni {number}, point {points[where[0]]}, column {where[1]}: {a[where]!r}, pyFAI {b[where]!r}")
    print("60 geometries, 50 points each: the same as pyFAI", pyFAI.version)


main()
