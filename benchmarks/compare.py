"""Time every pair and print the ratios: ``python -m benchmarks.compare``. Run it on a quiet machine, with nothing beside it."""

import statistics

import numba

from benchmarks import problems
from benchmarks.pairs import compare


def main() -> None:
    """One line a pair and thread count: milliseconds of ours and the peer (median), ratio, and the limit on two threads."""
    print(f"{'work':<32}{'threads':>8}{'ours (ms)':>12}{'peer (ms)':>12}{'ratio':>8}{'limit':>8}")
    makers = [
        problems.forward,
        problems.grey,
        lambda: problems.generate(None),
        lambda: problems.generate(problems.SNR_DB),
        problems.matrix,
        problems.training,
        lambda: problems.training(problems.SNR_DB),
        problems.prediction,
    ]
    for make in makers:
        pair = make()
        for threads in sorted({1, min(2, numba.config.NUMBA_NUM_THREADS)}):
            timing = compare(pair, threads)
            ours, peer = (1e3 * statistics.median(times) for times in (timing.ours, timing.peer))
            print(f"{pair.name:<32}{threads:>8}{ours:>12.2f}{peer:>12.2f}{timing.ratio:>8.2f}{pair.limit:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
