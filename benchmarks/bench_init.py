"""What a fresh process pays: the import, and the first compiled call."""

import subprocess
import sys

FIRST = (
    "import mpifast; s = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9)); u, c = "
    "mpifast.Spectra(s)[:1000]"
)
PROGRAMS = {
    "import mpifast": "import mpifast",
    "import numpy": "import numpy",
    "1,000 spectra": FIRST,
    "1,000 spectra and a pass": FIRST + "; mpifast.Network(200, 129).fit(u, c, epochs=1)",
}


class FreshProcess:
    params = list(PROGRAMS)
    param_names = ("program",)
    timeout = 120
    number, repeat, warmup_time = 1, 3, 0

    def time_program(self, program):
        subprocess.run([sys.executable, "-c", PROGRAMS[program]], check=True)
