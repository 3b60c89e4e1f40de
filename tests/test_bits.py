"""Binary phantoms as bits, at every length around a word: compiled, and under ``-m loops`` with NUMBA_DISABLE_JIT as
plain Python.
"""

import numpy as np
import pytest
from numba import njit

from mpifast._compiled import bits as _bits
from mpifast._compiled.jit import OPTIONS
from mpifast._compiled.products import padded

VOXELS = [1, 5, 8, 63, 64, 65, 100, 127, 128, 129, 200, 257]
pytestmark = pytest.mark.loops


@njit(**OPTIONS)
def round_trip(bits, phantoms, room):
    _bits.to_bits(bits, phantoms, 1)
    _bits.to_bytes(room, 2, bits)


@njit(**OPTIONS)
def fields(index, row, bits, phantom):
    _bits.to_bits(bits, phantom, 0)
    _bits.fields(index, row, bits)


@pytest.mark.parametrize("voxels", VOXELS)
def test_there_and_back_with_neighbours_untouched(voxels, random):
    phantoms = random.integers(0, 2, (3, voxels), dtype=np.uint8)
    bits, room = np.full(_bits.words(voxels), 2**64 - 1, np.uint64), np.full((4, voxels), 7, np.uint8)
    round_trip(bits, phantoms, room)
    expected = sum(int(value) << v for v, value in enumerate(phantoms[1]))
    assert [int(word) for word in bits] == [expected >> 64 * w & 2**64 - 1 for w in range(len(bits))]
    assert bits[-1] == 0
    np.testing.assert_array_equal(room[2], phantoms[1])
    assert (room[[0, 1, 3]] == 7).all()


@pytest.mark.parametrize("voxels", VOXELS)
def test_fields(voxels, random):
    phantom = random.integers(0, 2, (1, voxels), dtype=np.uint8)
    bits, size = np.empty(_bits.words(voxels), np.uint64), padded(-(-voxels // _bits.FIELD), _bits.TOGETHER)
    index = np.full((3, size), 99, np.uint8)
    fields(index, 1, bits, phantom)
    digits = np.zeros(_bits.FIELD * size, int)
    digits[:voxels] = phantom[0]
    np.testing.assert_array_equal(index[1], digits.reshape(size, _bits.FIELD) @ 2 ** np.arange(_bits.FIELD))
    assert (index[[0, 2]] == 99).all()
