"""Resolution estimates of random spot lists are DIALS' own (per_image_analysis of the DIALS that is installed).

Needs DIALS as python modules; the product's numbers come from unit_test_score --spots. The recorded frames are compared elsewhere; here the lists are many
and odd: few spots, thousands, equal intensities, all on rings, steep and flat falls with resolution.
"""
import math
import os
import random
import subprocess
import sys

try:
    from dials.algorithms.spot_finding import per_image_analysis
    from dials.array_family import flex
except ImportError as missing:
    print(f"{missing}")
    sys.exit(77)

SEED = int(os.environ.get("SLUICE_SEED", random.SystemRandom().randrange(1 << 32)))
PROGRAM = os.path.join(os.environ["SLUICE_BUILD"], "tests", "unit_test_score")
BEAM = 2000


def random_spots(rng):
    """Pixels around the beam, with an intensity that falls with resolution in one of several ways.

    No two at the same distance: whether DIALS then sees one resolution or two hangs on its last bit.
    """
    wanted = rng.choice([rng.randrange(11, 40), rng.randrange(40, 400), rng.randrange(400, 3000)])
    reach, fall = rng.uniform(100, 1900), rng.choice([0, 1, 5, 20])
    spots, taken = {}, {0}
    while len(spots) < wanted:
        r, phi = reach * rng.random() ** rng.choice([0.5, 1]), rng.uniform(0, 2 * math.pi)
        x, y = BEAM + round(r * math.cos(phi)), BEAM + round(r * math.sin(phi))
        distance = (x - BEAM) ** 2 + (y - BEAM) ** 2
        if distance in taken and reach < 300:
            reach += 1  # there is little room near the beam
        if distance not in taken:
            taken.add(distance)
            spots[x, y] = max(3, round(rng.expovariate(1) * 500 * math.exp(-fall * (r / 2000) ** 2)))
    listed = [(x, y, i) for (x, y), i in spots.items()]
    return sorted(listed, key=lambda s: (s[1], s[0]))


def theirs(spots):
    rlp, intensity = flex.vec3_double(), flex.double()
    for x, y, i in spots:
        offset = [(x - BEAM) * 0.1, (y - BEAM) * 0.1, 100.0]
        length = math.sqrt(sum(v * v for v in offset))
        rlp.append((offset[0] / length, offset[1] / length, offset[2] / length - 1.0))
        intensity.append(i)
    table = flex.reflection_table()
    table["rlp"] = rlp
    table["intensity.sum.value"] = intensity
    table["intensity.sum.variance"] = intensity
    s = per_image_analysis.stats_for_reflection_table(table)
    return s.n_spots_no_ice, s.total_intensity, s.estimated_d_min, s.d_min_distl_method_2


def ours(spots):
    text = "".join(f"{x} {y} {i}\n" for x, y, i in spots)
    return [float(v) for v in subprocess.run([PROGRAM, "--spots"], input=text, check=True, capture_output=True, text=True).stdout.split()]


def same(a, b):
    return math.isnan(a) if b == -1 else abs(a - b) <= 1e-4


def main():
    print(f"SLUICE_SEED={SEED}")
    rng = random.Random(SEED)
    for number in range(100):
        spots = random_spots(rng)
        a, b = ours(spots), theirs(spots)
        if a[:2] != list(b[:2]) or not same(a[2], b[2]) or not same(a[3], b[3]):
            sys.exit(f"list {number} of {len(spots)} spots: {a}, DIALS {b}")
    print("100 lists: the same as DIALS")


main()
