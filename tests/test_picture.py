"""Images as phantoms: resampling, files, orientation."""

import matplotlib.image
import numpy as np
import pytest

import mpifast
from mpifast import phantoms

GRID = mpifast.Grid((6, 4), (6e-3, 4e-3))


def test_an_array_of_the_grids_shape_stays_as_it_is(random):
    pictures = random.random((3, 6, 4)).astype(np.float32)
    drawn = phantoms.images(GRID, pictures).draw(0, [0, 1, 2, 3])
    np.testing.assert_allclose(drawn, pictures[[0, 1, 2, 0]].reshape(4, 24), atol=1e-7)


def test_a_voxel_has_the_mean_over_its_volume(random):
    """Averages of blocks, blocks of one voxel, and the mean of the whole for sizes that do not divide."""
    fine = random.random((12, 20))
    expected = fine.reshape(6, 2, 4, 5).mean(axis=(1, 3)).ravel()
    np.testing.assert_allclose(phantoms.images(GRID, fine).draw(0, [0])[0], expected, atol=1e-7)
    coarse = random.random((3, 2))
    expected = np.kron(coarse, np.ones((2, 2))).ravel()
    np.testing.assert_allclose(phantoms.images(GRID, coarse).draw(0, [0])[0], expected, atol=1e-7)
    odd = random.random((7, 5))
    assert phantoms.images(GRID, odd).draw(0, [0]).mean() == pytest.approx(odd.mean(), abs=1e-6)


def test_picture_files_have_x_to_the_right_and_y_upwards(tmp_path):
    picture = np.zeros((4, 6))
    picture[0, 5] = 1.0  # above, right
    picture[3, 0] = 0.4
    colours = np.repeat(picture[..., None], 3, axis=2)
    matplotlib.image.imsave(tmp_path / "a.png", colours)
    drawn = phantoms.images(GRID, tmp_path / "a.png").draw(0, [0]).reshape(6, 4)
    assert drawn[5, 3] == pytest.approx(1.0)
    assert drawn[0, 0] == pytest.approx(0.4, abs=2 / 255)
    assert drawn.sum() == pytest.approx(1.4, abs=2 / 255)


def test_files_are_a_list_and_may_be_arrays(tmp_path, random):
    first, second = random.random((6, 4)), random.random((2, 6, 4))
    np.save(tmp_path / "first.npy", first)
    np.save(tmp_path / "second.npy", second)
    both = phantoms.images(GRID, [tmp_path / "first.npy", str(tmp_path / "second.npy")])
    assert both.settings["count"] == 3
    np.testing.assert_allclose(both.draw(0, [2])[0], second[1].ravel(), atol=1e-7)


def test_shuffled_pictures_all_appear(random):
    pictures = random.random((5, 6, 4)).astype(np.float32)
    drawn = phantoms.images(GRID, pictures, shuffle=True).draw(0, range(100))
    assert len(np.unique(drawn, axis=0)) == 5
    assert not np.array_equal(drawn[:5], drawn[5:10])


@pytest.mark.parametrize(
    ("grid", "source", "kind", "message"),
    [
        (GRID, np.full((6, 4), 255), ValueError, "source has values from 255 to 255: scale it to 0 to 1"),
        (GRID, np.full((6, 4), np.nan), ValueError, "source is not finite"),
        (GRID, np.zeros(24), ValueError, r"source has shape \(24,\): give pictures with the 2 axes of the grid"),
        (GRID, np.zeros((0, 6, 4)), ValueError, "source has shape"),
        (GRID, "no-such-file.npy", FileNotFoundError, "no-such-file"),
        (GRID, np.array("text"), TypeError, "source must hold real numbers"),
        (mpifast.Grid((6,), (1e-3,)), "picture.png", ValueError, "is a picture, the grid has 1 axes"),
    ],
)
def test_bad_pictures(grid, source, kind, message):
    with pytest.raises(kind, match=message):
        phantoms.images(grid, source)


def test_pickled_arrays_are_refused(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        phantoms.images(GRID, tmp_path / "objects.npy")
