"""Systems of scanners on a grid: rows, laziness, the convention of one dimension, and what is refused."""

import json
import math
import pickle

import numpy as np
import pytest

import mpifast
from mpifast import reference
from mpifast.physics import memory
from mpifast.physics.systems.routes import KroneckerRoute, LineRoute, SampledRoute
from mpifast.physics.tracer.particle import MU_0

GRID = mpifast.Grid((6, 5), (12e-3, 10e-3))
PARTICLE = mpifast.Particle(25e-9)
SCANNER = mpifast.LissajousScanner(GRID, divider=(17, 16, 1), base_frequency=2e5, channels=("x", "y", "z"))
SINES = mpifast.LissajousScanner(GRID, divider=(17, 16, 1), base_frequency=2e5, phase=(0, 0.3, 0))
TILTED = mpifast.LissajousScanner(
    GRID, [[-1, 0.3, 0], [0.3, -1, 0], [0, 0, 2]], divider=(17, 16, 1), base_frequency=2e5
)
LINE = mpifast.FieldFreeLineScanner(GRID, 2.0, 9e-3, 40, angle=0.3, phase=0.4)
TURNING = mpifast.FieldFreeLineScanner(GRID, 2.0, 9e-3, 4, rotation=40)


def expected_matrix(system):
    channels, numbers = system.rows["channel"], system.rows["number"]
    rows = reference.sampled_rows(system.scanner, system.particle, channels, numbers, 4096)
    return -2j * np.pi * numbers[:, None] * MU_0 * system.particle.saturation_magnetization * rows


@pytest.mark.parametrize(
    ("scanner", "route", "parts"),
    [
        (SCANNER, KroneckerRoute, (1,)),
        (SINES, KroneckerRoute, (0, 1)),
        (TILTED, SampledRoute, (1,)),
        (LINE, LineRoute, (0, 1)),
        (mpifast.FieldFreeLineScanner(GRID, 2.0, 9e-3, 40, angle=0.3), LineRoute, (1,)),
        (TURNING, SampledRoute, (0, 1)),
        (mpifast.SampledScanner(GRID, SCANNER.waveform(300)[0], 1e-3), SampledRoute, (1,)),
    ],
)
def test_matrix_is_the_slow_twin(scanner, route, parts):
    system = mpifast.system_matrix(scanner, PARTICLE)
    expected = expected_matrix(system)
    peaks = np.abs(expected).max(axis=1)
    floor = 5e-15 * 2 * np.pi * 0.6 * system.rows["number"]
    assert (np.abs(system.matrix - expected).max(axis=1) <= 1e-9 * peaks + floor).all()
    assert type(system.route) is route
    assert system.parts == parts
    pieces = [system.matrix.imag] if parts == (1,) else [system.matrix.real, system.matrix.imag]
    np.testing.assert_array_equal(system.real, np.concatenate(pieces))
    assert len(system.equations) == len(system.real)
    assert not any(array.flags.writeable for array in (system.matrix, system.real))


def test_rows_are_all_frequencies_of_all_channels():
    system = mpifast.system_matrix(SCANNER, PARTICLE)
    count = SCANNER.samples // 2 + 1
    np.testing.assert_array_equal(system.rows["channel"], np.repeat([0, 1, 2], count))
    np.testing.assert_array_equal(system.rows["number"], np.tile(np.arange(count), 3))
    np.testing.assert_allclose(system.rows["frequency"], np.tile(SCANNER.frequencies, 3))
    assert (system.voxels, system.grid) == (30, GRID)
    assert system.image(np.zeros((2, 30))).shape == (2, 6, 5)
    other = mpifast.system_matrix(SCANNER, PARTICLE, channels=("y",))
    np.testing.assert_array_equal(other.matrix, system.matrix[count : 2 * count])
    np.testing.assert_array_equal(np.unique(other.rows["channel"]), [1])


def test_one_drive_axis_is_the_one_dimensional_matrix():
    line = mpifast.Scanner(voxels=21)
    grid = mpifast.LissajousScanner(
        line.grid, (2.0, -1.0, -1.0), (32e-3, 0, 0), (200, 1, 1), base_frequency=200 * line.drive_frequency
    )
    expected = mpifast.system_matrix(line, PARTICLE, harmonics=100)
    found = mpifast.system_matrix(grid, PARTICLE)
    np.testing.assert_allclose(found.matrix[1:], expected.matrix, atol=1e-12 * np.abs(expected.matrix).max())
    np.testing.assert_allclose(found.real[1:], expected.real, atol=1e-12 * np.abs(expected.real).max())
    np.testing.assert_allclose(found.rows["frequency"][1:], expected.rows["frequency"])


def test_band_and_mixing_order():
    whole = mpifast.system_matrix(SCANNER, PARTICLE)
    band = mpifast.system_matrix(SCANNER, PARTICLE, band=(30e3, 60e3))
    assert ((band.rows["frequency"] >= 30e3) & (band.rows["frequency"] <= 60e3)).all()
    np.testing.assert_array_equal(band.rows, whole.select(band=(30e3, 60e3)).rows)
    np.testing.assert_allclose(band.matrix, whole.select(band=(30e3, 60e3)).matrix, atol=1e-13)
    mixed = mpifast.system_matrix(SCANNER, PARTICLE, mixing_order=2, channels=("x",))
    np.testing.assert_array_equal(mixed.rows["number"], [0, 1, 16, 17, 32, 33, 34])


@pytest.mark.parametrize("scanner", [SCANNER, SINES, TILTED, LINE, TURNING])
@pytest.mark.parametrize("level", [1e-1, 1e-3, 1e-6])
def test_level_keeps_the_rows_above_it(scanner, level):
    whole = mpifast.system_matrix(scanner, PARTICLE)
    peaks = np.abs(whole.matrix).max(axis=1)
    for band in (None, (0.9 * scanner.frequencies[1], None)):
        chosen = mpifast.system_matrix(scanner, PARTICLE, level=level, band=band)
        inside = whole.rows["frequency"] >= (0 if band is None else band[0])
        np.testing.assert_array_equal(chosen.rows, whole.rows[inside & (peaks >= level * peaks.max())])
        assert 0 < len(chosen.rows) < len(whole.rows)


def test_nothing_is_computed_before_it_is_asked_for(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("computed")

    for route in (KroneckerRoute, SampledRoute, LineRoute):
        monkeypatch.setattr(route, "rows", refuse)
        monkeypatch.setattr(route, "peaks", refuse)
        monkeypatch.setattr(route, "strong", refuse)
    system = mpifast.system_matrix(SCANNER, PARTICLE)
    assert repr(system) == "ScannerSystem(LissajousScanner, 411 rows, grid 6 x 5)"
    assert (system.parts, len(system.equations), system.voxels) == ((1,), 411, 30)
    assert len(system.select(band=(30e3, None)).select(channels=[1]).rows) < 137
    assert len(system.fingerprint) == 16
    weak = mpifast.system_matrix(SCANNER, PARTICLE, level=0.01)
    assert repr(weak) == "ScannerSystem(LissajousScanner, rows above 0.01 of the largest, grid 6 x 5)"
    with pytest.raises(AssertionError, match="computed"):
        _ = weak.rows


def test_a_selection_is_the_same_rows():
    system = mpifast.system_matrix(SINES, PARTICLE)
    chosen = system.select(rows=[20, 40, 33])
    np.testing.assert_array_equal(chosen.rows, system.rows[[20, 33, 40]])
    np.testing.assert_allclose(chosen.matrix, system.matrix[[20, 33, 40]], atol=1e-14)
    assert isinstance(chosen, type(system))
    assert chosen.fingerprint != system.fingerprint


@pytest.mark.parametrize("scanner", [SCANNER, SINES, TILTED, LINE])
def test_columns_are_those_of_the_matrix(scanner):
    system = mpifast.system_matrix(scanner, mpifast.Particle(10e-9))
    for part in (slice(0, 7), slice(7, 30), slice(29, None), slice(3, 3)):
        np.testing.assert_array_equal(system.columns(part), system.matrix[:, part])


def test_fingerprints_tell_systems_apart():
    warmer = mpifast.Particle(25e-9, temperature=310.0)
    systems = [
        mpifast.system_matrix(SCANNER, PARTICLE),
        mpifast.system_matrix(SCANNER, warmer),
        mpifast.system_matrix(SINES, PARTICLE),
        mpifast.system_matrix(LINE, PARTICLE),
        mpifast.system_matrix(SCANNER, PARTICLE, band=(20e3, None)),
    ]
    assert len({system.fingerprint for system in systems}) == len(systems)
    same = mpifast.system_matrix(SCANNER, PARTICLE).select(band=(20e3, None))
    assert same.fingerprint == systems[-1].fingerprint
    assert pickle.loads(pickle.dumps(systems[0])).fingerprint == systems[0].fingerprint


def test_rows_of_nothing_but_rounding_are_zero():
    # At 8 nm the coefficients fall below 1e-15 long before half the sampling rate.
    system = mpifast.system_matrix(SCANNER, mpifast.Particle(8e-9), channels=("x",))
    peaks = np.abs(system.matrix).max(axis=1)
    assert 20 < (peaks == 0).sum() < 120
    scale = 2 * np.pi * 0.6 * system.rows["number"]
    assert (peaks[peaks > 0] > 1e-15 * scale[peaks > 0]).all()


def test_a_matrix_that_does_not_fit_is_refused(monkeypatch):
    grid = mpifast.Grid((100, 100, 100), (24e-3, 24e-3, 12e-3))
    system = mpifast.system_matrix(
        mpifast.LissajousScanner(grid, drive_amplitude=(12e-3, 12e-3, 12e-3)), mpifast.Particle(20e-9)
    )
    message = (
        r"80,787 rows and 1,000,000 voxels takes 1,292\.6 GB, more than 50% of this machine's memory: choose fewer"
    )
    monkeypatch.setattr(memory, "machine_memory", lambda: 64e9)
    with pytest.raises(ValueError, match=message):
        _ = system.matrix
    monkeypatch.setattr(memory, "machine_memory", lambda: 1e5)
    for scanner in (SCANNER, SINES):
        with pytest.raises(ValueError, match="GB, more than 50%"):
            _ = mpifast.system_matrix(scanner, PARTICLE).real
        assert mpifast.system_matrix(scanner, PARTICLE, band=(10e3, 12e3)).real.shape[1] == 30


def test_memory_of_this_machine_is_known():
    assert memory.machine_memory() > 1e8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tolerance": 0.0}, "tolerance=0.0 is out of range"),
        ({"level": 0.0}, "level=0.0 is out of range"),
        ({"level": math.nan}, "level=nan is out of range"),
        ({"band": (1e9, None)}, "leave no row of the 137 frequencies up to 100000 Hz: choose more"),
        ({"band": 80e3}, None),
        ({"band": (1.0,)}, "give the lowest and the highest frequency"),
        ({"band": (math.nan, None)}, "band=nan is out of range"),
        ({"mixing_order": 0}, "mixing_order=0 is out of range"),
        ({"channels": ("w",)}, r"channels\[0\]='w' is unknown"),
        ({"harmonics": 20}, "harmonics=20 belongs to a one-dimensional Scanner: give band= or level="),
    ],
)
def test_bad_arguments_are_refused_with_the_cure(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message or "band must be a sequence"):
        mpifast.system_matrix(SCANNER, PARTICLE, **arguments)


def test_a_level_that_leaves_no_row_is_refused():
    system = mpifast.system_matrix(SCANNER, PARTICLE, level=0.9, band=(80e3, None))
    with pytest.raises(ValueError, match=r"level=0.9 leaves no row: the largest of them is .* lower it"):
        _ = system.rows


def test_mixing_orders_belong_to_lissajous_scanners():
    with pytest.raises(ValueError, match=r"mixing_order=3 belongs to a LissajousScanner.*give level="):
        mpifast.system_matrix(LINE, PARTICLE, mixing_order=3)


def test_arguments_of_grids_do_not_belong_to_a_line():
    for arguments in ({"band": (1.0, None)}, {"level": 0.1}, {"mixing_order": 3}, {"channels": ("x",)}):
        with pytest.raises(ValueError, match=r"belongs to a scanner on a grid: give harmonics=, or choose rows by"):
            mpifast.system_matrix(mpifast.Scanner(), PARTICLE, **arguments)
    with pytest.raises(TypeError, match=r"scanner must be a mpifast\.Scanner"):
        mpifast.system_matrix("scanner", PARTICLE)
    with pytest.raises(TypeError, match=r"particle must be a mpifast\.Particle"):
        mpifast.system_matrix(SCANNER, 25e-9)


def test_a_store_describes_a_sampled_waveform_by_its_digest():
    from mpifast.io.store.source import describe

    scanner = mpifast.SampledScanner(GRID, SCANNER.waveform(3000)[0], 1e-3)
    found = describe(mpifast.system_matrix(scanner, PARTICLE, band=(0, 5e3)))
    assert len(json.dumps(found)) < 2000
    assert found["scanner"]["drive_field"]["shape"] == [3000, 3]
    assert (found["model"], found["scanner"]["period"]) == ("vector langevin", 1e-3)


@pytest.mark.parametrize("scanner", [SCANNER, SINES, TILTED, LINE])
@pytest.mark.parametrize("tolerance", [1e-5, 1e-8])
def test_single_precision(scanner, tolerance):
    system = mpifast.system_matrix(scanner, PARTICLE, tolerance=tolerance, level=1e-4)
    found = system.columns(slice(3, 20), "complex64")
    assert found.dtype == np.complex64
    error = np.abs(found - system.matrix[:, 3:20]).max(axis=1) / np.abs(system.matrix).max(axis=1)
    assert error.max() <= (1e-6 if tolerance == 1e-5 else 1e-7)
    with pytest.raises(ValueError, match="dtype='float64' is not supported: use 'complex64' or 'complex128'"):
        system.columns(dtype="float64")
