"""What objects show of themselves: short in a terminal, a table in a notebook, text escaped."""

import re
import warnings

import numpy as np
import pytest

import mpifast
from mpifast import _display, _pictures
from mpifast.physics.linear_system import ROW
from mpifast.physics.view import _strongest

GRID = mpifast.Grid((6, 5), (24e-3, 18e-3), (1e-3, 0.0))
SCANNER = mpifast.LissajousScanner(GRID, drive_amplitude=(12e-3, 9e-3, 0.0))


U = np.ones((7, 26))


def facts(thing):
    """The table of a thing as a dict."""
    cells = re.findall("<tr><th>(.*?)</th><td>(.*?)</td></tr>", thing._repr_html_())
    assert cells
    return dict(cells)


def titles(thing):
    """The titles of its pictures."""
    return re.findall('<img src="data:image/png;base64,[^"]*" alt="(.*?)"', thing._repr_html_())


def test_solutions_are_short(small_system, small):
    fit = mpifast.tikhonov(small_system, small, full_output=True)
    assert repr(fit).startswith("Solution(35 images of 11 voxels, parameter ")
    assert repr(fit).endswith(", 35 converged)")
    assert len(repr(fit)) < 120
    assert "<th>residual</th>" in fit._repr_html_()
    empty = mpifast.tikhonov(small_system, small[:0], full_output=True)
    assert repr(empty) == "Solution(0 images of 11 voxels, parameter none, residual none, 0 converged)"


def test_unconverged_solutions_say_so(small_system, small):
    with pytest.warns(mpifast.ConvergenceWarning):
        fit = mpifast.sparse(small_system, small, iterations=3, full_output=True)
    assert repr(fit).endswith(", 0 converged)")
    assert "<th>iterations</th><td>3</td>" in fit._repr_html_()
    assert "<td>0 of 35</td>" in fit._repr_html_()


def test_systems(small_system):
    assert "<th>voxels</th><td>11</td>" in small_system._repr_html_()
    assert facts(small_system)["particle"].startswith("diameter 40 nm, saturation magnetization 477.5 kA/m")
    assert titles(small_system) == [""]
    plain = mpifast.linear_system(np.eye(3))._repr_html_()
    assert "<caption>LinearSystem</caption>" in plain
    assert "grid" not in plain


def test_data_sets(small_system):
    shown = mpifast.Spectra(small_system, seed=7, snr_db=20.0)._repr_html_()
    assert "<th>seed</th><td>7</td>" in shown
    assert "<th>snr_db</th><td>20.0</td>" in shown
    assert "snr_db" not in mpifast.Spectra(small_system)._repr_html_()
    assert facts(mpifast.Spectra(small_system))["memory"] == "none; 1,000 samples take 67 kB"


def test_text_is_escaped(tmp_path, small_system):
    path = tmp_path / "<script>.h5"
    mpifast.Spectra(small_system).save(path, 9)
    assert "<script>" not in mpifast.open_spectra(path)._repr_html_()
    assert "&lt;script&gt;" in mpifast.open_spectra(path)._repr_html_()


def test_a_table_computes_nothing():
    system = mpifast.system_matrix(SCANNER, mpifast.Particle(20e-9), level=1e-3)
    part = mpifast.system_matrix(SCANNER, mpifast.Particle(20e-9), mixing_order=3)
    patches = mpifast.MultiPatch([(part, (0.0, 0.0))])
    for shown in (system, patches, mpifast.Spectra(system, dtype="float64")):
        html = shown._repr_html_() + repr(shown)
        assert "<img" not in html
        assert "20 nm" in html or "ScannerSystem" in html
    assert facts(system)["memory"] == "matrix not computed"
    assert facts(part)["memory"] == "matrix not computed, would take 12.5 kB"
    assert not {"matrix", "real", "rows", "svd", "route", "parts"} & vars(system).keys()
    assert not {"matrix", "real", "svd"} & vars(part).keys()
    assert not {"model"} & vars(part.route).keys()
    assert not {"pieces", "real", "matrix"} & vars(patches).keys()


def test_a_large_matrix_is_not_read():
    matrix = np.lib.stride_tricks.as_strided(np.ones(1), (2**12, 2**28), (0, 0))  # eight terabytes, if it were read
    system = mpifast.LinearSystem(matrix, np.zeros(2**12, ROW))
    assert repr(system) == "LinearSystem(4096 rows, 268435456 voxels)"
    assert facts(system)["memory"] == "matrix float64, 8.8 TB"
    assert "real equations" not in facts(system)
    assert _strongest(np.diag([1, 9, 3, 8, 4, 7, 5, 6]), 4) == [2, 4, 6]  # among four of eight


@pytest.fixture(scope="module")
def computed():
    """A system on two axes whose matrix is there."""
    scanner = mpifast.LissajousScanner(GRID, drive_amplitude=(12e-3, 0.0, 0.0), channels=("x", "y"))
    system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), band=(20e3, 340e3))
    assert system.real.shape == system.matrix.shape == (26, 30)
    return system


def test_system_functions_of_a_matrix_that_is_there(computed):
    assert titles(computed) == [f"x, {frequency} kHz, imaginary" for frequency in ("24.51", "49.02", "73.529")]
    assert facts(computed)["memory"] == "matrix complex128, 12.5 kB; real float64, 6.24 kB"
    measured = mpifast.linear_system(computed.matrix.astype(np.complex64), GRID)
    assert titles(measured) == [f"channel 0, row {row}, imaginary" for row in range(3)]
    assert titles(mpifast.rotate_rows(computed))[0].startswith("channel 0, ")
    assert titles(mpifast.linear_system(np.eye(30))) == []  # nobody knows where the voxels lie


def test_systems_made_of_systems(computed):
    patches = mpifast.MultiPatch([(computed, (4e-3 * j, 0.0)) for j in range(8)])
    assert facts(patches)["patches"] == "8 with 1 matrix"
    assert facts(patches)["offsets"] == "0, 0 mm; 4, 0 mm; 8, 0 mm; 12, 0 mm; 16, 0 mm; 20, 0 mm; …"
    assert facts(patches)["memory"] == "matrix 0 complex128, 12.5 kB; real 0 float64, 6.24 kB"
    both = facts(mpifast.contrasts([computed, computed]))
    assert both["tracers"] == "2"
    assert both["grid"] == "shape 6 x 5, field of view 24 x 18 mm, spacing 4 x 3.6 mm, center (1, 0) mm"
    assert facts(mpifast.rotate_rows(computed))["remainder"] == "0"


def test_reconstructions(computed):
    images = mpifast.reconstruct(computed, U[:7], "tikhonov", alpha=1.0)
    assert facts(images)["shape"] == "7 x 6 x 5"
    assert titles(images) == ["frame 0", "frame 3", "frame 6"]
    assert images._repr_html_().count("x (mm)") == 3
    assert titles(mpifast.reconstruct(computed, U[:1], "tikhonov", alpha=1.0)) == [""]
    pair = mpifast.reconstruct([computed, computed], U[:2], "tikhonov", alpha=1.0)
    assert titles(pair) == ["tracer 0, frame 0", "tracer 0, frame 1", "tracer 1, frame 1"]
    none = mpifast.reconstruct(computed, U[:0], "tikhonov", alpha=1.0)
    assert titles(none) == []
    volume = mpifast.linear_system(np.eye(24), mpifast.Grid((2, 3, 4), (2e-3, 3e-3, 4e-3)))
    ball = mpifast.reconstruct(volume, np.ones(24), "tikhonov", alpha=0.0)
    assert titles(ball) == ["maximum along z", "maximum along y", "maximum along x"]
    line = mpifast.reconstruct(mpifast.linear_system(np.eye(4)), np.eye(4), "tikhonov", alpha=0.0)
    assert "<span>frame</span>" in line._repr_html_()


def test_networks_show_their_weights_once_they_are_trained(small_system):
    network = mpifast.Network(system=small_system, hidden=(9,), bias=True)
    assert titles(network) == []
    trained = mpifast.Network.from_state(network.state.but(epochs=1))
    assert titles(trained) == ["weights of layer 1", "weights of layer 2"]
    assert ">unit before</span>" in trained._repr_html_()


@pytest.mark.parametrize(
    ("thing", "name", "fact"),
    [
        (GRID, "field of view", "24 x 18 mm"),
        (mpifast.Scanner(), "drive", "32 mT at 20 kHz"),
        (SCANNER, "drive", "12, 9, 0 mT at 24.51, 26.04 kHz"),
        (mpifast.FieldFreeLineScanner(GRID, rotation=2040), "rotation", "1225 Hz"),
        (mpifast.Particle(25e-9, relaxation=mpifast.Debye(1e-6)), "relaxation", "Debye(tau=1e-06, weights=())"),
    ],
)
def test_scanners_and_tracers_have_units(thing, name, fact):
    assert facts(thing)[name] == fact


def test_a_sampled_scanner_is_short():
    turn = 2 * np.pi * np.arange(500) / 500
    drive = np.stack([12e-3 * np.cos(turn), 0 * turn, 0 * turn], axis=1)
    scanner = mpifast.SampledScanner(GRID, drive, 1e-3)
    assert "drive_field=<500 samples>" in repr(scanner)
    assert facts(scanner)["drive"] == "samples of up to 12, 0, 0 mT"
    gradients = np.broadcast_to(np.diag([-1.0, -1.0, 2.0]), (500, 3, 3))
    moving = mpifast.SampledScanner(GRID, drive, 1e-3, gradients)
    assert "gradient=<500 samples>" in repr(moving)
    assert facts(moving)["gradient"] == "one for each sample"


def test_files(tmp_path, computed):
    path = tmp_path / "<b>.mdf"
    mpifast.write_mdf(path, computed)
    with mpifast.read_mdf(path) as file:
        assert facts(file)["grid"] == "6 x 5 x 1 voxels"
        assert facts(file)["tracer"] == file["/tracer/name"][0]
        assert facts(file)["file"].endswith("&lt;b&gt;.mdf")
        system = file.system()
    assert "grid" not in facts(file)  # it is closed
    assert facts(system)["selection"] == "Selection(26 of 26 rows)"
    assert len(titles(system)) == 3


class Broken(_display.Shown):
    """Whose pictures, or facts, raise an error."""

    def __init__(self, facts):
        self.facts = facts

    def _facts(self):
        return {"fact": 1 / self.facts}

    def _pictures(self):
        return _pictures.Pictures([None], 0.0, 1.0, "")


def test_what_fails_is_left_out():
    assert Broken(0)._repr_html_() is None  # a notebook shows the repr
    assert "<th>fact</th><td>1.0</td>" in Broken(1)._repr_html_()
    assert "<img" not in Broken(1)._repr_html_()


def test_pages_are_light_and_dark(computed):
    """No colour of text, no script, nothing that is loaded; warnings would be in the notebook too."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        html = computed._repr_html_()
    assert "<script" not in html
    assert "http" not in html
    assert set(re.findall(r"[;{\"](?:color|background)(?:-color)?:([a-z-]+)", html)) == {"inherit", "linear-gradient"}


def test_long_texts_are_cut():
    assert len(_display.table("", [("name", "x" * 10_000)])) < 400
