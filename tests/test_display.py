"""What objects show of themselves: short in a terminal, a table in a notebook, text escaped."""

import numpy as np
import pytest

import mpifast


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
    assert "diameter=4e-08" in small_system._repr_html_()
    plain = mpifast.linear_system(np.eye(3))._repr_html_()
    assert "<caption>LinearSystem</caption>" in plain
    assert "grid" not in plain


def test_data_sets(small_system):
    shown = mpifast.Spectra(small_system, seed=7, snr_db=20.0)._repr_html_()
    assert "<th>seed</th><td>7</td>" in shown
    assert "<th>snr_db</th><td>20.0</td>" in shown
    assert "snr_db" not in mpifast.Spectra(small_system)._repr_html_()


def test_text_is_escaped(tmp_path, small_system):
    path = tmp_path / "<script>.h5"
    mpifast.Spectra(small_system).save(path, 9)
    assert "<script>" not in mpifast.open_spectra(path)._repr_html_()
    assert "&lt;script&gt;" in mpifast.open_spectra(path)._repr_html_()
