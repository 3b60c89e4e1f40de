"""A loop that compiles in a tenth of a second, for the tests of the cache, and what the cache did with it.

The tests need a compiled function, and none of those of the package is as short.
"""

import sys

import numpy as np

from mpifast._compiled import cache
from mpifast._compiled.loop import Loop


def _squares(result, slots, slot):
    result[slot] = slot * slot


squares = Loop(_squares)


def main(threads):
    """Print the squares, the hits of the cache, whether all that Numba can compile was loaded, and the folder."""
    result = np.zeros(4, np.int64)
    squares(result, 4, threads=threads)
    hits = sum(squares.compiled.stats.cache_hits.values())
    print(*result, hits, "numba.np.arraymath" in sys.modules, cache.folder())
