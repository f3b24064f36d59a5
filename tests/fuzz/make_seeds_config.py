"""Seeds for fuzz_config: make_seeds_config.py FOLDER. The files of configs/ and assignments of every kind."""
import glob
import os
import sys

CONFIGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "configs")
FILES = [
    "input: [tcp://a:1, {endpoint: 'ipc:///x', group: \"g \\u00e9\", shared: yes}]\nengine: {order: cpu, threads: 3}\n",
    "geometry: {distance_mm: 1.5e2, beam_px: [-1, .5], pixel_um: 75, wavelength_angstrom: 1.0}\nradial: {range: [0, 1], polarisation: -1}\n",
    "mask: {file: m.h5:/a, rectangles: [[1, 2, 3, 4], {x: 0, y: 0, width: 1, height: 1}]}\nhit:\n  when: >\n    ice > 3\n    or score >= 1\n",
    "",
    "---\nhttp:\n...\n",
]
SETS = [
    "spots.kernel=4\nspots={gain: 2, threshold: 7}\nhit.when=!(ice > 5)",
    "input.0.endpoint=tcp://a:1\ninput.1={endpoint: tcp://b:2}\ninput.1.group=x",
    "mask.rectangles.0=[1, 2, 3, 4]\nmask.rectangles.0.x=9\nengine.order=[cpu, reference]",
    "radial.range=[1, 2]\nradial.range=auto\nradial.polarisation=off\nengine.threads=auto\ngeometry.beam_px=announced",
    "output={results: none, frames: 'tcp://*:1'}\nkeep.misses=full\nlog.level=\"debug\"",
]


def main():
    folder = sys.argv[1]
    seeds = ["S" + text for text in SETS] + ["F" + text for text in FILES]
    for path in sorted(glob.glob(os.path.join(CONFIGS, "*.yaml"))):
        with open(path, encoding="utf-8") as file:
            seeds.append("F" + file.read())
    for number, seed in enumerate(seeds):
        with open(os.path.join(folder, f"config_{number:02}"), "wb") as file:
            file.write(seed.encode())


main()
