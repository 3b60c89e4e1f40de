"""Calibration files as matrices: every way to store the numbers, in their own precision, once in memory."""

import tracemalloc

import h5py
import numpy as np
import pytest
from measured_files import POINTS, write_matrix

import mpifast
from mpifast import reference
from mpifast._compiled.jit import thread_count
from mpifast.io.mdf import frames
from mpifast.io.mdf.preparation import loading
from mpifast.io.mdf.preparation._loading_loops import load

SIZE, VOXELS, EMPTY = (3, 2, 2), 12, 5


def numbers(random, *shape, dtype="complex128"):
    return (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(dtype)


@pytest.fixture(scope="module")
def data():
    """Frames of 12 voxels and five of background, in two channels."""
    return numbers(np.random.default_rng(1), VOXELS + EMPTY, 1, 2, POINTS // 2 + 1)


def expected_of(data):
    """The matrix in the order of the grid, background subtracted."""
    rows = data.reshape(len(data), -1).T.astype(np.complex128)
    rows = (rows[:, :VOXELS] - rows[:, VOXELS:].mean(axis=1, keepdims=True)) / POINTS
    return rows.reshape(-1, *SIZE[::-1]).transpose(0, 3, 2, 1).reshape(-1, VOXELS)


def system_of(path, **options):
    with mpifast.read_mdf(path) as file:
        return file.system(**options)


# ----- the loop and its twin


@pytest.mark.loops
@pytest.mark.parametrize("precision", ["complex64", "complex128"])
@pytest.mark.parametrize("blocks", [1, 3])
@pytest.mark.parametrize("slots", [1, 3])
def test_the_loop_is_its_twin(random, precision, blocks, slots):
    rows, voxels = 5, 7
    block, factors = numbers(random, rows, 11, dtype=precision), numbers(random, rows)
    means = random.normal(size=(rows, 2, blocks + 1))
    left = random.integers(0, max(1, blocks - 1), voxels).astype(np.uint64)
    share, places = random.random(voxels) if blocks > 1 else np.zeros(voxels), random.permutation(11)[:voxels]
    result = np.full((2, rows + 1, voxels), 9.0, block.real.dtype)
    bits, largest = result.view(f"i{result.itemsize}"), np.empty((rows, 2), np.int64)
    targets = np.array([5, 0, 1, 3, 2])
    divisors = loading.divisors_of(1, factors, rows)
    load(
        block, divisors, places.astype(np.uint64), means, left, share, targets, result, bits, largest, slots,
        threads=thread_count(min(2, slots)),
    )  # fmt: skip
    background = means[:, 0] + 1j * means[:, 1]
    at = left.astype(np.int64)
    background = (1 - share) * background[:, at] + share * background[:, at + 1]
    expected = reference.loaded_rows(block, factors, places, background)
    np.testing.assert_allclose(result[:, targets], expected, rtol=1e-5 if precision == "complex64" else 1e-12)
    assert (result[:, 4] == 9.0).all()
    peaks = largest.astype(bits.dtype).view(result.dtype)
    np.testing.assert_array_equal(peaks, np.abs(result[:, targets]).max(axis=2).T)


def test_division_is_that_of_numpy(random):
    factors = numbers(random, 50) * 10.0 ** random.integers(-9, 9, 50)
    factors[::7] = factors[::7].imag * 1j
    factors[1::7] = factors[1::7].real
    p, q, s = loading.divisors_of(3, factors, 50).T
    x = numbers(random, 50)
    found = (x.real * p + x.imag * q) * s + 1j * (x.imag * p - x.real * q) * s
    np.testing.assert_allclose(found, x / (3 * factors), rtol=1e-13)


# ----- every way to store the numbers


@pytest.mark.parametrize("precision", ["complex64", "complex128"])
@pytest.mark.parametrize("fast", [True, False])
def test_layouts(data, tmp_path, monkeypatch, precision, fast):
    """In one block or many, in one thread or several."""
    monkeypatch.setattr(frames, "ROWS", 3 * len(data))
    monkeypatch.setattr(frames, "BLOCK", 3 * len(data))
    monkeypatch.setattr(loading, "SMALL", 0)
    path = write_matrix(tmp_path / "system.mdf", data.astype(precision), SIZE, EMPTY, fast)
    system = system_of(path)
    assert system.real.dtype == ("float32" if precision == "complex64" else "float64")
    assert system.matrix.dtype == precision
    tolerance = {"rtol": 1e-6, "atol": 1e-7} if precision == "complex64" else {"rtol": 1e-12}
    np.testing.assert_allclose(system.matrix, expected_of(data), **tolerance)
    some = system_of(path, channels=[1], band=(250e3, 900e3))
    np.testing.assert_array_equal(some.matrix, system.matrix[16:23])
    other = system_of(path, dtype="float64" if precision == "complex64" else "float32")
    assert other.real.dtype != system.real.dtype
    np.testing.assert_allclose(other.matrix, system.matrix, rtol=1e-5)


def stored(path, how, data):
    """The numbers of a file, stored in another way."""
    with h5py.File(path, "r+") as file:
        fast = np.ascontiguousarray(np.moveaxis(data, 0, -1))
        del file["measurement/data"]
        if how == "chunked":
            file.create_dataset("measurement/data", data=fast, chunks=(1, 1, 4, 5), compression="gzip")
        elif how == "big endian":
            file["measurement/data"] = fast.astype(">c16")
        elif how == "pairs":
            file["measurement/data"] = np.stack([fast.real, fast.imag], axis=-1)
        elif how == "without periods":
            file["measurement/data"] = fast[0]
        elif how == "frames without periods":
            file["measurement/data"] = data[:, 0]
            file["measurement/isFastFrameAxis"][...] = 0
        elif how == "converted":
            file["measurement/data"] = fast / np.array([2.0, 4.0])[:, None, None]
            file["acquisition/receiver/dataConversionFactor"] = np.array([[2.0, 0.0], [4.0, 0.0]])
        elif how == "time":
            file["measurement/data"] = np.fft.irfft(data, POINTS)
            file["measurement/isFastFrameAxis"][...] = 0
            file["measurement/isFourierTransformed"][...] = 0


HOW = ["chunked", "big endian", "pairs", "without periods", "frames without periods", "converted", "time"]


@pytest.mark.parametrize("how", HOW)
def test_files_of_all_kinds(data, tmp_path, monkeypatch, how):
    monkeypatch.setattr(frames, "BLOCK", 4 * len(data))
    data = data.copy()
    data[..., [0, -1]] = data[..., [0, -1]].real  # as the spectrum of a signal in time
    path = write_matrix(tmp_path / "system.mdf", data, SIZE, EMPTY)
    stored(path, how, data)
    np.testing.assert_allclose(system_of(path).matrix, expected_of(data), rtol=1e-10, atol=1e-12)


def test_a_part_of_zeros_is_left_out(data, tmp_path):
    imaginary = write_matrix(tmp_path / "imaginary.mdf", 1j * data.imag, (17, 1, 1))
    real = write_matrix(tmp_path / "real.mdf", data.real + 0j, (17, 1, 1))
    for path, part in ((imaginary, 1), (real, 0)):
        system = system_of(path)
        assert system.parts == (part,)
        assert system.real.shape == (26, 17)
        values = data.imag if part else data.real
        np.testing.assert_allclose(system.real, values.reshape(17, -1).T / POINTS, rtol=1e-12)
        assert system.matrix.dtype == np.complex128


def test_what_is_not_finite_or_zero_is_refused(data, tmp_path):
    data = data.copy()
    data[3, 0, 1, 5] = np.nan
    data[:, 0, 0, 2] = 0.0
    path = write_matrix(tmp_path / "system.mdf", data, SIZE, EMPTY)
    with pytest.raises(ValueError, match=r"not finite in 1 rows \(channel 1, frequency number 5 is the first\)"):
        system_of(path)
    system = system_of(path, defects=True)
    assert len(system.rows) == 24
    reasons = system.selection.reasons[0]
    assert (str(reasons[1, 5]), str(reasons[0, 2])) == ("not finite", "zero")
    with pytest.raises(ValueError, match="all chosen rows of the system matrix are zero"):
        system_of(path, channels=[0], band=(200e3, 200e3))


def test_a_file_that_is_cut_while_it_is_read(data, tmp_path):
    path = write_matrix(tmp_path / "system.mdf", data, SIZE, EMPTY)
    with mpifast.read_mdf(path) as file:
        with open(path, "r+b") as cut:
            cut.truncate(file.data.array.offset + 100)
        with pytest.raises(ValueError, match="it was changed while it was read"):
            file.system()


def test_nothing_is_twice_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(frames, "ROWS", 2**14)
    big = np.random.default_rng(2).normal(size=(2000, 1, 2, 400)).astype(np.float32).astype(np.complex64)
    big.imag = big.real[::-1]
    changes = {"acquisition__receiver__numSamplingPoints": np.int64(798)}
    path = write_matrix(tmp_path / "system.mdf", big, (20, 10, 9), 200, **changes)
    system_of(path, band=(0.0, 100e3))
    tracemalloc.start()
    system = system_of(path, background="interpolate")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert system.real.dtype == np.float32
    assert peak < 1.3 * system.real.nbytes
