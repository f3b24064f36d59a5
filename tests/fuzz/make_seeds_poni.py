"""Seeds for fuzz_poni: make_seeds_poni.py FOLDER. Good files of every version, as pyFAI writes them."""
import os
import sys

BODY = "Distance: 0.2\nPoni1: 0.08\nPoni2: 0.079\nRot1: -0.018\nRot2: 0.004\nRot3: -2.7e-08\n"
WAVELENGTH = "Wavelength: 4.066e-11\n"
HEAD = "# Nota: C-Order, 1 refers to the Y axis, 2 to the X axis \n# Calibration done at some time\n"
PIXELS = "PixelSize1: 0.000172\nPixelSize2: 0.000172\n"


def config(words):
    return "Detector: Detector\nDetector_config: {" + words + "}\n"


SEEDS = {
    "version1": HEAD + PIXELS + BODY + "SplineFile: None\n" + WAVELENGTH,
    "version1_named": HEAD + "Detector: Pilatus1M\n" + PIXELS + BODY + WAVELENGTH,
    "version2": HEAD + "poni_version: 2\n" + config('"pixel1": 7.5e-05, "pixel2": 7.5e-05, "max_shape": null') + BODY + WAVELENGTH,
    "version2_nested": HEAD + "poni_version: 2\n" + config('"pixel1": 1e-4, "pixel2": 1e-4, "a": {"b": [1, "}"]}') + BODY + WAVELENGTH,
    "version21": HEAD + "poni_version: 2.1\n"
                 + config('"pixel1": 7.5e-05, "pixel2": 7.5e-05, "max_shape": [2167, 2070], "orientation": 2') + BODY + WAVELENGTH,
    "appended": HEAD + PIXELS + BODY + WAVELENGTH + HEAD + PIXELS + BODY.replace("0.2", "0.3") + WAVELENGTH,
    "crlf": (HEAD + PIXELS + BODY + WAVELENGTH).replace("\n", "\r\n"),
}

os.makedirs(sys.argv[1], exist_ok=True)
for name, text in SEEDS.items():
    with open(os.path.join(sys.argv[1], name), "w", newline="") as file:
        file.write(text)
