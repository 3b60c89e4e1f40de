"""Measured frames on their way to spectra: background, leakage, averages, periods, the receive chain, noise weights."""

import numpy as np
import pytest
from measured_files import POINTS, write_frames, write_matrix

import mpifast
from mpifast.io.mdf.preparation.leakage import corrected_components, hann
from mpifast.io.mdf.preparation.receive_chain import INDUCTION
from mpifast.io.mdf.selection import TRANSFER

BINS, CHANNELS = POINTS // 2 + 1, 2


def periodic(random, *shape):
    """Spectra of real signals of one period."""
    return np.fft.rfft(random.normal(size=(*shape, POINTS)))


@pytest.fixture(scope="module")
def matrix_data():
    return periodic(np.random.default_rng(5), 4, 1, CHANNELS)


@pytest.fixture
def system(matrix_data, tmp_path):
    with mpifast.read_mdf(write_matrix(tmp_path / "system.mdf", matrix_data, (2, 2, 1))) as file:
        return file.system()


def measured(system, path, **options):
    with mpifast.read_mdf(path) as file:
        return system.to_complex(system.measured(file, **options))


def spectra_of(signal):
    """What a system gives for frames in time, [n, rows]."""
    return np.fft.rfft(signal).reshape(len(signal), -1) / POINTS


# ----- background


@pytest.mark.parametrize("name", ["mean", "subtract"])
def test_both_names_of_the_mean(system, random, tmp_path, name):
    signal = random.normal(size=(7, 1, CHANNELS, POINTS))
    path = write_frames(tmp_path / "scan.mdf", signal, [0, 3])
    expected = spectra_of(signal)[[1, 2, 4, 5, 6]] - spectra_of(signal)[[0, 3]].mean(axis=0)
    np.testing.assert_allclose(measured(system, path, background=name), expected, atol=1e-13)


@pytest.mark.parametrize("fast", [True, False])
def test_a_linear_drift_is_removed_from_a_matrix(matrix_data, random, tmp_path, fast):
    """Blocks of background frames of any length before, between and after, in the order of acquisition or sorted."""
    kinds = np.array([1, 1, 1, 0, 0, 1, 0, 0, 1, 1], bool)
    frames = np.zeros((10, *matrix_data.shape[1:]), complex)
    frames[~kinds] = matrix_data
    frames += np.arange(10.0)[:, None, None, None] * periodic(random, CHANNELS) + periodic(random, CHANNELS)
    order = np.argsort(kinds, kind="stable")
    sorted_ = {"measurement__isFramePermutation": np.int8(1), "measurement__framePermutation": order + 1}
    with mpifast.read_mdf(write_matrix(tmp_path / "plain.mdf", matrix_data, (2, 2, 1))) as file:
        expected = file.system().matrix
    for numbers, marks, changes in ((frames, kinds, {}), (frames[order], kinds[order], sorted_)):
        changes |= {"measurement__isBackgroundFrame": marks.astype(np.int8)}
        with mpifast.read_mdf(write_matrix(tmp_path / "drift.mdf", numbers, (2, 2, 1), fast=fast, **changes)) as file:
            found = file.system(background="interpolate").matrix
            assert abs(file.system().matrix - expected).max() > 0.01
        np.testing.assert_allclose(found, expected, atol=1e-13)


def test_an_empty_scanner_in_another_file(system, random, tmp_path):
    u, offset = random.normal(size=(2, 4, 1, CHANNELS, POINTS))
    drift = random.normal(size=(CHANNELS, POINTS))
    moments = (np.arange(4) + 0.5)[:, None, None, None] / 4
    path = write_frames(tmp_path / "scan.mdf", u + offset[:1] + moments * drift)
    before = write_frames(tmp_path / "before.mdf", offset[[0, 0, 0]])
    after = write_frames(tmp_path / "after.mdf", np.concatenate([u, offset[:1] + drift]), [4])  # one is marked
    with mpifast.read_mdf(before) as first, mpifast.read_mdf(after) as last:
        found = measured(system, path, background=(first, last))
        np.testing.assert_allclose(found, spectra_of(u), atol=1e-12)
        constant = measured(system, path, background=first)
        np.testing.assert_allclose(constant, spectra_of(u + moments * drift), atol=1e-12)
        for wrong in ([], [first, last, last], "best", 3, [first, "mean"]):
            with pytest.raises(ValueError, match="is unknown: choose one of 'subtract', 'mean', 'interpolate', 'keep'"):
                measured(system, path, background=wrong)
    done = write_frames(tmp_path / "done.mdf", u, measurement__isBackgroundCorrected=np.int8(1))
    with mpifast.read_mdf(before) as first, pytest.raises(ValueError, match=r"done\.mdf says that its background was"):
        measured(system, done, background=first)
    other = write_frames(tmp_path / "other.mdf", u, acquisition__gradient=np.eye(3))
    with mpifast.read_mdf(other) as first, pytest.raises(ValueError, match=r"other\.mdf does not fit system\.mdf"):
        measured(system, path, background=first)


# ----- leakage


@pytest.mark.parametrize("periods", [1, 2])
def test_leakage_correction_leaves_periodic_signals_alone(matrix_data, random, tmp_path, periods):
    signal = np.broadcast_to(random.normal(size=(CHANNELS, POINTS)), (6, periods, CHANNELS, POINTS))
    path = write_frames(tmp_path / "scan.mdf", signal, [2])
    with mpifast.read_mdf(path) as file:
        mask = np.ones((periods, CHANNELS, BINS), bool)
        found = corrected_components(file, np.arange(6), mask)
    np.testing.assert_allclose(found, np.fft.rfft(signal).reshape(6, -1), rtol=0, atol=2e-14 * POINTS)


def test_leakage_correction_is_a_window_over_three_periods(system, random, tmp_path):
    """Every third line of the windowed record; every second one at a gap; nothing for a frame alone."""
    signal = random.normal(size=(8, 1, CHANNELS, POINTS))
    path = write_frames(tmp_path / "scan.mdf", signal, [3, 5, 6, 7])  # 0 1 2 | 4 alone
    found = measured(system, path, leakage=True, background="keep")

    def windowed(*frames):
        record = np.concatenate([signal[f, 0] for f in frames], axis=-1)
        window = 1.0 - np.cos(2 * np.pi * np.arange(record.shape[-1]) / record.shape[-1])
        return np.fft.rfft(window * record)[:, :: len(frames)].reshape(-1) / len(frames) / POINTS

    expected = [windowed(0, 1), windowed(0, 1, 2), windowed(1, 2), spectra_of(signal)[4]]
    np.testing.assert_allclose(found, expected, atol=1e-13)
    for lengths in (2, 3):
        np.testing.assert_allclose(hann(lengths, POINTS).sum(axis=0), 1.0, atol=1e-15)


def test_leakage_correction_reduces_leakage(system, tmp_path):
    """A tone between two frequencies, far from it."""
    time = np.arange(10 * POINTS) / POINTS
    signal = np.sin(2 * np.pi * 2.37 * time).reshape(10, 1, 1, POINTS) * np.ones((CHANNELS, 1))
    path = write_frames(tmp_path / "scan.mdf", signal)
    plain, better = (abs(measured(system, path, leakage=flag)[1:-1, 7:BINS]) for flag in (False, True))
    assert better.max() < 0.1 * plain.max()


def test_leakage_is_not_corrected_across_patches(matrix_data, random, tmp_path):
    signal = random.normal(size=(3, 4, CHANNELS, POINTS))
    offset = np.repeat([[0.0, 0.0, 0.0], [1e-3, 0.0, 0.0]], 2, axis=0)[:, None]
    path = write_frames(tmp_path / "scan.mdf", signal, acquisition__offsetField=offset)
    with mpifast.read_mdf(path) as file:
        found = corrected_components(file, np.array([1]), np.ones((4, CHANNELS, BINS), bool)).reshape(4, CHANNELS, BINS)
    first, second = hann(2, POINTS)
    for period, parts in enumerate([(0, 1), (0, 1), (2, 3), (2, 3)]):
        own, mate = signal[1, period], signal[1, parts[1] if period == parts[0] else parts[0]]
        expected = first * own + second * mate if period == parts[0] else first * mate + second * own
        np.testing.assert_allclose(found[period], np.fft.rfft(expected), atol=1e-12)


def test_a_file_that_is_corrected_stays(system, random, tmp_path):
    signal = random.normal(size=(3, 1, CHANNELS, POINTS))
    path = write_frames(tmp_path / "scan.mdf", signal, measurement__isSpectralLeakageCorrected=np.int8(1))
    np.testing.assert_allclose(measured(system, path, leakage=True), spectra_of(signal), atol=1e-14)
    with pytest.raises(TypeError, match="leakage must be True or False"):
        measured(system, path, leakage=1)


# ----- frames and periods


def test_periods_are_averaged_and_chosen(system, random, tmp_path):
    signal = random.normal(size=(5, 6, CHANNELS, POINTS))
    path = write_frames(tmp_path / "scan.mdf", signal)
    rows = np.stack([spectra_of(signal[:, p]) for p in range(6)], axis=1)
    np.testing.assert_allclose(measured(system, path, average_periods=0), rows.mean(axis=1), atol=1e-13)
    np.testing.assert_allclose(measured(system, path, periods=[4]), rows[:, 4], atol=1e-13)
    found = measured(system, path, periods=[4, 1], average_periods=2, frames=[3, 0], average=0)
    np.testing.assert_allclose(found[0], rows[[3, 0]][:, [1, 4]].mean(axis=(0, 1)), atol=1e-13)
    np.testing.assert_allclose(
        measured(system, path, periods=slice(1, 3), average_periods=2), rows[:, 1:3].mean(axis=1), atol=1e-13
    )
    for options, message in (
        ({}, r"it has 6 periods and 2 channels, the matrix 1 and 2; choose periods with periods="),
        ({"average_periods": 4}, "average_periods=4 does not divide the 6 periods"),
        ({"periods": []}, "give one or more of the 6 periods"),
        ({"periods": [1, 1]}, "give one or more of the 6 periods of scan.mdf, once"),
        ({"periods": [6]}, "periods=6 is out of range"),
        ({"frames": [], "periods": [0]}, "has no such frames"),
    ):
        with pytest.raises(ValueError, match=message):
            measured(system, path, **options)


def test_a_matrix_of_two_periods(random, tmp_path):
    """Two patches in the matrix, each averaged over two periods of the measurement, in another order."""
    data, signal = periodic(random, 4, 2, CHANNELS), random.normal(size=(3, 4, CHANNELS, POINTS))
    with mpifast.read_mdf(write_matrix(tmp_path / "system.mdf", data, (2, 2, 1))) as file:
        system = file.system()
    path = write_frames(tmp_path / "scan.mdf", signal)
    found = measured(system, path, periods=[2, 0, 3, 1], average_periods=2)
    rows = np.stack([spectra_of(signal[:, p]) for p in range(4)], axis=1)
    expected = np.concatenate([rows[:, [2, 0]].mean(axis=1), rows[:, [3, 1]].mean(axis=1)], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-13)


# ----- the receive chain


@pytest.fixture
def chain(random):
    """A transfer function whose factor is zero for one row, and an induction factor."""
    factors = random.normal(size=(CHANNELS, BINS)) + 1j * random.normal(size=(CHANNELS, BINS)) + 3.0
    factors[1, 4] = 0.0
    return factors, np.array([2.0, -0.5])


def test_matrix_and_measurement_are_divided_alike(matrix_data, random, chain, tmp_path):
    factors, induction = chain
    signal = random.normal(size=(5, 1, CHANNELS, POINTS))
    named = {TRANSFER.lstrip("/"): factors, INDUCTION.lstrip("/"): induction}
    flat = (factors * induction[:, None]).reshape(-1)
    kept = np.flatnonzero(flat)
    path = write_matrix(tmp_path / "system.mdf", matrix_data * factors * induction[:, None], (2, 2, 1), **named)
    scan = write_frames(tmp_path / "scan.mdf", signal, [4], **named)
    divide = {"transfer_function": "divide", "induction_factor": "divide"}
    with mpifast.read_mdf(path) as file:
        system = file.system(**divide)
        assert file.system().transfer_function is not None
        with pytest.raises(ValueError, match=r"factor of 1 chosen rows is zero .*select\(transfer_function='divide'\)"):
            file.system(selection=file.select(), **divide)
    assert system.transfer_function is None
    assert str(system.selection.reasons[0, 1, 4]) == "zero factor"
    expected = matrix_data.reshape(4, -1).T[kept] / POINTS
    np.testing.assert_allclose(system.matrix, expected[:, [0, 2, 1, 3]], rtol=1e-12)
    rows = spectra_of(signal)[:, kept] / flat[kept]
    np.testing.assert_allclose(measured(system, scan), rows[:4] - rows[4], atol=1e-12)
    with mpifast.read_mdf(scan) as file:
        np.testing.assert_allclose(file.background(system), rows[4:], atol=1e-12)
    # An empty scanner that was received by another chain.
    other = {TRANSFER.lstrip("/"): 2.0 * factors, INDUCTION.lstrip("/"): induction}
    empty = write_frames(tmp_path / "empty.mdf", 2.0 * signal[4:], **other)
    with mpifast.read_mdf(empty) as file:
        np.testing.assert_allclose(measured(system, scan, background=file), rows[:4] - rows[4], atol=1e-12)


def test_corrected_data_are_not_divided_again(matrix_data, random, chain, tmp_path):
    factors, signal = chain[0] + 1.0, random.normal(size=(2, 1, CHANNELS, POINTS))
    named, corrected = {TRANSFER.lstrip("/"): factors}, {"measurement/isTransferFunctionCorrected": np.int8(1)}
    path = write_matrix(tmp_path / "system.mdf", matrix_data * factors, (2, 2, 1), **named)
    done = write_matrix(tmp_path / "done.mdf", matrix_data, (2, 2, 1), **named, **corrected)
    scan = write_frames(tmp_path / "scan.mdf", signal, **named, **corrected)
    with mpifast.read_mdf(path) as file, mpifast.read_mdf(done) as other:
        divided, before, kept = (file.system(transfer_function="divide"), other.system(), file.system())
    np.testing.assert_allclose(divided.matrix, before.matrix, rtol=1e-12)
    np.testing.assert_allclose(measured(divided, scan), spectra_of(signal), atol=1e-13)
    with pytest.raises(
        ValueError, match=r"isTransferFunctionCorrected is 1.*transfer_function='divide' for the matrix"
    ):
        measured(kept, scan)
    plain = write_frames(tmp_path / "plain.mdf", signal)
    with pytest.raises(ValueError, match="has no /acquisition/receiver/transferFunction that fits its data"):
        measured(divided, plain)
    with pytest.warns(mpifast.SystemWarning, match="different transfer functions"):
        measured(kept, plain)


# ----- weights by the noise


def test_whitening(system, random, tmp_path):
    level = np.linspace(1.0, 5.0, CHANNELS)[:, None]
    signal = level * random.normal(size=(400, 1, CHANNELS, POINTS)) + 7.0
    with mpifast.read_mdf(write_frames(tmp_path / "scan.mdf", signal, np.arange(1, 400))) as file:
        weights = file.whitening(system)
        few = file.whitening(system.select(band=(100e3, 500e3), channels=[1]))
    expected = spectra_of(signal[1:]).std(axis=0)
    np.testing.assert_allclose(weights, expected.min() / expected, rtol=1e-12)
    assert weights.max() == 1.0
    assert 4.0 < np.median(weights[:BINS]) / np.median(weights[BINS:]) < 6.0
    np.testing.assert_allclose(few, few.max() * weights[BINS + 1 : BINS + 6] / weights[BINS + 1 : BINS + 6].max())


def test_noise_that_is_not_known(system, random, tmp_path):
    signal = random.normal(size=(3, 1, CHANNELS, POINTS))
    with (
        mpifast.read_mdf(write_frames(tmp_path / "scan.mdf", signal, [1])) as file,
        pytest.raises(ValueError, match="has one background frame, of which no noise follows: give a file with more"),
    ):
        file.whitening(system)
    signal[:, :, 1] = 1.0
    with (
        mpifast.read_mdf(write_frames(tmp_path / "scan.mdf", signal, [1, 2])) as file,
        pytest.raises(ValueError, match=r"of 13 rows have no noise \(row 13 is the first\): leave them out"),
    ):
        file.whitening(system)


# ----- pairs that do not fit


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("acquisition__gradient", 2.0 * np.diag([1.0, 1.0, -2.0])),
        ("acquisition__drivefield__strength", np.full((1, 2, 1), 14e-3)),
        ("acquisition__drivefield__divider", np.array([[8], [6]])),
    ],
)
def test_pairs_that_do_not_fit(system, random, tmp_path, name, value):
    signal = random.normal(size=(3, 1, CHANNELS, POINTS))
    path = write_frames(tmp_path / "scan.mdf", signal, **{name: value})
    dataset = "/" + name.replace("__", "/")
    text = rf"scan\.mdf does not fit system\.mdf: {dataset} is .*, in the matrix .*"
    with pytest.raises(ValueError, match=rf"{text}; use its own matrix, or force=True"):
        measured(system, path)
    with pytest.warns(mpifast.SystemWarning, match=f"{text}; used by force"):
        found = measured(system, path, force=True)
    np.testing.assert_allclose(found, spectra_of(signal), atol=1e-14)


def test_samples_are_never_forced(system, random, tmp_path):
    path = write_frames(tmp_path / "scan.mdf", random.normal(size=(3, 1, CHANNELS, POINTS)))
    for name, value in (("bandwidth", 1e6), ("numSamplingPoints", np.int64(22))):
        signal = random.normal(size=(3, 1, CHANNELS, 22 if name == "numSamplingPoints" else POINTS))
        path = write_frames(tmp_path / "scan.mdf", signal, **{f"acquisition__receiver__{name}": value})
        with pytest.raises(ValueError, match=rf"does not fit system\.mdf: /acquisition/receiver/{name}.*own matrix$"):
            measured(system, path, force=True)
