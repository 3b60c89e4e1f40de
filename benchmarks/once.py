"""Every asv benchmark once, in this process, at the first value of each parameter: ``python -m benchmarks.once``.

asv takes a process for each combination of parameters, which is right for times and slow for a check. This finds
benchmarks that no longer run; nothing it prints is a measurement.
"""

import time
from pathlib import Path

from asv_runner.discovery import disc_benchmarks


def main() -> None:
    """Run them in the order of their files; the first error ends the program."""
    count = 0
    for benchmark in disc_benchmarks(str(Path(__file__).parent)):
        started = time.perf_counter()
        benchmark.do_setup_cache()
        benchmark.set_param_idx(0)
        skipped = benchmark.do_setup()
        if not skipped:
            benchmark.func(*benchmark._current_params)
        benchmark.do_teardown()
        count += 1
        print(f"{benchmark.name} {'skipped' if skipped else 'ran'} ({time.perf_counter() - started:.1f} s)", flush=True)
    print(f"{count} benchmarks")


if __name__ == "__main__":
    main()
