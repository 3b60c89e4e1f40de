"""Patches on a joint grid are the dense matrix that NumPy puts together from positions."""

import pickle

import numpy as np
import pytest

import mpifast
from mpifast.physics.combined.offset_fields import placed_by_fields
from mpifast.physics.linear_system import LinearSystem
from mpifast.physics.split_system import SplitSystem
from mpifast.solvers.equations import Equations

STEP = 1e-3
GRID = mpifast.Grid((4, 5), (4e-3, 5e-3), (0.5e-3, 0.0))
OFFSETS = [(0.0, 0.0), (2e-3, -1e-3), (-3e-3, 4e-3), (2e-3, 1e-3)]


def random_system(seed, rows=9, parts=(0, 1), grid=GRID, dtype=np.complex128):
    random = np.random.default_rng(seed)
    real, imag = random.normal(size=(2, rows, grid.voxels))
    matrix = (0 not in parts or real) * real + 1j * imag if 0 in parts else 1j * imag
    numbers = np.arange(1, rows + 1)
    channels = numbers % 2
    return mpifast.linear_system(
        matrix.astype(dtype), grid, channels=channels, numbers=numbers, frequencies=1e3 * numbers
    )


@pytest.fixture(scope="module")
def systems():
    """One that three patches share, and one of purely imaginary rows."""
    return random_system(1), random_system(2, rows=5, parts=(1,))


@pytest.fixture(scope="module")
def patches(systems):
    first, second = systems
    return mpifast.MultiPatch(list(zip((first, first, second, first), OFFSETS, strict=True)))


def by_positions(patches, pairs):
    """The joint matrix: each column goes to the voxel of the joint grid at its shifted position."""
    joint = patches.grid.positions
    found = []
    for system, offset in pairs:
        matrix = np.zeros((len(system.rows), len(joint)), complex)
        for column, position in enumerate(system.grid.positions + offset):
            matrix[:, np.linalg.norm(joint - position, axis=1).argmin()] = system.matrix[:, column]
        found.append(matrix)
    return np.concatenate(found)


@pytest.fixture(scope="module")
def whole(systems, patches):
    """The same as one dense system."""
    first, second = systems
    return LinearSystem(
        by_positions(patches, list(zip((first, first, second, first), OFFSETS, strict=True))), patches.rows
    )


def close(found, expected, tolerance=1e-12):
    np.testing.assert_allclose(found, expected, atol=tolerance * max(1.0, np.abs(expected).max()))


def test_joint_grid_is_the_smallest_that_holds_all_patches(patches):
    assert patches.grid.shape == (9, 10)
    close(patches.grid.spacing, (STEP, STEP))
    corners = np.array([np.add(GRID.positions[0], offset) for offset in OFFSETS])
    close(patches.grid.positions[0], corners.min(axis=0), 1e-15)
    np.testing.assert_array_equal(patches.patch, np.repeat([0, 1, 2, 3], [9, 9, 5, 9]))


def test_equals_its_dense_assembly(patches, whole):
    np.testing.assert_array_equal(patches.matrix, whole.matrix)
    np.testing.assert_array_equal(patches.real, whole.real)
    assert patches.parts == whole.parts == (0, 1)
    np.testing.assert_array_equal(patches.equations, whole.equations)
    random = np.random.default_rng(3)
    c = random.uniform(size=(3, patches.voxels))
    u = random.normal(size=(3, len(patches.rows))) + 1j * random.normal(size=(3, len(patches.rows)))
    close(patches.forward(c), c @ whole.matrix.T)
    close(patches.spectra(c, "float64"), whole.spectra(c, "float64"))
    close(patches.spectra(c, "float64", snr_db=20.0), whole.spectra(c, "float64", snr_db=20.0))
    right = patches.to_real(u)  # what no image of a patch without real part explains is left out
    np.testing.assert_array_equal(patches.to_real(patches.to_complex(right)), right)
    close(patches.adjoint(u), (u @ whole.matrix.conj()).real)
    operator = patches.as_linear_operator()
    close(operator @ c.T, whole.real @ c.T)
    close(operator.rmatvec(right[0]), right[0] @ whole.real)


def test_equations_of_solvers_equal_the_dense_ones(patches, whole):
    weights = np.random.default_rng(4).uniform(size=len(patches.equations))
    found, expected = Equations(patches, weights), Equations(whole, weights)
    c = np.random.default_rng(5).normal(size=(2, patches.voxels))
    close(found.norms, expected.norms)
    close(found.forward(c), expected.forward(c))
    close(found.adjoint(expected.forward(c)), expected.adjoint(expected.forward(c)))
    blocks = list(found.blocks(4))
    np.testing.assert_array_equal(np.sort(np.concatenate([n for n, _ in blocks])), np.arange(len(patches.equations)))
    for numbers, block in blocks:
        close(block, (weights[:, None] * whole.real)[numbers])


@pytest.mark.parametrize(
    "solve",
    [
        lambda system, u: mpifast.tikhonov(system, u, alpha=0.3),
        lambda system, u: mpifast.kaczmarz(system, u, alpha=0.3, iterations=20_000, tolerance=1e-9, nonnegative=True),
        lambda system, u: mpifast.sparse(system, u, alpha=0.3, iterations=200, tolerance=0.0),
    ],
    ids=["tikhonov", "kaczmarz", "sparse"],
)
def test_solvers(patches, whole, solve):
    c = np.random.default_rng(6).uniform(size=(2, patches.voxels))
    u = patches.forward(c)
    close(solve(patches, u), solve(whole, patches.to_real(u)), 1e-6)


def test_patches_of_one_system_share_its_memory():
    system = random_system(7, dtype=np.complex64)
    single = SplitSystem(np.array(system.real), system.parts, system.rows, GRID)
    patches = mpifast.MultiPatch([(single, offset) for offset in OFFSETS])
    assert all(piece.real is single.real for piece in patches.pieces)
    assert patches.real.dtype == np.float32
    few = patches.select(channels=[0])
    assert len({id(piece.real) for piece in few.pieces}) == 1
    mixed = mpifast.MultiPatch([(single, OFFSETS[0]), (random_system(8), OFFSETS[1]), (single, OFFSETS[2])])
    assert {piece.real.dtype for piece in mixed.pieces} == {np.dtype(np.float64)}
    assert mixed.pieces[0].real is mixed.pieces[2].real


def test_select_keeps_the_joint_grid(patches, whole):
    few = patches.select(patches=[1, 2], channels=[1])
    kept = np.isin(patches.patch, [1, 2]) & (patches.rows["channel"] == 1)
    np.testing.assert_array_equal(few.matrix, whole.matrix[kept])
    assert few.grid == patches.grid
    assert len(few.systems) == 2
    assert few.offsets.tolist() == patches.offsets[1:3].tolist()
    some = patches.select([0, -1, 30], patches=[0, 3])
    np.testing.assert_array_equal(some.matrix, whole.matrix[[0, 30, 31]])
    with pytest.raises(IndexError, match="patches=4 is out of range"):
        patches.select(patches=[4])


def test_transfer_function_and_fingerprint(patches, whole):
    factors = np.exp(1j * np.arange(len(patches.rows)))
    received = patches.with_transfer_function(factors)
    close(received.matrix, factors[:, None] * whole.matrix)
    close(received.transfer_function, factors)
    assert len({patches.fingerprint, received.fingerprint, patches.select(patches=[0]).fingerprint}) == 3
    moved = mpifast.MultiPatch([(patches.systems[0], (0, 0)), (patches.systems[0], (1e-3, 0))])
    other = mpifast.MultiPatch([(patches.systems[0], (0, 0)), (patches.systems[0], (2e-3, 0))])
    assert moved.fingerprint != other.fingerprint
    again = pickle.loads(pickle.dumps(patches))
    np.testing.assert_array_equal(again.real, patches.real)
    assert again.fingerprint == patches.fingerprint


def test_data_sets_take_patches(patches, whole):
    u, c = mpifast.Spectra(patches, seed=7, dtype="float64")[:20]
    close(u, c @ whole.real.T)


def lissajous(grid, offset_field=(0.0, 0.0, 0.0), gradient=(-1.0, -1.0, 2.0)):
    scanner = mpifast.LissajousScanner(
        grid, gradient, (6e-3, 6e-3, 0.0), (12, 10, 99), offset_field=offset_field, channels=("x", "y")
    )
    return mpifast.system_matrix(scanner, mpifast.Particle(25e-9), mixing_order=4)


def test_focus_fields_move_the_field_free_point():
    """A scanner with an offset field, on the joint grid, has the rows of a patch."""
    grid = mpifast.Grid((6, 5), (12e-3, 10e-3))
    system, fields = lissajous(grid), [[0.0, 0.0, 0.0], [6e-3, -4e-3, 0.0]]
    patches = mpifast.MultiPatch.from_offset_fields(system, fields, (-1.0, -1.0, 2.0))
    assert patches.offsets.tolist() == [[0.0, 0.0], [6e-3, -4e-3]]
    for j, field in enumerate(fields):
        rows = patches.select(patches=[j])
        computed = lissajous(patches.grid, field)
        columns = rows.columns[0]
        close(rows.matrix[:, columns], computed.matrix[:, columns], 1e-8 * np.abs(computed.matrix).max())


def test_nearest_calibration_of_the_same_gradient():
    grid = mpifast.Grid((6, 5), (12e-3, 10e-3))
    calibrations = [lissajous(grid), lissajous(grid, (8e-3, 0, 0)), lissajous(grid, (8e-3, 0, 0), (-2, -2, 4))]
    fields, gradients = [[1e-3, 0, 0], [6e-3, 0, 0], [7e-3, 0, 0]], np.zeros((3, 3, 3))
    gradients[:2], gradients[2] = np.diag([-1.0, -1.0, 2.0]), np.diag([-2.0, -2.0, 4.0])
    make = mpifast.MultiPatch.from_offset_fields
    patches = make(calibrations, fields, gradients, resample=True)
    close(patches.offsets, [[1e-3, 0], [-2e-3, 0], [-0.5e-3, 0]], 1e-15)
    assert placed_by_fields(calibrations, fields, gradients)[0] == [0, 1, 2]
    arrays = [random_system(k) for k in range(2)]
    told = make(arrays, [[3e-3, 0, 0]], (1, 1, -2), calibrations=[((0, 0, 0), None), ((2e-3, 0, 0), (1, 1, -2))])
    assert told.systems == (arrays[1],)
    assert told.offsets.tolist() == [[pytest.approx(-1e-3), 0.0]]
    with pytest.raises(ValueError, match=r"patch 0 has the gradient \(3.0, 3.0, -6.0\) T/m, the systems"):
        make(calibrations, [[0, 0, 0]], (3, 3, -6))
    with pytest.raises(ValueError, match=r"patch 1 moves by 0\.003 m along z"):
        make(arrays[0], [[0, 0, 0], [0, 0, 6e-3]], (1, 1, -2))
    with pytest.raises(ValueError, match="gradient is zero along y"):
        make(arrays[0], [[0, 0, 0]], (1, 0, -1))
    with pytest.raises(ValueError, match="gradient is not diagonal"):
        make(arrays[0], [[0, 0, 0]], [[1, 0.5, 0], [0.5, 1, 0], [0, 0, -2]])


def test_resampling_is_exact_for_rows_that_are_linear_in_space():
    def rows(positions):
        return np.stack([1 + 2e3 * positions[:, 0], 3 - 1e3 * positions[:, 1], positions @ (500.0, 700.0)])

    system = mpifast.linear_system(rows(GRID.positions), GRID)
    pairs = [(system, (0.0, 0.0)), (system, (1.25e-3, 2e-3)), (system, (1.25e-3, -0.4e-3)), (system, (-0.75e-3, 2e-3))]
    with pytest.raises(ValueError, match=r"patch 1 is shifted by \(0.00125, 0.002\) m.*whole voxels, or resample=True"):
        mpifast.MultiPatch(pairs)
    patches = mpifast.MultiPatch(pairs, resample=True)
    assert [len(columns) for columns in patches.columns] == [20, 15, 12, 15]
    assert patches.systems[1] is patches.systems[3]
    for j, (_, offset) in enumerate(pairs):
        found = patches.select(patches=[j])
        expected = np.zeros((3, patches.voxels))
        expected[:, found.columns[0]] = rows(patches.grid.positions[found.columns[0]] - offset)
        close(found.matrix, expected)
        close(patches.systems[j].grid.positions, patches.grid.positions[found.columns[0]] - offset, 1e-15)


def test_bad_arguments():
    system = random_system(9)
    bare = mpifast.linear_system(np.eye(2))
    other = random_system(9, grid=mpifast.Grid((4, 5), (4e-3, 5.1e-3)))
    make = mpifast.MultiPatch
    cases = [
        ([], "patches is empty"),
        ([(system, (0.0,))], r"patches\[0\] has 1 numbers, its grid 2 axes"),
        ([(bare, (0.0,))], "has no grid"),
        ([(system, (0, 0)), (other, (0, 0))], "patch 1 has voxels of"),
        ([(system, (0, 0)), (system, (np.nan, 0))], r"offset of patches\[1\]"),
        ([(system, (0, 0)), (system, (1e3, 1e3))], "2 patches would have .* in metres"),
        ([(system, (0, 0)), (system, (1e9, 0))], "give offsets in metres"),
        ([(system, (0, 0)), (random_system(1, grid=mpifast.Grid((4,), (4e-3,))), (0,))], "grids alike"),
    ]
    for patches, message in cases:
        with pytest.raises(ValueError, match=message):
            make(patches)
    for patches in (system, [system], [(np.eye(2), (0.0, 0.0))]):
        with pytest.raises(TypeError, match="patches"):
            make(patches)
    flat = random_system(9, grid=mpifast.Grid((1, 5), (1e-3, 5e-3)))
    with pytest.raises(ValueError, match="axis of one voxel"):
        make([(flat, (0, 0)), (flat, (0.5e-3, 0))], resample=True)


def test_a_matrix_too_large_for_memory_is_refused_but_solved_by_pieces(patches, monkeypatch):
    monkeypatch.setattr("mpifast.physics.memory.machine_memory", lambda: 1e4)
    fresh = patches.select(patches=[0, 1])
    with pytest.raises(ValueError, match=r"dense matrix of 36 rows and 90 voxels takes 0.0 GB.*select"):
        _ = fresh.real
    assert fresh.spectra(np.ones((1, 90)), "float64").shape == (1, 36)
    assert Equations(fresh).forward(np.ones((1, 90))).shape == (1, 36)
