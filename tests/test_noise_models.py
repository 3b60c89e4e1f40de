"""Noise models as data sets take them: pure functions of seed and sample, as strong as asked for, kept in stores."""

import hashlib
import json
import pickle

import numpy as np
import pytest

import mpifast
from mpifast import noise, reference
from mpifast._compiled.philox import key
from mpifast.data.noise.draws import WAVES, steps

ROWS = 14


def positive(n):
    """A covariance of rank n."""
    a = np.random.default_rng(1).normal(size=(n, 2 * n)) * np.linspace(0.1, 2.0, n)[:, None]
    return a @ a.T / n


FRAMES = np.random.default_rng(2).normal(size=(9, ROWS)) @ positive(ROWS)
MODELS = {
    "white": noise.white(15.0),
    "level": noise.white(level=0.3),
    "by_channel": noise.by_channel([0.2]),
    "by_row": noise.by_row(np.linspace(0.1, 1.0, ROWS)),
    "coloured": noise.coloured(positive(ROWS), snr_db=12.0),
    "low rank": noise.measured(FRAMES, mean="keep"),
    "shrunk": noise.measured(FRAMES, shrinkage=0.3, snr_db=20.0),
    "many frames": noise.measured(np.random.default_rng(3).normal(size=(60, ROWS))),
    "bootstrap": noise.measured(FRAMES, "bootstrap"),
    "johnson": noise.johnson(0.2, sensitivity=1e-13),
    "drift": noise.drifting(FRAMES[:2], 0.5, length=50),
    "linear": noise.drifting(FRAMES[0], length=50, kind="linear", mean="keep"),
    "sum": noise.white(20.0) + noise.coloured(positive(ROWS)) + noise.drifting(FRAMES[0], snr_db=10.0),
}
every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


@pytest.fixture(scope="module")
def complex_system():
    """Three complex rows of two channels, eight voxels: six real equations."""
    random = np.random.default_rng(4)
    matrix = random.normal(size=(3, 8)) + 1j * random.normal(size=(3, 8))
    rows = mpifast.linear_system(matrix).rows.copy()
    rows["channel"] = 0, 0, 1
    return mpifast.LinearSystem(matrix, rows)


@every_model
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_bits_in_any_slice_order_and_thread(small_system, model, dtype):
    spectra = mpifast.Spectra(small_system, seed=7, noise=model, dtype=dtype)
    u, c = spectra[:150]
    for part in (slice(0, 150, 7), slice(33, 34), slice(140, 3, -9)):
        np.testing.assert_array_equal(spectra[part][0], u[part])
    np.testing.assert_array_equal(spectra[[5, 149, 5]][0], u[[5, 149, 5]])
    np.testing.assert_array_equal(spectra[17][0], u[17])
    for threads in (1, 2, 3):
        other = pickle.loads(pickle.dumps(mpifast.Spectra(small_system, 7, noise=model, dtype=dtype, threads=threads)))
        np.testing.assert_array_equal(other[:150][0], u)
    far = 2**62 - 3
    np.testing.assert_array_equal(spectra[far : far + 3][0][1], spectra[far + 1][0])
    assert u.dtype == dtype
    assert (c == mpifast.Spectra(small_system, seed=7, snr_db=0.0)[:150][1]).all()
    assert not np.array_equal(mpifast.Spectra(small_system, 8, noise=model, dtype=dtype)[:150][0], u)


@every_model
def test_noise_level_is_the_root_mean_square(small_system, model):
    spectra = mpifast.Spectra(small_system, seed=3, noise=model, dtype="float64")
    u, c = spectra[:20_000]
    n = u - small_system.spectra(c, "float64")
    assert np.sqrt(np.square(n).mean()) == pytest.approx(
        spectra.noise_level, rel=0.1 if "drifting" in str(model) else 0.03
    )
    alone = model.draw(small_system, 3, np.arange(300))
    np.testing.assert_allclose(alone, n[:300], atol=1e-6 * np.abs(n).max() + 1e-7)


@pytest.mark.parametrize("system", ["small_system", "complex_system"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_white_is_the_noise_of_snr_db(system, dtype, request):
    system = request.getfixturevalue(system)
    old, new = (
        mpifast.Spectra(system, seed=7, dtype=dtype, **options)
        for options in ({"snr_db": 20.0}, {"noise": noise.white(20.0)})
    )
    np.testing.assert_array_equal(old[:100][0], new[:100][0])
    level = noise.white(level=old.noise_level)
    np.testing.assert_array_equal(mpifast.Spectra(system, seed=7, dtype=dtype, noise=level)[:100][0], old[:100][0])
    assert old.source().settings == new.source().settings
    assert repr(old) == repr(new)


def test_white_noise_is_that_of_the_version_before(system):
    """Thousandths of the normal numbers, which rounding of other processors does not reach."""
    u = system.spectra(np.zeros((50, 129)), snr_db=20.0, seed=7, start=3)
    thousandths = (np.round(u / np.float32(system.noise_level(20.0)), 3) * 1000).astype(np.int16)
    assert hashlib.sha256(thousandths.tobytes()).hexdigest()[:16] == "619cae90aaab90f3"


@pytest.mark.loops
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_draws_are_the_slow_twins(small_system):
    samples = np.array([3, 10**12, 2**62])
    normals = np.array([reference.noise(5, int(i), ROWS, stream=2) for i in samples])
    zero = noise.white(level=0.0)
    levels, chosen = np.linspace(0.1, 1.0, ROWS), positive(ROWS)
    found = (zero + noise.by_row(levels)).draw(small_system, 5, samples)
    np.testing.assert_allclose(found, normals * levels, atol=3e-6)
    found = (zero + noise.coloured(chosen)).draw(small_system, 5, samples)
    np.testing.assert_allclose(found, normals @ np.linalg.cholesky(chosen).T, atol=3e-5)
    found = (zero + noise.measured(FRAMES, "bootstrap", mean="keep")).draw(small_system, 5, samples)
    np.testing.assert_allclose(found, [FRAMES[reference.pick(5, int(i), len(FRAMES), stream=2)] for i in samples], 1e-6)
    found = (zero + noise.drifting(FRAMES[:2], 0.5, length=70)).draw(small_system, 5, samples)
    moved = reference.sway(5, samples, steps(70), 2, stream=2)
    np.testing.assert_allclose(found, 0.5 * moved @ FRAMES[:2], atol=2e-5)


@pytest.mark.loops
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_the_fused_loop_draws_the_same_coloured_noise(small_system):
    model = noise.coloured(positive(ROWS))
    u, c = mpifast.Spectra(small_system, seed=5, noise=model, dtype="float64")[:3]
    alone = model.draw(small_system, 5, range(3))
    np.testing.assert_allclose(u - c.astype(float) @ small_system.real.T, alone, atol=1e-6)


def test_summands_are_independent_and_the_first_keeps_its_bits(small_system):
    first, second = noise.white(20.0), noise.white(20.0)
    one, both = (mpifast.Spectra(small_system, 7, noise=n, dtype="float64") for n in (first, first + second))
    clean = mpifast.Spectra(small_system, 7, dtype="float64")[:5000][0]
    a, b = one[:5000][0] - clean, both[:5000][0] - one[:5000][0]
    assert both.noise_level == pytest.approx(np.sqrt(2) * one.noise_level)
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / np.sqrt(a.size)
    np.testing.assert_allclose(
        (noise.white(level=0.0) + noise.by_row(np.full(ROWS, 2.0))).draw(small_system, 7, [4]),
        [2.0 * reference.noise(7, 4, ROWS, stream=2)],
        atol=1e-5,
    )


@every_model
def test_stores_keep_the_model_and_refuse_another(small_system, model, tmp_path):
    path = tmp_path / "data.zarr"
    spectra = mpifast.Spectra(small_system, seed=7, noise=model)
    spectra.save(path, 40)
    with mpifast.open_spectra(path) as stored:
        np.testing.assert_array_equal(stored[:][0], spectra[:40][0])
        kept = stored.settings
    assert kept["noise_level"] == pytest.approx(spectra.noise_level)
    assert kept.get("noise", model.settings) == json.loads(json.dumps(model.settings))
    spectra.save(path, 40)  # done already
    other = noise.white(level=spectra.noise_level) + noise.white(level=0.0)
    with pytest.raises(FileExistsError, match="noise"):
        mpifast.Spectra(small_system, seed=7, noise=other).save(path, 40)


def test_long_arguments_are_kept_by_their_digest(small_system):
    one, same, other = (noise.coloured(positive(ROWS) * factor) for factor in (1.0, 1.0, 1.0 + 1e-12))
    assert one == same
    assert one != other
    assert hash(one) == hash(same)
    kept = one.settings["terms"][0]["covariance"]
    assert kept["shape"] == [ROWS, ROWS]
    assert len(kept["digest"]) == 32


@pytest.mark.parametrize("name", ["coloured", "sum"])
def test_everything_that_takes_spectra_takes_them_with_any_noise(small_system, name):
    spectra = mpifast.Spectra(small_system, seed=7, noise=MODELS[name])
    u, c = spectra[:60]
    network = mpifast.Network(system=small_system, seed=1)
    network.fit(u, c, epochs=2)
    assert network.predict(u).shape == c.shape
    np.testing.assert_array_equal(np.concatenate([part for part, _ in spectra.batches(25, stop=60)]), u)
    compared = mpifast.compare("tikhonov", spectra, c[:5], seed=7).spectra
    np.testing.assert_allclose(compared, u[:5], atol=1e-4)


@pytest.mark.parametrize("grey", [False, True])
def test_any_phantoms(small_system, grey):
    """Beside the loop of random phantoms: a generator of binary and one of grey phantoms."""

    def phantoms(seed, samples):
        filled = (samples[:, None] + np.arange(11)) % 3 == 0
        return filled.astype(np.float32) / 2 if grey else filled.astype(np.uint8)

    model = MODELS["coloured"]
    u, c = mpifast.Spectra(small_system, 7, noise=model, dtype="float64", phantoms=phantoms)[:4000]
    n = u - small_system.spectra(c, "float64")
    expected = model.draw(small_system, 7, np.arange(4000))
    assert abs(np.corrcoef(n.ravel(), expected.ravel())[0, 1]) > 0.999999  # louder or softer, by its signal
    clean = small_system.spectra(c, "float64")
    assert 20 * np.log10(np.sqrt(np.square(clean).mean() / np.square(n).mean())) == pytest.approx(12.0, abs=0.3)


def test_dask_and_scikit_learn_take_them(small_system):
    from mpifast import cluster

    spectra = mpifast.Spectra(small_system, seed=7, noise=MODELS["sum"])
    u, _ = cluster.as_dask(spectra, 60, chunks=25)
    np.testing.assert_array_equal(u.compute(scheduler="sync"), spectra[:60][0])
    other = mpifast.Spectra(small_system, seed=7, noise=MODELS["coloured"])
    assert cluster.as_dask(other, 60, chunks=25)[0].name != u.name
    found = mpifast.SolverRegressor(small_system, solver="tikhonov").fit(*spectra[:60]).predict(spectra[:5][0])
    assert found.shape == (5, 11)


def test_pytorch_takes_them(small_system):
    torch = pytest.importorskip("torch", reason="PyTorch is in the extra test-all")
    spectra = mpifast.Spectra(small_system, seed=7, noise=MODELS["sum"])
    batches = mpifast.io.torch.IterableSpectra(spectra, batch_size=20, stop=60)
    u = torch.cat([u for u, _ in torch.utils.data.DataLoader(batches, batch_size=None, num_workers=2)])
    np.testing.assert_array_equal(np.sort(u.numpy(), axis=0), np.sort(spectra[:60][0], axis=0))


def test_levels_of_channels_and_complex_rows(complex_system):
    system, samples = complex_system, np.arange(4000)
    n = noise.by_channel([1.0, 3.0]).draw(system, 2, samples)
    np.testing.assert_allclose(n.std(axis=0), [1, 1, 3, 1, 1, 3], rtol=0.06)
    n = noise.by_row([1.0, 2.0, 4.0]).draw(system, 2, samples)
    np.testing.assert_allclose(n.std(axis=0), [1, 2, 4, 1, 2, 4], rtol=0.06)
    n = noise.by_row([1.0, 2.0, 4.0, 0.0, 8.0, 1.0]).draw(system, 2, samples)
    np.testing.assert_allclose(n.std(axis=0), [1, 2, 4, 0, 8, 1], rtol=0.06)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: mpifast.Spectra(s, snr_db=20.0, noise=noise.white(20.0)), ValueError, "give one of the two"),
        (lambda s: mpifast.Spectra(s, noise=20.0), TypeError, "noise must be a model of mpifast.noise.*got 20.0"),
        (lambda s: noise.white(), ValueError, "snr_db=None and level=None: give exactly one"),
        (lambda s: noise.white(20.0, level=1.0), ValueError, "give exactly one"),
        (lambda s: noise.white("loud"), TypeError, "snr_db must be a number"),
        (lambda s: noise.white(level=-1.0), ValueError, "level=-1.0 is out of range"),
        (lambda s: noise.by_row([1.0, -2.0]), ValueError, "levels contains -2.0"),
        (lambda s: noise.by_row([]), ValueError, "levels has shape"),
        (lambda s: noise.by_row([[1.0]]), ValueError, "levels has shape"),
        (lambda s: mpifast.Spectra(s, noise=noise.by_row([1.0, 2.0])), ValueError, "2 numbers, the system 14 rows"),
        (lambda s: mpifast.Spectra(s, noise=noise.by_channel([1, 2])), ValueError, "2 numbers, the system 1 channels"),
        (lambda s: mpifast.Spectra(s, noise=noise.by_row([0.0] * 14, snr_db=3.0)), ValueError, "cannot be scaled"),
        (lambda s: noise.white(20.0) + 1.0, TypeError, "unsupported operand"),
        (lambda s: noise.white(20.0).draw(s, -1, [0]), ValueError, "seed=-1 is out of range"),
        (lambda s: noise.white(20.0).draw(s, 1, [-1]), ValueError, "samples has samples from -1"),
        (lambda s: noise.coloured(np.ones((2, 3))), ValueError, r"covariance has shape \(2, 3\): give a square"),
        (lambda s: noise.coloured([[1.0, np.nan], [0.0, 1.0]]), ValueError, "not finite"),
        (lambda s: noise.coloured([[1.0, 0.5], [0.1, 1.0]]), ValueError, "differ: give a symmetric"),
        (lambda s: noise.coloured([[1.0, 1j], [1j, 1.0]]), ValueError, "Hermitian"),
        (lambda s: mpifast.Spectra(s, noise=noise.coloured(np.eye(3))), ValueError, r"shape \(3, 3\), the system 14"),
        (lambda s: mpifast.Spectra(s, noise=noise.coloured(-np.eye(14))), ValueError, "variances are not negative"),
        (lambda s: noise.measured(np.ones((1, 14))), ValueError, "at least 2"),
        (lambda s: noise.measured(np.ones(14)), ValueError, "two dimensions"),
        (lambda s: noise.measured(FRAMES, "gauss"), ValueError, "method='gauss' is unknown"),
        (lambda s: noise.measured(FRAMES, "bootstrap", shrinkage=0.5), ValueError, "shrinkage=0.5 is of method"),
        (lambda s: noise.measured(FRAMES, shrinkage=2.0), ValueError, "shrinkage=2.0 is out of range"),
        (lambda s: mpifast.Spectra(s, noise=noise.measured(FRAMES[:, :3])), ValueError, "3 real columns"),
        (lambda s: noise.drifting([1.0], length=1), ValueError, "length=1 is out of range"),
        (lambda s: noise.drifting([1.0], kind="wild"), ValueError, "kind='wild' is unknown"),
        (lambda s: noise.johnson(-1.0), ValueError, "resistance contains -1.0"),
        (lambda s: noise.johnson(1.0, sensitivity=0.0), ValueError, "sensitivity contains 0.0"),
        (lambda s: noise.johnson(1.0, averages=2, bandwidth=3.0), ValueError, "averages=2 beside bandwidth=3.0"),
        (lambda s: mpifast.Spectra(np.eye(3), noise=noise.johnson(1.0)), ValueError, "give johnson the period"),
        (lambda s: mpifast.Spectra(s, noise=noise.johnson([1.0, 2.0])), ValueError, "resistance has 2 numbers"),
    ],
)  # fmt: skip
def test_bad_arguments(small_system, call, error, message):
    with pytest.raises(error, match=message):
        call(small_system)


def test_no_argument_is_changed_or_kept(small_system):
    levels, covariance, frames = np.ones(ROWS), positive(ROWS), FRAMES.copy()
    models = [noise.by_row(levels), noise.coloured(covariance), noise.measured(frames), noise.drifting(frames[0])]
    before = [model.draw(small_system, 1, [3]) for model in models]
    for array in (levels, covariance, frames):
        array[:] = np.nan
    for model, expected in zip(models, before, strict=True):
        np.testing.assert_array_equal(model.draw(small_system, 1, [3]), expected)


def test_phases_of_a_drift_are_those_of_no_sample():
    words = np.random.Philox(key=key(5), counter=[0, 2**63, 2, 0]).random_raw(WAVES)
    np.testing.assert_array_equal(words, reference.random_words(5, 2**63, 2, WAVES))


def test_a_random_drift_has_the_correlation_it_states(small_system):
    """The mean over many seeds, and of what the cosines give exactly."""
    length, distance = 100, np.arange(0, 2001, 10)
    turns = np.outer(distance, steps(length).astype(float) / 2.0**64)
    stated = np.exp(-(distance**2) / (2 * length**2))
    error = np.abs(np.cos(2 * np.pi * turns).mean(axis=1) - stated)
    assert error[distance <= 5 * length].max() < 0.02
    assert error.max() < 0.06
    model = noise.drifting(np.ones(ROWS), length=length)
    d = np.array([model.draw(small_system, seed, [0, 50, 100, 300], threads=1)[:, 0] for seed in range(600)])
    np.testing.assert_allclose(np.square(d).mean(axis=0), 1.0, atol=5 * np.sqrt(2 / 600))
    np.testing.assert_allclose(
        (d[:, :1] * d).mean(axis=0), np.exp(-np.array([0, 0.25, 1, 9]) / 2), atol=5 / np.sqrt(600)
    )
