"""Phantom generators: phantom i as a pure function, on any grid; the painting loops against their slow twins."""

import pickle

import numpy as np
import pytest

import mpifast
from mpifast import phantoms, reference
from mpifast.data.phantoms import _painting_loops as loops
from mpifast.data.phantoms.generator import axes_of, uniform_numbers

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")  # of Philox in plain Python

GRIDS = {
    "line": mpifast.Grid((24,), (24e-3,), (5e-3,)),
    "plane": mpifast.Grid((24, 20), (24e-3, 22e-3), (1e-3, -2e-3)),
    "space": mpifast.Grid((12, 10, 8), (24e-3, 20e-3, 18e-3)),
}
SQUARE = mpifast.Grid((40, 40), (24e-3, 24e-3))


def every(grid):
    """One generator of each kind, some in both types."""
    pictures = np.random.default_rng(3).random((3, *[5] * len(grid.shape)))
    return [
        phantoms.random(grid, density=0.3),
        phantoms.points(grid),
        phantoms.points(grid, count=2, radius=(2e-3, 4e-3), binary=False),
        phantoms.bars(grid),
        phantoms.bars(grid, width=4e-3, binary=False),
        phantoms.letters(grid, "I", scale=(0.8, 1.0)),
        phantoms.letters(grid, None, scale=1.0, length=1, binary=False),
        phantoms.ellipses(grid),
        phantoms.ellipses(grid, binary=True),
        phantoms.vessels(grid),
        phantoms.vessels(grid, generations=4, stenosis=1.0, binary=True),
        phantoms.resolution(grid),
        phantoms.resolution(grid, pitches=[4e-3], shape="spheres", binary=False),
        phantoms.blobs(grid),
        phantoms.blobs(grid, count=2, width=3e-3, binary=True),
        phantoms.images(grid, pictures),
        phantoms.images(grid, pictures, shuffle=True, binary=True),
    ]


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_phantom_i_is_a_pure_function_of_the_seed_and_i(grid):
    samples = [0, 5, 2**40, 1, 2, 3]
    for generator in every(grid):
        drawn = generator.draw(11, samples, threads=2)
        assert drawn.dtype == generator.dtype == (np.uint8 if generator.binary else np.float32), generator
        assert drawn.shape == (6, grid.voxels)
        assert drawn.min() >= 0.0
        assert 0.0 < drawn.max() <= 1.0, generator
        for i in range(6):
            np.testing.assert_array_equal(generator.draw(11, [samples[i]], threads=1)[0], drawn[i], str(generator))
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(generator)).draw(11, samples), drawn)
        if generator.options.get("shuffle", True):
            assert not np.array_equal(generator.draw(12, samples), drawn), generator
            assert len(np.unique(drawn, axis=0)) > 1, generator


def test_any_length_of_a_draw_gives_the_same():
    """More samples than are painted together, and none."""
    for generator in (phantoms.vessels(GRIDS["plane"]), phantoms.ellipses(GRIDS["plane"])):
        drawn = generator.draw(3, range(300))
        np.testing.assert_array_equal(generator.draw(3, range(250, 300)), drawn[250:])
        assert generator.draw(3, []).shape == (0, 480)


def test_settings_tell_generators_apart():
    settings = [str(generator.settings) for generator in every(GRIDS["plane"])]
    assert len(set(settings)) == len(settings)
    assert phantoms.bars(SQUARE) == phantoms.bars(SQUARE)
    assert phantoms.bars(SQUARE) != phantoms.bars(GRIDS["plane"])
    assert phantoms.bars(SQUARE, width=1e-3) != phantoms.bars(SQUARE)
    with pytest.raises(AttributeError):
        phantoms.bars(SQUARE).binary = False


@pytest.mark.parametrize("make", [phantoms.ellipses, phantoms.vessels, phantoms.blobs, phantoms.resolution])
def test_binary_phantoms_are_grey_ones_cut_at_a_half(make):
    grey, binary = (make(GRIDS["plane"], binary=flag).draw(5, range(4)) for flag in (False, True))
    np.testing.assert_array_equal(binary, grey >= 0.5)


def test_sizes_are_physical():
    """The same phantom on a finer grid is the same picture, but for its edges."""
    coarse, fine = (mpifast.Grid((n, n), (24e-3, 24e-3)) for n in (20, 80))
    for make in (phantoms.ellipses, phantoms.blobs, phantoms.bars):
        small = make(coarse, binary=False).draw(5, range(6)).reshape(6, 20, 20)
        large = make(fine, binary=False).draw(5, range(6)).reshape(6, 20, 4, 20, 4).mean(axis=(2, 4))
        assert np.abs(small - large).mean() < 0.02


@pytest.mark.loops
def test_random_numbers_are_those_of_the_slow_twin():
    numbers = uniform_numbers(9, np.array([4, 2**50]), 7, 2)
    for sample, row in zip([4, 2**50], numbers, strict=True):
        np.testing.assert_array_equal(row, reference.uniform(9, sample, 7))


def boxes(random, count, shapes):
    """Random solids: centres, radii, axes, values, some of them absent."""
    axes = np.linalg.qr(random.normal(size=(count, shapes, 3, 3)))[0].reshape(count, shapes, 9)
    center = random.uniform(-10e-3, 10e-3, (count, shapes, 3))
    radii = random.uniform(0.5e-3, 8e-3, (count, shapes, 3))
    return np.concatenate([center, radii, axes, random.uniform(-0.3, 1.0, (count, shapes, 1))], axis=2)


@pytest.mark.loops
@pytest.mark.parametrize("round_", [False, True], ids=["boxes", "ellipsoids"])
def test_solids_are_the_slow_twin(random, round_):
    grid, shapes = mpifast.Grid((6, 7, 5), (20e-3, 21e-3, 22e-3)), boxes(random, 3, 6)
    axes, images = axes_of(grid), np.zeros((3, *grid.shape), np.float32)
    loops.paint_solids(shapes, *axes, 3e-3, round_, images, 2, threads=2)
    for image, part in zip(images, shapes, strict=True):
        expected = reference.solids(part, grid.positions, 3e-3, round_)
        np.testing.assert_allclose(image.ravel(), expected, atol=1e-6)
        assert expected.max() > 0.2


@pytest.mark.loops
def test_tubes_are_the_slow_twin(random):
    grid = mpifast.Grid((6, 7, 5), (20e-3, 21e-3, 22e-3))
    tubes = np.concatenate([random.uniform(-12e-3, 12e-3, (3, 8, 6)), random.uniform(0, 4e-3, (3, 8, 2))], axis=2)
    axes, images = axes_of(grid), np.zeros((3, *grid.shape), np.float32)
    loops.paint_tubes(tubes, *axes, 3e-3, images, 2, threads=2)
    for image, part in zip(images, tubes, strict=True):
        expected = reference.tubes(part, grid.positions, 3e-3)
        np.testing.assert_allclose(image.ravel(), expected, atol=1e-6)
        assert expected.max() > 0.3


BAD = [
    (lambda: phantoms.vessels(5), TypeError, "grid must be a mpifast.Grid, got 5"),
    (lambda: phantoms.vessels(SQUARE, generations=9), ValueError, "generations=9.*from 1 to 8"),
    (lambda: phantoms.vessels(SQUARE, radius=0.0), ValueError, "radius=0.0 is out of range"),
    (lambda: phantoms.vessels(SQUARE, radius=1.0), ValueError, "radius=1.0 is out of range.*0.024 m"),
    (lambda: phantoms.vessels(SQUARE, radius=(2e-3, 1e-3)), ValueError, r"radius\[1\]=0.001"),
    (lambda: phantoms.vessels(SQUARE, stenosis=np.nan), ValueError, "stenosis=nan"),
    (lambda: phantoms.vessels(SQUARE, binary=1), TypeError, "binary must be True or False"),
    (lambda: phantoms.blobs(SQUARE, count=0), ValueError, "count=0"),
    (lambda: phantoms.blobs(SQUARE, count=(3, 2)), ValueError, r"count\[1\]=2"),
    (lambda: phantoms.blobs(SQUARE, count=(1, 2, 3)), ValueError, r"count=\(1, 2, 3\): give a number"),
    (lambda: phantoms.blobs(SQUARE, width="wide"), TypeError, "width must be a number"),
    (lambda: phantoms.bars(SQUARE, length=-1e-3), ValueError, "length=-0.001"),
    (lambda: phantoms.points(SQUARE, radius=[1e-3]), ValueError, r"radius=\[0.001\]: give a number"),
    (lambda: phantoms.ellipses(SQUARE, count=10**6), ValueError, "count=1000000.*from 1 to 1000"),
    (lambda: phantoms.random(SQUARE, 1.5), ValueError, "density=1.5"),
    (lambda: phantoms.resolution(SQUARE, shape="stars"), ValueError, "shape='stars' is unknown: choose"),
    (lambda: phantoms.resolution(SQUARE, pitches=[10e-3]), ValueError, r"pitches=\[0.01\] do not fit.*0.3 times"),
    (lambda: phantoms.resolution(SQUARE, pitches=[]), ValueError, "pitches has 0 entries"),
    (lambda: phantoms.resolution(SQUARE, pitches=[0.0]), ValueError, r"pitches\[0\]=0.0"),
    (lambda: phantoms.bars(SQUARE).draw(-1, [0]), ValueError, "seed=-1"),
    (lambda: phantoms.bars(SQUARE).draw(1, [0.5]), TypeError, "samples must be one-dimensional and of integers"),
    (lambda: phantoms.bars(SQUARE).draw(1, [-1]), ValueError, "samples has samples from -1 to -1"),
]


@pytest.mark.parametrize(("call", "kind", "message"), BAD, ids=[message for *_, message in BAD])
def test_bad_arguments(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
