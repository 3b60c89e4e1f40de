"""The published recipes of docs/measured.md run as they stand, on files as a scanner writes them."""

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

import mpifast
from mpifast.cli import main

ROOT = Path(__file__).resolve().parent.parent
if not (ROOT / "docs").exists() or not (ROOT / "examples").exists():
    pytest.skip("the tests run without the checkout around them", allow_module_level=True)
sys.path.insert(0, str(ROOT / "examples"))


def recipes():
    text = (ROOT / "docs" / "measured.md").read_text(encoding="utf-8")
    block = text.split("## Recipes in print", 1)[1].split("```sh\n", 1)[1].split("```", 1)[0]
    return [line for line in block.replace("\\\n", " ").splitlines() if line.startswith("mpifast ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import scanner_files

    folder = tmp_path_factory.mktemp("scan")
    truth = scanner_files.write(folder, voxels=7, level=0.05)
    return folder, truth


def test_there_are_recipes():
    assert len(recipes()) == 7


@pytest.mark.filterwarnings("ignore::mpifast.ConvergenceWarning")  # fixed numbers of sweeps are what they are
@pytest.mark.parametrize("recipe", recipes())
def test_a_recipe_runs_and_finds_the_vessels(folder, monkeypatch, capsys, recipe):
    files, truth = folder
    monkeypatch.chdir(files)
    assert main(shlex.split(recipe)[1:]) == 0
    out = capsys.readouterr().out
    assert ("rows selected" in out) == ("--band 0 inf" not in recipe)
    assert "relative residual" in out
    with mpifast.read_mdf("measurement-reconstruction.mdf") as file:
        images = file.images()[:, :, 0]
    assert len(images) == (1 if "--average 0" in recipe else 20)
    volume = images[0].reshape(truth.shape).transpose()  # x fastest in the file
    assert np.corrcoef(volume.ravel(), truth.ravel())[0, 1] > 0.6


def test_the_default_says_what_it_did(folder, monkeypatch, capsys):
    files, _ = folder
    monkeypatch.chdir(files)
    arguments = "reconstruct measurement.mdf --matrix calibration.mdf --average 0 --out whole --nifti --picture montage"
    assert main(arguments.split()) == 0
    out = capsys.readouterr().out
    for words in ("weights: whitening", "below the band", "alpha", "iterations", "convergence measure", "whole.nii.gz"):
        assert words in out
    again = "reconstruct measurement.mdf --matrix calibration.mdf --average 0 --selection whole.mdf --out again"
    assert main(again.split()) == 0
    with mpifast.read_mdf("whole.mdf") as first, mpifast.read_mdf("again.mdf") as second:
        np.testing.assert_array_equal(first.images(), second.images())
