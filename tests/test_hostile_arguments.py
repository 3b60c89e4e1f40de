"""Odd arrays and numbers into every public function: a right answer or a clear error, and the argument as it was."""

import copy
import functools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mpifast
from mpifast.physics.system_matrix import MAX_NODES, node_count

SYSTEM = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)


@functools.cache
def trained():
    """A network, made when first asked for."""
    network = mpifast.Network(14, 11, seed=1)
    network.fit(*mpifast.Spectra(SYSTEM, seed=1)[:50], epochs=1)
    return network


ERRORS = (ValueError, TypeError, FloatingPointError, MemoryError)

EVERY_NUMBER = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-(2**70), 2**70),
    st.sampled_from(
        [None, True, "3", b"3", 1j, [], [1.0], {}, np.float16(2), np.array(3.0), np.array([3.0]), 5e-324, object()]
    ),
)


class Subclass(np.ndarray):
    pass


@st.composite
def odd_arrays(draw, columns):
    """Mostly [n, columns], of all types, layouts and values; sometimes of another shape."""
    rows = draw(st.integers(0, 4))
    shape = draw(
        st.sampled_from(
            [(rows, columns)] * 6 + [(rows, columns + 1), (columns,), (), (0,), (1, rows, columns), (rows, 0)]
        )
    )
    kind = draw(st.sampled_from(["f4", "f8", "f2", ">f4", ">f8", "u1", "i8", "?", "c16", "O", "U3"]))
    values = draw(st.sampled_from([0.0, 1.0, -1.0, 0.5, 255.0, 1e-40, 5e-324, 1e30, 1e300, np.nan, np.inf, -np.inf]))
    array = np.random.default_rng(draw(st.integers(0, 9))).integers(0, 2, shape)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        array = array.astype(kind) if kind in ("O", "U3") else np.where(array > 0, values, 0.0).astype(kind)
    match draw(
        st.sampled_from(
            ["plain", "fortran", "backward", "strided", "read-only", "masked", "subclass", "misaligned", "list"]
        )
    ):
        case "fortran":
            return np.asfortranarray(array)
        case "backward":
            return array[::-1] if array.ndim else array
        case "strided":
            return np.repeat(array, 2, axis=-1)[..., ::2] if array.ndim else array
        case "read-only":
            array.flags.writeable = False
        case "masked":
            return np.ma.array(array, mask=False)
        case "subclass":
            return array.view(Subclass)
        case "misaligned" if kind not in ("O",):
            room = np.zeros(array.nbytes + 1, np.uint8)[1:]
            odd = room.view(array.dtype).reshape(array.shape) if array.nbytes else array
            odd[...] = array
            return odd
        case "list":
            return array.tolist()
    return array


def contiguous(array):
    """The same numbers in the plainest form."""
    return np.array(np.asarray(array), order="C", dtype=np.asarray(array).dtype.newbyteorder("="))


def attempt(call, argument):
    """Its answer, or the message of its error; an error without a message fails."""
    try:
        return np.asarray(call(argument)), None
    except ERRORS as error:
        return None, str(error) or pytest.fail(f"{type(error).__name__} without a message")


def check(call, array):
    """A finite answer that the plain form of the argument gives too, or an error; the argument is as it was."""
    before, kept = copy.deepcopy(array), array.tobytes() if isinstance(array, np.ndarray) else repr(array)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # overflow on the way to float32 is an error here, with a name
        answer, message = attempt(call, array)
        if message is None:
            numbers = np.asarray(array)
            size = np.abs(numbers if numbers.dtype.kind == "c" else numbers.astype(float)).max(initial=0.0)
            assert np.isfinite(answer).all() or not size <= 1e4
            np.testing.assert_array_equal(answer, np.asarray(call(contiguous(before))))
    assert kept == (array.tobytes() if isinstance(array, np.ndarray) else repr(array))


C, U = np.zeros((4, 11), np.uint8), np.zeros((4, 14), np.float32)


def trained_on(u, c):
    network = mpifast.Network(14, 11, scaling="none", seed=1)
    network.fit(u, c, epochs=1)
    return network.weights[0]


@given(array=odd_arrays(14))
@pytest.mark.parametrize(
    "call",
    [
        lambda u: trained().predict(u),
        lambda u: trained_on(u, C[: len(u)]),
        lambda u: mpifast.tsvd(SYSTEM, u),
        lambda u: mpifast.tikhonov(SYSTEM, u, alpha=1.0),
        lambda u: mpifast.kaczmarz(SYSTEM, u, alpha=1.0, iterations=3, tolerance=0.0),
        lambda u: mpifast.sparse(SYSTEM, u, iterations=3, tolerance=0.0),
        lambda u: mpifast.nnls(SYSTEM, u),
        lambda u: mpifast.langevin(u),
        lambda u: mpifast.langevin_derivative(u),
    ],
    ids=["predict", "fit", "tsvd", "tikhonov", "kaczmarz", "sparse", "nnls", "langevin", "langevin_derivative"],
)
@settings(max_examples=25)
def test_spectra_of_any_kind(call, array):
    check(call, array)


@pytest.mark.filterwarnings("ignore:phantoms lie between:mpifast.TrainingWarning")  # 255 and 1e300 do
@given(array=odd_arrays(11))
@pytest.mark.parametrize(
    "call",
    [
        lambda c: SYSTEM.spectra(c),
        lambda c: SYSTEM.spectra(c, dtype="float64"),
        lambda c: trained_on(U[: len(c)], c),
        lambda c: mpifast.metrics.mse(c, c),
        lambda c: mpifast.metrics.nrmse(c, np.ones(np.shape(c))),
        lambda c: mpifast.analysis.coherence(c),
        lambda c: 1 / mpifast.analysis.condition_number(c),  # infinite for a singular matrix
    ],
    ids=["spectra", "spectra float64", "fit", "mse", "nrmse", "coherence", "condition_number"],
)
@settings(max_examples=25)
def test_phantoms_of_any_kind(call, array):
    check(call, array)


@given(value=EVERY_NUMBER)
@pytest.mark.parametrize(
    "call",
    [
        lambda x: mpifast.Particle(x),
        lambda x: mpifast.Particle(40e-9, temperature=x),
        lambda x: mpifast.Particle(40e-9, saturation_magnetization=x),
        lambda x: mpifast.Scanner(gradient=x),
        lambda x: mpifast.Scanner(drive_amplitude=x),
        lambda x: mpifast.system_matrix(SYSTEM.scanner, SYSTEM.particle, harmonics=14, tolerance=x),
        lambda x: mpifast.Spectra(SYSTEM, seed=x)[:2],
        lambda x: mpifast.Spectra(SYSTEM, density=x)[:2],
        lambda x: mpifast.Spectra(SYSTEM, snr_db=x)[:2],
        lambda x: mpifast.Spectra(SYSTEM, threads=x)[:2],
        lambda x: mpifast.Spectra(SYSTEM)[x],
        lambda x: mpifast.Network(14, 11, weight_range=x),
        lambda x: mpifast.Network(14, 11, seed=x),
        lambda x: trained().fit(U, C, epochs=1, learning_rate=x),
        lambda x: mpifast.tikhonov(SYSTEM, U, alpha=x),
        lambda x: mpifast.tsvd(SYSTEM, U, rank=x),
        lambda x: mpifast.kaczmarz(SYSTEM, U, alpha=x, iterations=3),
        lambda x: mpifast.sparse(SYSTEM, U, alpha=x, iterations=3),
        lambda x: mpifast.nnls(SYSTEM, U, alpha=x),
        lambda x: mpifast.kaczmarz(SYSTEM, U, alpha=1.0, tolerance=x, iterations=3),
        lambda x: mpifast.phantoms.letters(x),
    ],
)
@settings(max_examples=25)
def test_parameters_of_any_kind(call, value):
    attempt(call, value)


@given(
    diameter=st.floats(1e-10, 1e-6),
    temperature=st.floats(1e-3, 1e5),
    gradient=st.floats(1e-6, 1e6),
    amplitude=st.floats(1e-8, 1e4),
    harmonics=st.integers(1, 30),
)
@settings(max_examples=60)
def test_extreme_physics_is_finite_or_refused(diameter, temperature, gradient, amplitude, harmonics):
    scanner = mpifast.Scanner(gradient=gradient, drive_amplitude=amplitude, voxels=7)
    particle = mpifast.Particle(diameter, temperature=temperature)
    if node_count(particle.beta * amplitude, harmonics, 1e-6) > MAX_NODES:
        with pytest.raises(ValueError, match="too sharp"):
            mpifast.system_matrix(scanner, particle, harmonics=harmonics, tolerance=1e-6)
        system = mpifast.ideal_system_matrix(scanner, particle, harmonics=harmonics)
    else:
        system = mpifast.system_matrix(scanner, particle, harmonics=harmonics, tolerance=1e-6)
    assert np.isfinite(system.matrix).all()
    assert np.isfinite(system.spectra(np.ones((1, 7)), dtype="float64")).all()
    assert np.isfinite(mpifast.tikhonov(system, system.spectra(np.ones((1, 7)), dtype="float64"))).all()


GRID = mpifast.Grid((2, 3), (4e-3, 6e-3))
SCANNERS = {
    mpifast.LissajousScanner: {
        "gradient": (-1, -1, 2), "drive_amplitude": (12e-3, 0, 9e-3), "divider": (6, 5, 4), "base_frequency": 1e6,
        "phase": (0, 0, 0), "offset_field": (0, 0, 0), "channels": ("x",),
    },
    mpifast.FieldFreeLineScanner: {
        "gradient": 1.0, "drive_amplitude": 9e-3, "divider": 4, "base_frequency": 1e6, "angle": 0.1, "rotation": 20,
        "phase": 0.0, "offset_field": (0, 0, 0), "channels": ("x",),
    },
    mpifast.SampledScanner: {"drive_field": np.eye(3), "period": 1e-3, "gradient": (-1, -1, 2), "channels": ("x",)},
}  # fmt: skip


@given(
    st.sampled_from([(kind, name) for kind, names in SCANNERS.items() for name in names]),
    st.one_of(EVERY_NUMBER, st.tuples(EVERY_NUMBER, EVERY_NUMBER, EVERY_NUMBER), odd_arrays(3)),
    st.floats(0.0, 1.0),
)
@settings(max_examples=100)
def test_scanners_on_a_grid(case, value, part):
    kind, name = case
    try:
        scanner = kind(GRID, **{**SCANNERS[kind], name: value})
        system = mpifast.system_matrix(scanner, mpifast.Particle(20e-9), band=(0.0, 2.0 / scanner.period))
        matrix = system.matrix if scanner.samples < 1000 else np.zeros(1)
    except ERRORS:
        return
    assert np.isfinite(matrix).all()
    assert np.isfinite(scanner.field((1e-3, 2e-3, 0), part * scanner.period)).all()
