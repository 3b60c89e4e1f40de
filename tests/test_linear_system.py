"""Systems of any origin: real equations, complex spectra, selections, products."""

import numpy as np
import pytest

import mpifast


@pytest.fixture
def matrix(random):
    return random.normal(size=(30, 12)) + 1j * random.normal(size=(30, 12))


@pytest.fixture
def labelled(matrix):
    channels, numbers = np.repeat([0, 1], 15), np.tile(np.arange(1, 16), 2)
    return mpifast.linear_system(
        matrix, mpifast.Grid((3, 4), (3e-3, 4e-3)), channels=channels, numbers=numbers, frequencies=1e3 * numbers
    )


def test_complex_rows_are_real_equations_then_imaginary_ones(labelled, matrix):
    np.testing.assert_array_equal(labelled.real, np.concatenate([matrix.real, matrix.imag]))
    assert labelled.equations["part"].tolist() == [0] * 30 + [1] * 30
    np.testing.assert_array_equal(labelled.equations["number"], np.tile(labelled.rows["number"], 2))


@pytest.mark.parametrize(("factor", "part"), [(1, 0), (1j, 1)])
def test_a_part_that_is_zero_throughout_is_left_out(matrix, factor, part):
    system = mpifast.linear_system(factor * matrix.real)
    np.testing.assert_array_equal(system.real, matrix.real)
    assert (system.equations["part"] == part).all()
    assert len(system.equations) == len(system.rows) == 30


def test_a_zero_matrix_keeps_its_real_equations():
    assert mpifast.linear_system(np.zeros((2, 3), complex)).real.shape == (2, 3)


def test_spectra_real_and_complex(labelled, matrix, random):
    c = random.random((5, 12))
    u = c @ matrix.T
    np.testing.assert_allclose(labelled.forward(c), u, rtol=1e-13)
    np.testing.assert_allclose(labelled.spectra(c, dtype="float64"), labelled.to_real(u), rtol=1e-13)
    np.testing.assert_allclose(labelled.to_complex(labelled.to_real(u)), u, rtol=0)


def test_adjoint(labelled, random):
    c = random.normal(size=(1, 12))
    u = random.normal(size=(1, 30)) + 1j * random.normal(size=(1, 30))
    forward, adjoint = labelled.forward(c), labelled.adjoint(u)
    assert np.vdot(forward, u).real == pytest.approx(float((c * adjoint).sum()), rel=1e-12)
    np.testing.assert_allclose(labelled.as_linear_operator() @ c[0], labelled.to_real(forward)[0], rtol=1e-12)


def test_the_other_part_of_complex_spectra_is_ignored_where_no_equation_has_it(system):
    u = mpifast.Spectra(system, seed=7, dtype="float64")[:3][0]
    np.testing.assert_array_equal(system.to_real(5.0 + 1j * u), u)


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        ({"rows": [0, -1]}, [0, 29]),
        ({"rows": np.arange(30) < 2}, [0, 1]),
        ({"channels": [1]}, list(range(15, 30))),
        ({"band": (14e3, None)}, [13, 14, 28, 29]),
        ({"channels": [0], "band": (None, 2e3)}, [0, 1]),
    ],
)
def test_select(labelled, matrix, choice, kept):
    chosen = labelled.select(**choice)
    np.testing.assert_array_equal(chosen.matrix, matrix[kept])
    np.testing.assert_array_equal(chosen.rows, labelled.rows[kept])
    assert chosen.grid == labelled.grid
    assert chosen.fingerprint != labelled.fingerprint


def test_select_refuses_what_leaves_nothing(labelled):
    with pytest.raises(ValueError, match=r"leave no row of LinearSystem\(30 rows.*choose more"):
        labelled.select(band=(1e6, None))
    with pytest.raises(ValueError, match="one flag for each row"):
        labelled.select(np.ones(3, bool))
    with pytest.raises(IndexError, match="rows=30 is out of range"):
        labelled.select([30])


def test_fingerprints_tell_matrix_labels_and_grid_apart(matrix):
    grid = mpifast.Grid((3, 4), (3e-3, 4e-3))
    systems = [
        mpifast.linear_system(matrix),
        mpifast.linear_system(matrix, grid),
        mpifast.linear_system(matrix, grid, channels=np.ones(30, int)),
        mpifast.linear_system(2 * matrix),
        mpifast.linear_system(matrix.real),
    ]
    assert len({system.fingerprint for system in systems}) == len(systems)
    assert mpifast.linear_system(matrix.copy()).fingerprint == systems[0].fingerprint


def test_the_model_is_one_stated_field_of_the_fingerprint():
    arguments = mpifast.Scanner(), mpifast.Particle(40e-9)
    computed, ideal = mpifast.system_matrix(*arguments), mpifast.ideal_system_matrix(*arguments)
    assert (computed.model, ideal.model) == ("langevin", "ideal")
    # Networks and files of earlier versions keep these.
    assert (computed.fingerprint, ideal.fingerprint) == ("ee3da718ff83eef1", "5437e0040508def9")


def test_the_argument_is_neither_copied_nor_closed(matrix):
    system = mpifast.linear_system(matrix)
    assert np.shares_memory(system.matrix, matrix)
    assert matrix.flags.writeable
    assert not system.matrix.flags.writeable


@pytest.mark.parametrize(
    ("array", "options", "error", "message"),
    [
        (np.zeros(3), {}, ValueError, r"array must have two dimensions \[n, voxels\]"),
        (np.zeros((0, 3)), {}, ValueError, "array is empty"),
        ([[1.0, np.nan]], {}, ValueError, r"array is not finite: array\[0, 1\] = nan"),
        ([[1.0, complex(0, np.inf)]], {}, ValueError, "array is not finite"),
        ([["a"]], {}, TypeError, "array must hold real numbers"),
        (np.ones((2, 3)), {"grid": mpifast.Grid((4,), (1.0,))}, ValueError, "grid has 4 voxels, array has 3 columns"),
        (np.ones((2, 3)), {"grid": 3}, TypeError, "grid must be a mpifast.Grid"),
        (np.ones((2, 3)), {"channels": [0]}, ValueError, "one number for each of 2 rows"),
        (np.ones((2, 3)), {"numbers": [0.5, 1.5]}, ValueError, "numbers has shape"),
    ],
)
def test_bad_arrays_are_refused_with_the_cure(array, options, error, message):
    with pytest.raises(error, match=message):
        mpifast.linear_system(array, **options)


def test_an_image_needs_a_grid_and_its_number_of_voxels(matrix, labelled):
    assert labelled.image(np.zeros((2, 12))).shape == (2, 3, 4)
    with pytest.raises(ValueError, match="c has 11 voxels, expected 12"):
        labelled.image(np.zeros((2, 11)))
    with pytest.raises(ValueError, match="the system has no grid"):
        mpifast.linear_system(matrix).image(np.zeros((2, 12)))
