"""Philox4x64-10, NumPy's counter-based generator, as a pure function of its counter (Salmon et al., SC 2011).

Block b of sample i is ``philox(b + 1, i, stream, 0, *key(seed))``: the words that ``np.random.Philox(seed)`` gives
after ``advance(i * 2**64 + stream * 2**128)``. So any sample is drawn without drawing those before it.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import overload

from mpifast._compiled.jit import EMBEDDED, jit

PHANTOMS, NOISE = (
    np.uint64(0),
    np.uint64(1),
)  # the streams; as plain integers each would be a type of its own, compiled apart

MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
WEYL_0, WEYL_1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)


def key(seed: int) -> np.ndarray:
    """The key (uint64[2]) that ``np.random.Philox(seed)`` derives from a seed."""
    return np.random.SeedSequence(seed).generate_state(2, np.uint64)


def high_product(a: Any, b: Any) -> Any:
    """Upper 64 bits of the product of two uint64."""
    return np.uint64(int(a) * int(b) >> 64)


@numba.extending.intrinsic
def _high_product(typing_context: Any, a: Any, b: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(value, wide) for value in args))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), codegen


@overload(high_product, jit_options=EMBEDDED, strict=False)
def _high_product_overload(a: Any, b: Any) -> Any:
    return lambda a, b: _high_product(a, b)


@jit
def philox(counter: tuple[Any, ...], key_0: Any, key_1: Any) -> Any:
    """Ten rounds over a counter of four uint64; gives four random uint64."""
    c0, c1, c2, c3 = counter
    for _ in range(10):
        high_0, low_0 = high_product(MULTIPLIER_0, c0), MULTIPLIER_0 * c0
        high_1, low_1 = high_product(MULTIPLIER_1, c2), MULTIPLIER_1 * c2
        c0, c1, c2, c3 = high_1 ^ c1 ^ key_0, low_1, high_0 ^ c3 ^ key_1, low_0
        key_0 += WEYL_0
        key_1 += WEYL_1
    return c0, c1, c2, c3


@jit
def fill_words(words: np.ndarray, count: int, sample: int, stream: int, keys: np.ndarray) -> None:
    """First ``count`` random words of one sample and stream into ``words`` (uint64, a multiple of four long)."""
    for block in range((count + 3) // 4):
        counter = (np.uint64(block + 1), np.uint64(sample), np.uint64(stream), np.uint64(0))
        words[4 * block], words[4 * block + 1], words[4 * block + 2], words[4 * block + 3] = philox(
            counter, keys[0], keys[1]
        )
