"""Spectra of generators: built in, objects and functions of users; what is refused."""

import numpy as np
import pytest

import mpifast
from mpifast import phantoms

pytestmark = pytest.mark.filterwarnings("ignore::mpifast.PrecisionWarning")

GRID = mpifast.Grid((4, 6), (15e-3, 18e-3))


@pytest.fixture(scope="module")
def plane():
    """A small Lissajous scanner in a plane."""
    scanner = mpifast.LissajousScanner(GRID, (-2, -2, 4), (18e-3, 20e-3, 0), (60, 50, 1))
    return mpifast.system_matrix(scanner, mpifast.Particle(30e-9), level=1e-2)


def uneven(seed, samples):
    """Grey phantoms by NumPy."""
    return np.array([np.random.default_rng((seed, i)).random(24) for i in samples])


class Stripes:
    """Binary phantoms of a class."""

    grid, binary, settings = GRID, True, {"every": 3}

    def draw(self, seed, samples):
        return (np.arange(24) + samples[:, None] + seed) % 3 == 0


GENERATORS = {
    "vessels": phantoms.vessels(GRID),
    "bars": phantoms.bars(GRID),
    "function": uneven,
    "object": Stripes(),
}


@pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)
def test_spectra_of_a_generator(plane, generator):
    spectra = mpifast.Spectra(plane, seed=7, snr_db=20.0, phantoms=generator, dtype="float64")
    u, c = spectra[:40]
    draw = generator if callable(generator) else generator.draw
    np.testing.assert_array_equal(c, np.asarray(draw(7, np.arange(40)), spectra.phantom_dtype))
    noise = (u - plane.spectra(c, "float64")) / spectra.noise_level
    assert abs(noise.std() - 1.0) < 0.02
    ratio = np.sqrt((plane.spectra(spectra[:256][1], "float64") ** 2).mean()) / spectra.noise_level
    assert abs(20 * np.log10(ratio) - 20.0) < 1.0
    for part in (slice(30, 10, -7), [39, 3, 3], slice(0, 0)):
        for mine, whole in zip(spectra[part], (u, c), strict=True):
            np.testing.assert_array_equal(mine, whole[part])
    np.testing.assert_array_equal(np.concatenate([b[0] for b in spectra.batches(7, stop=40)]), u)
    np.testing.assert_array_equal(spectra[5][1], c[5])
    single = mpifast.Spectra(plane, seed=7, snr_db=20.0, phantoms=generator, dtype="float64", threads=1)
    np.testing.assert_array_equal(single[:40][0], u)


def test_random_voxels_are_the_default(small_system):
    """The same bits by look-up tables, in one sweep and in two."""
    generator = phantoms.random(small_system.grid, density=0.3)
    own = mpifast.Spectra(small_system, seed=7, phantoms=generator)[:50]
    for mine, default in zip(own, mpifast.Spectra(small_system, seed=7, density=0.3)[:50], strict=True):
        np.testing.assert_array_equal(mine, default)


def test_noise_has_one_level_for_all_seeds(plane):
    levels = {mpifast.Spectra(plane, seed=s, snr_db=20.0, phantoms=uneven).noise_level for s in (0, 1)}
    assert len(levels) == 1


def test_settings_and_what_is_shown(plane):
    spectra = mpifast.Spectra(plane, seed=7, phantoms=phantoms.vessels(GRID))
    assert spectra.source().settings["phantoms"] == phantoms.vessels(GRID).settings
    assert "density" not in spectra.source().settings
    assert "seed=7, phantoms='vessels', dtype='float32'" in repr(spectra)
    assert "<th>phantoms</th>" in spectra._repr_html_()
    assert "density" not in spectra._repr_html_()
    named = mpifast.Spectra(plane, phantoms=Stripes()).source().settings["phantoms"]
    assert (named["name"], named["every"], named["binary"]) == ("Stripes", 3, True)
    first, second = (
        mpifast.Spectra(plane, phantoms=lambda seed, samples, power=power: uneven(seed, samples) ** power)
        for power in (1, 2)
    )
    assert first.source().settings != second.source().settings  # functions of one name


def counter():
    """A function that remembers."""
    random = np.random.default_rng(1)
    return lambda seed, samples: random.random((len(samples), 24))


class Nameless:
    """An object without settings."""

    grid, binary = GRID, True

    def draw(self, seed, samples):
        return np.zeros((len(samples), 24), np.uint8)


class Settled(Nameless):
    """Settings that are no JSON."""

    settings = {"array": np.zeros(3)}  # noqa: RUF012


class Grey(Stripes):
    """A liar."""

    binary = False


def constant(value, dtype=None):
    return lambda seed, samples: np.full((len(samples), 24), value, dtype)


BAD = [
    (5, TypeError, r"phantoms must be a generator.*or a function f\(seed, samples\), got 5"),
    (phantoms.blobs(mpifast.Grid((5, 6), (15e-3, 18e-3))), ValueError, "phantoms has 30 voxels.*the system 24"),
    (phantoms.blobs(mpifast.Grid((6, 4), (15e-3, 18e-3))), ValueError, "phantoms are on Grid.*with system.grid"),
    (phantoms.blobs(mpifast.Grid((4, 6), (15e-3, 19e-3))), ValueError, "phantoms are on Grid.*with system.grid"),
    (constant(np.nan), ValueError, "phantoms of .* is not finite"),
    (constant(1e300), ValueError, "as float32 is not finite"),
    (constant(-0.5), ValueError, "gave a concentration of -0.5: concentrations are not negative"),
    (constant(2, np.uint8), ValueError, "gave bytes up to 2: give zeros and ones, or floats"),
    (constant(1, np.int64), TypeError, "gave dtype int64: give uint8"),
    (constant("a"), TypeError, "must hold real numbers"),
    (lambda seed, samples: np.zeros((len(samples), 23)), ValueError, r"gave shape \(8, 23\) for 8 samples, expected"),
    (counter(), ValueError, "gives other phantoms for the same samples"),
    (Nameless(), TypeError, "phantoms has no attribute 'settings': a generator needs grid, binary, settings, draw"),
    (Settled(), TypeError, "phantoms.settings must be a dict of what JSON has"),
    (Grey(), TypeError, "Grey gave dtype uint8, expected float32"),
]


@pytest.mark.parametrize(("generator", "kind", "message"), BAD, ids=[message for *_, message in BAD])
def test_bad_generators(plane, generator, kind, message):
    with pytest.raises(kind, match=message):
        mpifast.Spectra(plane, phantoms=generator)


def test_every_draw_is_checked(plane):
    later = mpifast.Spectra(
        plane, phantoms=lambda seed, samples: np.where(samples[:, None] == 99, np.inf, uneven(seed, samples))
    )
    later[:99]
    with pytest.raises(ValueError, match="is not finite"):
        later[99]


def test_density_beside_phantoms_is_refused(plane):
    with pytest.raises(ValueError, match=r"density=0\.3 is of random phantoms.*leave one out"):
        mpifast.Spectra(plane, density=0.3, phantoms=uneven)
    with pytest.raises(ValueError, match="snr_db=1000"):
        mpifast.Spectra(plane, snr_db=1000, phantoms=uneven)
