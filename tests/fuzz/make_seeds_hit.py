"""Seeds for fuzz_hit: make_seeds_hit.py FOLDER. Rules that use every operator and name."""
import os
import sys

RULES = [
    "n_spots_range >= 10 and (d_min < 4 or ice < 5)",
    "not n_spots_ring_free <= 3 && !(sum == 0) || max != 7",
    "-total_intensity + 2 * total_signal / 3.5e1 - .5 > background",
    "((((score))) >= ((1.)))",
    "n_strong - n_valid - n_nodata < n_saturated / 2 / 2",
    "d_min_shells < d_min and not not n_spots > 1",
]


def main():
    for number, rule in enumerate(RULES):
        with open(os.path.join(sys.argv[1], f"hit_{number}"), "w", encoding="ascii") as file:
            file.write(rule)


main()
