"""What other people's programs need for parts of the same work: run by `sluice-bench --peers`, for one case.

    peers.py DIRECTORY

DIRECTORY holds what the suite wrote: case.json, mask.raw (one byte per pixel, 1 = use), and of every frame frame_NNN.raw (little-endian pixels)
and frame_NNN.bslz4 (the compressed payload as it was timed). An HDF5 file of the same payloads is made beside them. Every peer does one frame
per lap, all take turns, and only the call into its library is timed, by the thread's CPU time; images are converted outside it, and libraries
that know threads are given one. Written to standard output, a JSON object a line, one per peer:

    {"peer": NAME, "version": V, "ms": [per lap], "kind": K, "values": [per frame]}     what it found, for the suite to compare
    {"peer": NAME, "absent": "why"}
"""
import json
import os
import shutil
import sys
import time

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

BITSHUFFLE = 32008   # the filter's number in HDF5
HEAD_BYTES = 12      # of a bslz4 payload: the image's bytes in 8, the block's in 4, big-endian
FEWEST_LAPS = 3


class Case:
    """The frames as the suite wrote them, and which of their pixels count."""

    def __init__(self, directory):
        import numpy
        self.directory = directory
        with open(os.path.join(directory, "case.json"), encoding="utf-8") as f:
            self.__dict__.update(json.load(f))
        self.shape = (self.height, self.width)
        self.pixel = numpy.dtype(f"<u{self.pixel_bytes}")
        mask = numpy.fromfile(os.path.join(directory, "mask.raw"), numpy.uint8).reshape(self.shape) != 0
        self.images = [numpy.fromfile(self.path(i, "raw"), self.pixel).reshape(self.shape) for i in range(self.frames)]
        self.valid = [mask & (image < self.invalid_from) for image in self.images]

    def path(self, frame, suffix):
        return os.path.join(self.directory, f"frame_{frame:03d}.{suffix}")


# --- the peers: each is prepared by a function that returns version, kind, prepare(frame), call(prepared), value(frame, prepared, returned) ------


def bitshuffle(case):
    """The decoder by itself: a compressed frame in memory to a decompressed one in memory."""
    from importlib.metadata import version
    import bitshuffle as library
    import numpy

    frames = []
    for i in range(case.frames):
        payload = numpy.fromfile(case.path(i, "bslz4"), numpy.uint8)
        block_bytes = int.from_bytes(payload[8:12].tobytes(), "big")
        frames.append((payload[HEAD_BYTES:].copy(), case.shape, case.pixel, block_bytes // case.pixel_bytes))
    return (version("bitshuffle"), "sum", lambda frame: frames[frame], lambda prepared: library.decompress_lz4(*prepared),
            lambda frame, _prepared, returned: int(returned[case.valid[frame]].sum(dtype=numpy.uint64)))


def bitshuffle_h5py(case):
    """h5py reads a frame's chunk, and the bitshuffle filter decompresses it, to memory and no further."""
    import h5py
    import hdf5plugin
    import numpy

    path = os.path.join(case.directory, "frames.h5")
    with h5py.File(path, "w") as f:
        data = f.create_dataset("data", (case.frames, *case.shape), case.pixel, chunks=(1, *case.shape), **hdf5plugin.Bitshuffle(nelems=0, lz4=True))
        assert data.id.get_create_plist().get_filter(0)[0] == BITSHUFFLE
        for i in range(case.frames):
            with open(case.path(i, "bslz4"), "rb") as payload:
                data.id.write_direct_chunk((i, 0, 0), payload.read())
    data = h5py.File(path, "r", rdcc_nbytes=0)["data"]
    out = numpy.empty(case.shape, case.pixel)
    return (hdf5plugin.version, "sum", lambda frame: frame, lambda frame: data.read_direct(out, numpy.s_[frame]),
            lambda frame, _prepared, _returned: int(out[case.valid[frame]].sum(dtype=numpy.uint64)))


def dials(case, threshold, convert, kind):
    from dials.array_family import flex

    kernel = (case.kernel, case.kernel)
    algorithm = threshold((case.height, case.width), kernel, case.sigma_background, case.sigma_strong, case.threshold, case.min_count)

    def prepare(frame):
        return convert(flex, case.images[frame]), flex.bool(case.valid[frame]), flex.bool(flex.grid(*case.shape), False)

    return (dials_version(), kind, prepare, lambda prepared: algorithm(*prepared),
            lambda _frame, prepared, _returned: prepared[2].count(True))


def dials_version():
    from dials.util.version import dials_version as words
    return words().split()[-1].split("-")[0]


def as_double(flex, image):
    """As dials.find_spots hands images on. Over integers the sums of squares of bright pixels overflow."""
    return flex.double(image.astype("float64"))


def dials_dispersion(case):
    from dials.algorithms.image.threshold import DispersionThreshold
    return dials(case, DispersionThreshold, as_double, "strong")


def dials_extended(case):
    """Up to 3.12 an invalid pixel counts as unmarked, since then as marked."""
    from dials.algorithms.image.threshold import DispersionExtendedThreshold
    old = tuple(int(word) for word in dials_version().split(".")[:2]) <= (3, 12)
    kind = "strong_extended_masked_is_background" if old else "strong_extended"
    return dials(case, DispersionExtendedThreshold, as_double, kind)


def pyfai(case, method):
    """The mask is what is invalid in every frame; only where some frame has more does the value count, too."""
    import numpy
    import pyFAI
    from pyFAI.azimuthalIntegrator import AzimuthalIntegrator

    if not case.geometry:
        raise ValueError("the case has no geometry")
    g = case.geometry
    integrator = AzimuthalIntegrator(dist=g["distance_m"], poni1=g["beam_y_px"] * g["pixel_y_m"], poni2=g["beam_x_px"] * g["pixel_x_m"],
                                     pixel1=g["pixel_y_m"], pixel2=g["pixel_x_m"], wavelength=g["wavelength_m"])
    mask = ~numpy.logical_or.reduce(case.valid)
    options = {"mask": mask, "unit": "q_A^-1", "method": ("no", method, "cython"), "correctSolidAngle": True}
    if any((~valid & ~mask).any() for valid in case.valid):
        options["dummy"] = float(numpy.iinfo(case.pixel).max)
        options["delta_dummy"] = 0
    return (pyFAI.version, "radial_sum", lambda frame: case.images[frame],
            lambda image: integrator.integrate1d_ng(image, case.radial_bins, **options),
            lambda _frame, _prepared, returned: int(round(float(numpy.sum(returned.sum_signal, dtype=numpy.float64)))))


PEERS = {
    "bitshuffle": bitshuffle,
    "bitshuffle-h5py": bitshuffle_h5py,
    "dials-dispersion": dials_dispersion,
    "dials-extended": dials_extended,
    "pyfai-histogram": lambda case: pyfai(case, "histogram"),
    "pyfai-csr": lambda case: pyfai(case, "csr"),
}


class Peer:
    """One of them at work. Whatever goes wrong in it is its own absence, with the reason."""

    def __init__(self, name, make, case):
        self.name, self.absent, self.ms, self.values = name, None, [], []
        try:
            self.version, self.kind, self.prepare, self.call, self.value = make(case)
            for frame in range(case.frames):  # caches, tables and pages see everything once before it counts
                prepared = self.prepare(frame)
                self.values.append(self.value(frame, prepared, self.call(prepared)))
        except Exception as error:  # pylint: disable=broad-except
            self.give_up(error)

    def give_up(self, error):
        self.absent = f"{type(error).__name__}: {error}"

    def lap(self, frame):
        try:
            prepared = self.prepare(frame)
            begun = time.thread_time_ns()
            self.call(prepared)
            self.ms.append((time.thread_time_ns() - begun) / 1e6)
        except Exception as error:  # pylint: disable=broad-except
            self.give_up(error)

    def line(self):
        if self.absent:
            return {"peer": self.name, "absent": " ".join(self.absent.split())[:400]}
        return {"peer": self.name, "version": self.version, "ms": self.ms, "kind": self.kind, "values": self.values}


def quiet():
    """Libraries may say what they like, but not among the lines: standard output becomes standard error, and the lines have a way of their own."""
    import logging
    import warnings
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore")
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return lines


def run(directory, lines):
    try:
        case = Case(directory)
    except ImportError as error:  # numpy: without it there are no peers
        for name in PEERS:
            print(json.dumps({"peer": name, "absent": str(error)}), file=lines)
        return
    peers = [Peer(name, make, case) for name, make in PEERS.items()]
    take_turns(peers, case)
    for peer in peers:
        print(json.dumps(peer.line()), file=lines, flush=True)


def take_turns(peers, case):
    begun = time.monotonic()
    for lap in range(case.rounds * case.frames):
        if lap >= FEWEST_LAPS and time.monotonic() - begun > case.seconds:
            break
        for peer in peers:
            if not peer.absent:
                peer.lap(lap % case.frames)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        run(sys.argv[1], quiet())
    except KeyboardInterrupt:  # the same one has ended the suite, before it could remove what it wrote
        if os.path.basename(sys.argv[1]).startswith("sluice-bench-"):
            shutil.rmtree(sys.argv[1], ignore_errors=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
