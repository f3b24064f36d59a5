"""For the tests of `sluice-bench --peers`: one run of it over one case, and what may be among its lines."""
import json
import os
import subprocess

BENCH = os.path.join(os.environ["SLUICE_BUILD"], "sluice-bench")
ALL = {"peer-bitshuffle", "peer-bitshuffle-h5py", "peer-dials-dispersion", "peer-dials-extended", "peer-pyfai-histogram", "peer-pyfai-csr"}


def bench(folder, case="arina-typical-u16"):
    """The finished process, and its lines by their engine. folder: where Python looks first, and where the frames go meanwhile."""
    environment = {**os.environ, "PYTHONPATH": folder, "TMPDIR": folder}
    out = subprocess.run([BENCH, "--quick", "--peers", "--json", "--threads", "1", "--case", case], capture_output=True, text=True, env=environment,
                         timeout=600, check=False)
    return out, {line["engine"]: line for line in map(json.loads, out.stdout.splitlines())}
