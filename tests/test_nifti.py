"""NIfTI files, read back by nibabel: values, positions in millimetres, whole files only."""

import gzip

import nibabel
import numpy as np
import pytest

import mpifast

GRIDS = {
    1: mpifast.Grid((5,), (10e-3,), (1e-3,)),
    2: mpifast.Grid((4, 6), (8e-3, 18e-3), (0.0, -2e-3)),
    3: mpifast.Grid((3, 4, 2), (3e-3, 8e-3, 7e-3), (1e-3, -4e-3, 20e-3)),
}


@pytest.mark.parametrize("axes", GRIDS)
@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_values_and_positions(axes, frames, ending, tmp_path, random):
    grid = GRIDS[axes]
    images = random.normal(size=(frames, *grid.shape))
    mpifast.write_nifti(tmp_path / f"images{ending}", images, grid)
    found = nibabel.load(tmp_path / f"images{ending}")
    shape = (*grid.shape, 1, 1)[:3]
    assert found.shape == (shape if frames == 1 else (*shape, frames))
    assert found.get_data_dtype() == np.dtype("<f4")
    values = np.moveaxis(found.get_fdata().reshape(*shape, frames), -1, 0)
    np.testing.assert_array_equal(values.reshape(frames, -1), images.astype(np.float32).reshape(frames, -1))
    numbers = np.stack([*np.indices(shape), np.ones(shape)]).reshape(4, -1)
    positions = np.zeros((grid.voxels, 3))
    positions[:, :axes] = 1e3 * grid.positions
    for affine in (found.affine, found.header.get_qform()):
        np.testing.assert_allclose((affine @ numbers)[:3].T, positions, rtol=1e-6, atol=1e-5)
    assert [int(found.header[name]) for name in ("sform_code", "qform_code")] == [1, 1]
    assert found.header.get_xyzt_units()[0] == "mm"
    assert bytes(found.header["descrip"]).startswith(b"mpifast")


def test_missing_axes_are_as_thick_as_the_smallest_spacing(tmp_path):
    mpifast.write_nifti(tmp_path / "plane.nii", np.ones(24), GRIDS[2])
    assert nibabel.load(tmp_path / "plane.nii").header.get_zooms() == (2.0, 3.0, 2.0)


def test_the_same_images_give_the_same_bytes(tmp_path):
    for name in ("a.nii.gz", "b.nii.gz", "a.nii"):
        mpifast.write_nifti(str(tmp_path / name), np.arange(24), GRIDS[3])
    first, second, plain = ((tmp_path / name).read_bytes() for name in ("a.nii.gz", "b.nii.gz", "a.nii"))
    assert first == second
    assert gzip.decompress(first) == plain
    assert len(plain) == 352 + 4 * 24


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.nii"
    mpifast.write_nifti(path, np.ones(24), GRIDS[3])
    before = path.read_bytes()

    def fail(image, file):
        file.write(b"half")
        raise OSError(28, "no space left")

    monkeypatch.setattr(nibabel.Nifti1Image, "to_stream", fail)
    with pytest.raises(OSError, match=r"no space left.*a\.nii"):
        mpifast.write_nifti(path, np.zeros(24), GRIDS[3])
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.nii"]


LONG = mpifast.Grid((40_000,), (1.0,))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("a.png", np.ones(24), GRIDS[3]), ValueError, r"path='a.png'.*give .nii or .nii.gz"),
        (("a.nii", np.ones(24), "grid"), TypeError, "grid must be"),
        (("a.nii", np.ones(23), GRIDS[3]), ValueError, r"images has shape \(23,\).*\[n, 24\] or \[n, 3, 4, 2\]"),
        (("a.nii", np.ones(6), GRIDS[1]), ValueError, r"one image or several, \[n, 5\]$"),
        (("a.nii", np.full(5, np.nan), GRIDS[1]), ValueError, "images is not finite"),
        (("a.nii", np.full(5, 1j), GRIDS[1]), TypeError, "images must hold real numbers"),
        (("a.nii", np.full(5, 1e39), GRIDS[1]), ValueError, r"1e\+39, too large for float32"),
        (("a.nii", np.ones(40_000), LONG), ValueError, "at most 32,767 frames"),
        (("a.nii", np.ones(2), mpifast.Grid((2,), (1e-40,))), ValueError, "grid has voxels of"),
    ],
)
def test_bad_input(arguments, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        mpifast.write_nifti(*arguments)
    assert not list(tmp_path.iterdir())


def test_a_missing_nibabel_is_named(run_python):
    code = (
        "import sys; sys.modules['nibabel'] = None; import mpifast; "
        "mpifast.write_nifti('a.nii', [1.0], mpifast.Grid((1,), (1.0,)))"
    )
    assert 'write_nifti needs nibabel: python -m pip install "mpifast[nifti]"' in run_python("-c", code).stderr
