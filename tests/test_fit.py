"""Transfer functions fitted to measured systems, and a simulation that replaces a calibration."""

import numpy as np
import pytest
from scanner_systems import lissajous, system_of

import mpifast


def delay(frequency, channel):
    return (1.0 + channel) * np.exp(-2j * np.pi * frequency * 0.4e-6) / (1.0 + 1j * frequency / 200e3)


@pytest.fixture(scope="module")
def simulated():
    return system_of("cosines")


@pytest.fixture(scope="module")
def factors(simulated):
    return delay(simulated.rows["frequency"], simulated.rows["channel"])


@pytest.fixture
def noise(simulated, factors, random):
    """Complex noise of a twentieth of the rms of each row behind the receive chain."""
    size = simulated.matrix.shape
    white = random.normal(size=size) + 1j * random.normal(size=size)
    rms = np.sqrt(np.mean(np.abs(simulated.matrix * factors[:, None]) ** 2, axis=1, keepdims=True))
    return 0.05 / np.sqrt(2) * rms * white


def like(system, matrix):
    labels = {f"{name}s": system.rows[name] for name in ("channel", "number")}
    return mpifast.linear_system(matrix, system.grid, frequencies=system.rows["frequency"], **labels)


@pytest.mark.parametrize("robust", [True, False])
def test_a_known_transfer_function_is_recovered(simulated, factors, robust):
    fit = mpifast.fit_transfer_function(simulated.with_transfer_function(delay), simulated, robust=robust)
    signal = np.abs(simulated.matrix).max(axis=1) > 0.0
    np.testing.assert_array_equal(fit.kept, signal)
    np.testing.assert_allclose(fit.values[signal], factors[signal], rtol=1e-11)
    np.testing.assert_allclose(fit.similarity[signal], 1.0, rtol=1e-12)
    assert fit.residual[signal].max() < 1e-11
    np.testing.assert_array_equal(fit.rows, simulated.rows)
    fitted = fit.apply(simulated)
    assert isinstance(fitted, mpifast.ScannerSystem)
    np.testing.assert_allclose(fitted.transfer_function, factors[signal], rtol=1e-11)


def test_rows_in_single_precision_settle(random, monkeypatch):
    """A few sweeps of the reweighting, and not all of them for the rounding."""
    x, e = random.normal(size=(2, 6, 20_000, 2)).astype(np.float32).view(np.complex64)[..., 0]
    monkeypatch.setattr("mpifast.physics.receive.fit.SWEEPS", 12)
    few = mpifast.fit_transfer_function(2j * x + 0.01 * e, x).values
    monkeypatch.setattr("mpifast.physics.receive.fit.SWEEPS", 13)
    np.testing.assert_array_equal(mpifast.fit_transfer_function(2j * x + 0.01 * e, x).values, few)


def test_least_squares_is_that_of_numpy(simulated, factors, noise):
    measured = simulated.matrix * factors[:, None] + noise
    fit = mpifast.fit_transfer_function(measured, simulated.matrix, robust=False)
    for row in range(0, len(factors), 37):
        x, y = simulated.matrix[row], measured[row]
        (value,), (error,) = np.linalg.lstsq(x[:, None], y, rcond=None)[:2]
        assert fit.values[row] == pytest.approx(value, rel=1e-12)
        assert fit.residual[row] == pytest.approx(np.sqrt(error) / np.linalg.norm(y), rel=1e-9)
        assert fit.similarity[row] == pytest.approx(abs(np.vdot(x, y)) / np.linalg.norm(x) / np.linalg.norm(y))


def test_voxels_that_are_wrong_do_not_count(simulated, factors):
    measured = simulated.matrix * factors[:, None]
    measured[:, [3, 17]] = 10.0 * np.abs(measured).max()
    exact = mpifast.fit_transfer_function(measured, simulated.matrix)
    least = mpifast.fit_transfer_function(measured, simulated.matrix, robust=False)
    full = (np.abs(simulated.matrix) > 1e-3 * np.abs(simulated.matrix).max(axis=1, keepdims=True)).sum(axis=1) == 24
    assert full.sum() > 50
    np.testing.assert_allclose(exact.values[full], factors[full], rtol=1e-9)
    assert np.median(np.abs(least.values[full] / factors[full] - 1.0)) > 1.0


def test_noise_and_wrong_voxels(simulated, factors, noise):
    measured = simulated.matrix * factors[:, None] + noise
    clean = mpifast.fit_transfer_function(measured, simulated.matrix)
    least = mpifast.fit_transfer_function(measured, simulated.matrix, robust=False)
    measured[:, 5] *= 30.0
    fit = mpifast.fit_transfer_function(measured, simulated.matrix)
    spread = [np.sqrt(np.mean(np.abs(found.values / factors - 1.0) ** 2)) for found in (least, clean, fit)]
    assert spread[0] == pytest.approx(0.05 / np.sqrt(24), rel=0.15)  # sigma over the root of the voxels
    assert spread[1] < 1.2 * spread[0]
    assert spread[2] < 2.0 * spread[0]


def test_rows_of_another_tracer_have_a_low_similarity(simulated):
    other = mpifast.system_matrix(simulated.scanner, mpifast.Particle(15e-9))
    fit = mpifast.fit_transfer_function(other, simulated, similarity=0.9)
    own = mpifast.fit_transfer_function(simulated.with_transfer_function(delay), simulated, similarity=0.9)
    assert own.kept.all()
    assert 0.05 < fit.kept.mean() < 0.9
    assert (fit.similarity[~fit.kept] < 0.9).all()
    assert fit.residual[~fit.kept].min() > np.sqrt(1.0 - 0.9**2) - 1e-9
    assert len(fit.apply(simulated).rows) == fit.kept.sum()


def test_rows_belong_together_by_channel_and_frequency(simulated, random):
    order = random.permutation(len(simulated.rows))[: len(simulated.rows) - 40]
    measured = like(simulated, simulated.with_transfer_function(delay).matrix)
    shuffled = mpifast.linear_system(
        measured.matrix[order],
        channels=measured.rows["channel"][order],
        numbers=np.arange(len(order)),  # which do not count where both know their frequencies
        frequencies=measured.rows["frequency"][order] * (1.0 + 1e-9),
    )
    fit = mpifast.fit_transfer_function(shuffled, simulated)
    factors = delay(fit.rows["frequency"], fit.rows["channel"])
    assert len(fit.rows) == len(order)
    np.testing.assert_allclose(fit.values, factors, rtol=1e-9)
    # The rows of both for the same images, in the same order.
    fitted, places = fit.apply(simulated), fit.rows_in(shuffled)
    np.testing.assert_allclose(
        shuffled.matrix[places], fitted.matrix, rtol=1e-9, atol=1e-12 * np.abs(fitted.matrix).max()
    )


def test_rows_of_unknown_frequency_belong_together_by_number():
    first, second = np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([[4.0, 2.0], [1.0, 1.0], [1j, 2j]])
    measured = mpifast.linear_system(first, numbers=[5, 9])
    fit = mpifast.fit_transfer_function(measured, mpifast.linear_system(second, numbers=[9, 3, 5]))
    assert fit.rows["number"].tolist() == [9, 5]
    np.testing.assert_allclose(fit.values, [0.5, -1j])


def test_rows_of_zeros_are_not_kept():
    fit = mpifast.fit_transfer_function([[0.0, 0.0], [1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0], [0.0, 0.0], [2.0, 4.0]])
    assert fit.kept.tolist() == [False, False, True]
    assert fit.similarity.tolist() == [0.0, 0.0, pytest.approx(1.0)]
    assert fit.residual.tolist() == [1.0, 1.0, pytest.approx(0.0, abs=1e-15)]
    np.testing.assert_allclose(fit.values, [0.0, 0.0, 0.5])


def test_tiny_and_huge_rows():
    row = np.array([[1.0, 2.0, -1.0]])
    fit = mpifast.fit_transfer_function(1e-250 * row, 1e250 * row)
    assert fit.values[0] == 0.0  # below the range of float64
    fit = mpifast.fit_transfer_function(1e-200 * row, 1e-190 * row)
    assert fit.values[0] == pytest.approx(1e-10)


def test_it_shows_itself(simulated):
    fit = mpifast.fit_transfer_function(simulated, simulated)
    assert repr(fit) == f"TransferFunctionFit({len(fit.rows)} of {len(fit.rows)} rows kept, similarity 1)"
    assert "<th>similarity</th><td>1</td><td>1</td>" in fit._repr_html_()
    with pytest.raises(ValueError, match="read-only"):
        fit.values[0] = 0.0


@pytest.mark.parametrize(
    ("measured", "simulated", "options", "error", "message"),
    [
        (
            np.ones((2, 3)),
            np.ones((2, 4)),
            {},
            ValueError,
            "measured has 3 voxels, simulated 4: simulate in the voxels",
        ),
        ("x", np.ones((2, 4)), {}, TypeError, "measured must be a system or"),
        (np.ones((2, 3)), [[np.nan] * 3], {}, ValueError, "is not finite"),
        (np.ones((2, 3)), np.ones((2, 3)), {"similarity": 1.1}, ValueError, "similarity=1.1 is out of range"),
        (np.ones((2, 3)), np.ones((2, 3)), {"robust": 1}, TypeError, "robust"),
    ],
)
def test_bad_arguments(measured, simulated, options, error, message):
    with pytest.raises(error, match=message):
        mpifast.fit_transfer_function(measured, simulated, **options)


def test_systems_that_do_not_fit(simulated):
    shifted = lissajous(mpifast.Grid((4, 6), (15e-3, 18e-3), (1e-3, 0.0)))
    with pytest.raises(ValueError, match=r"on different grids, .*: simulate in the voxels of the measurement"):
        mpifast.fit_transfer_function(mpifast.system_matrix(shifted, simulated.particle, mixing_order=2), simulated)
    with pytest.raises(
        ValueError, match=r"no row of the same channel and frequency .* channels \[0\], .* and channels"
    ):
        mpifast.fit_transfer_function(simulated.select(channels=[0]), simulated.select(channels=[1]))
    twice = mpifast.linear_system(np.ones((2, 3)), numbers=[4, 4])
    with pytest.raises(ValueError, match=r"two rows of channel 0, number 4: choose one of them, with system.select"):
        mpifast.fit_transfer_function(twice, np.ones((2, 3)))
    fit = mpifast.fit_transfer_function(simulated, simulated)
    with pytest.raises(ValueError, match=r"the system lacks \d+ of the \d+ kept rows, e.g. channel 1, number"):
        fit.apply(simulated.select(channels=[0]))
    with pytest.raises(ValueError, match=r"no row is kept: the similarities are 0; fit with a lower similarity="):
        mpifast.fit_transfer_function(np.zeros((2, 3)), np.ones((2, 3))).apply(np.ones((2, 3)))


def test_a_simulation_fitted_to_a_calibration_file(tmp_path, random):
    """From a noisy calibration of another tracer behind a receive chain to images."""
    pytest.importorskip("h5py")
    grid = mpifast.Grid((8, 8), (24e-3, 24e-3))
    scanner = mpifast.LissajousScanner(grid)
    tracer = mpifast.Particle(22e-9, relaxation=mpifast.Debye(1e-6))
    coil = mpifast.system_matrix(scanner, tracer, mixing_order=9)
    notch = mpifast.receive.notch(scanner, 2e3)
    truth = coil.with_transfer_function(lambda f, channel: delay(f, channel) * notch(f))

    def noisy(u, snr_db):
        level = truth.noise_level(snr_db)
        return u + level * (random.normal(size=u.shape) + 1j * random.normal(size=u.shape))

    mpifast.write_mdf(
        tmp_path / "calibration.mdf",
        like(truth, noisy(truth.matrix, 50.0)),
        metadata={"/acquisition/gradient": np.diag([-1.0, -1.0, 2.0])[None, None]},
    )
    with mpifast.read_mdf(tmp_path / "calibration.mdf") as file:
        measured = file.system()
    simulated = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), band=(60e3, None), mixing_order=9)
    fit = mpifast.fit_transfer_function(measured, simulated, similarity=0.8)
    assert 0.3 < fit.kept.mean() < 1.0
    c = mpifast.Spectra(truth, phantoms=mpifast.phantoms.ellipses(grid), seed=1, dtype="float64")[:10][1]
    u = noisy(truth.forward(c), 40.0)[:, fit.rows_in(measured)]
    errors = [
        mpifast.metrics.nrmse(mpifast.tikhonov(system, u, alpha=1e-2, relative=True), c)
        for system in (
            measured.select(fit.rows_in(measured)),
            fit.apply(simulated),
            simulated.select(fit.rows_in(simulated)),
        )
    ]
    assert errors[1] < 1.5 * errors[0]
    assert errors[2] > 2.0 * errors[1]
