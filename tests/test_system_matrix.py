"""The system matrix against closed forms, mpmath, limits and its slow twin."""

import functools

import mpmath
import numpy as np
import pylops
import pytest
import scipy.sparse.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

import mpifast
from mpifast import reference
from mpifast.physics import system_matrix as module
from mpifast.physics.system_matrix import MAX_NODES, fourier_coefficients, node_count

ORACLE = {  # c1, c3, c5, c7 of identity 5
    (0, 5): (0.916132851175115, -0.145557330287027, 0.0379956682894247, -0.0110131593646441),
    (3, 11.548): (1.06510438251322, -0.19199295642743, 0.0313477879861985, 0.0139728482256794),
    (15, 11.548): (0.0978526338703566, 0.021408168954369, 0.00459535111389747, 0.000943148515232245),
}


def coefficients(offsets, drive, harmonics, nodes=None):
    """c_n for n = 1..harmonics [harmonics, offsets]."""
    offsets = np.atleast_1d(np.asarray(offsets, np.float64))
    return fourier_coefficients(offsets, float(drive), harmonics, nodes or node_count(drive, harmonics, 1e-14))


@functools.cache
def pole_series(diameter, harmonics=200, poles=2000):
    """Identity 3 for the paper's scanner: c_n = 4 sum_k Re(w_k^n / s_k), from the poles of coth; no quadrature.

    The tail is Euler and Maclaurin's: with dw/dz = -w/s its integral is w^n / (i pi n) at k = poles + 1/2.
    """
    scanner, beta = mpifast.Scanner(), mpifast.Particle(diameter).beta
    offsets, drive = beta * scanner.gradient * scanner.positions, beta * scanner.drive_amplitude
    z = offsets[:, None] + 1j * np.pi * np.append(np.arange(1, poles + 1), poles + 0.5)
    s = np.sqrt(z - drive) * np.sqrt(z + drive)
    w = -drive / (z + s)
    result, terms = np.empty((harmonics, len(z))), 1 / s
    for n in range(1, harmonics + 1):
        terms *= w
        last = terms[:, -1] * s[:, -1]
        slope = -1j * np.pi * (n + z[:, -1] / s[:, -1]) * last / s[:, -1] ** 2
        result[n - 1] = 4 * (terms[:, :-1].sum(axis=1) + last / (1j * np.pi * n) + slope / 24).real
    return result


def exact_coefficient(offset, drive, n):
    """c_n by mpmath's quadrature, cut where the integrand oscillates and where the Langevin function turns."""
    with mpmath.workdps(20):
        a, b = mpmath.mpf(offset), mpmath.mpf(drive)
        turn = mpmath.acos(max(min(-a / b, 1), -1))
        near = [turn + sign * mpmath.mpf(10) ** -e for sign in (-1, 1) for e in (1, 2, 3)] + [turn]
        cuts = sorted(
            {mpmath.mpf(0), mpmath.pi, *(mpmath.pi * i / n for i in range(n)), *(t for t in near if 0 < t < mpmath.pi)}
        )

        def integrand(t):
            x = a + b * mpmath.cos(t)
            return (mpmath.coth(x) - 1 / x if x else mpmath.mpf(0)) * mpmath.cos(n * t)

        return float(2 / mpmath.pi * mpmath.quad(integrand, cuts, maxdegree=5))


@pytest.mark.parametrize(("point", "values"), ORACLE.items())
def test_oracle_values(point, values):
    np.testing.assert_allclose(coefficients(*point, 7)[::2, 0], values, rtol=1e-13, atol=1e-15)


def test_convolution_with_chebyshev_polynomials():
    # Identity 1: n c_n = (2b/pi) int L'(a + b u) U_{n-1}(u) sqrt(1 - u^2) du, by Gauss' rule of the second kind.
    a, b, nodes = 3.0, 11.548, 2000
    t = np.pi * np.arange(1, nodes + 1) / (nodes + 1)
    for n, c in enumerate(coefficients(a, b, 30)[:, 0], start=1):
        weighted = np.sin(t) * np.sin(n * t)  # U_{n-1}(cos t) = sin(n t) / sin t
        integral = np.pi / (nodes + 1) * (mpifast.langevin_derivative(a + b * np.cos(t)) * weighted).sum()
        assert n * c == pytest.approx(2 * b / np.pi * integral, abs=1e-14)


def test_converges_to_the_ideal_particle_as_one_over_b():
    # Identity 2, away from the ends of the field of view.
    scanner, errors = mpifast.Scanner(), []
    inner = np.abs(scanner.positions) < 0.6 * scanner.field_of_view / 2
    for scale in (1.0, 2.0, 4.0):
        particle = mpifast.Particle(60e-9, temperature=300.0 / scale)
        system = mpifast.system_matrix(scanner, particle, harmonics=8)
        errors.append(
            np.abs(system.real - mpifast.ideal_system_matrix(scanner, particle, harmonics=8).real)[:, inner].max()
        )
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.05)


def test_an_ideal_particle_has_no_other_parts():
    with pytest.raises(ValueError, match=r"relaxation=Debye.*has no limit of sharp particles"):
        mpifast.ideal_system_matrix(mpifast.Scanner(), mpifast.Particle(20e-9, relaxation=mpifast.Debye(1e-6)))


def test_ideal_particle_is_weighted_chebyshev():
    scanner, particle = mpifast.Scanner(), mpifast.Particle(40e-9)
    ideal = mpifast.ideal_system_matrix(scanner, particle, harmonics=6)
    y = scanner.positions / (scanner.field_of_view / 2)
    second_kind = [np.ones_like(y), -2 * y]
    for _ in range(4):
        second_kind.append(-2 * y * second_kind[-1] - second_kind[-2])
    for row, u in zip(ideal.real, second_kind, strict=True):
        np.testing.assert_allclose(row, -np.pi * 0.6 * 4 / np.pi * np.sqrt(np.maximum(1 - y**2, 0)) * u, atol=1e-12)


def test_small_signal():
    # Identity 4, leading terms at a = 0.
    b = 0.05
    c = coefficients(0.0, b, 5)[:, 0]
    assert c[0] == pytest.approx(b / 3 - b**3 / 60 + b**5 / 756, rel=1e-10)
    assert c[2] == pytest.approx(-(b**3) / 180 + b**5 / 1512, rel=1e-6)
    assert c[4] == pytest.approx(b**5 / 7560, rel=2e-3)


def test_decay_at_the_centre():
    # Identity 3: c_{n+2}/c_n -> -((sqrt(pi^2 + b^2) - pi)/b)^2 at a = 0.
    b = 11.548
    c = coefficients(0.0, b, 60)[:, 0]
    assert c[58] / c[56] == pytest.approx(-(((np.hypot(np.pi, b) - np.pi) / b) ** 2), rel=1e-6)


@pytest.mark.parametrize("diameter", [5e-9, 10e-9, 20e-9, 30e-9, 40e-9, 60e-9, 100e-9])
@pytest.mark.parametrize("tolerance", [1e-12, 1e-6])
def test_pole_series_within_tolerance(diameter, tolerance):
    scanner, particle = mpifast.Scanner(), mpifast.Particle(diameter)
    system = mpifast.system_matrix(scanner, particle, tolerance=tolerance)
    expected = -np.pi * 0.6 * np.arange(1, 201)[:, None] * pole_series(diameter)
    largest = np.abs(system.real).max()
    assert np.abs(system.real - expected).max() <= tolerance * largest


@given(
    diameter=st.floats(5e-9, 100e-9),
    voxel=st.integers(0, 128),
    harmonic=st.one_of(st.integers(1, 5), st.integers(1, 60), st.just(200)),
)
@settings(max_examples=5)
def test_mpmath_quadrature_within_tolerance(diameter, voxel, harmonic):
    scanner, particle = mpifast.Scanner(), mpifast.Particle(diameter)
    system = mpifast.system_matrix(scanner, particle)
    exact = exact_coefficient(
        particle.beta * scanner.gradient * scanner.positions[voxel], particle.beta * scanner.drive_amplitude, harmonic
    )
    error = abs(system.real[harmonic - 1, voxel] + np.pi * particle.saturation_field * harmonic * exact)
    assert error <= 1e-12 * np.abs(system.real).max()


def test_chunks_do_not_change_the_result(monkeypatch):
    offsets = np.linspace(0.0, 12.0, 7)
    expected = coefficients(offsets, 11.5, 9)
    for chunk in (1, 1000):
        monkeypatch.setattr(module, "CHUNK", chunk)
        np.testing.assert_allclose(coefficients(offsets, 11.5, 9), expected, atol=1e-15)


@pytest.mark.parametrize("voxels", [1, 2, 3, 16, 129])
@pytest.mark.parametrize("harmonics", [1, 2, 7])
def test_agrees_with_the_slow_twin_in_every_shape(voxels, harmonics):
    scanner, particle = mpifast.Scanner(voxels=voxels), mpifast.Particle(35e-9)
    system = mpifast.system_matrix(scanner, particle, harmonics=harmonics)
    assert system.matrix.shape == (harmonics, voxels)
    expected = reference.system_matrix(scanner, particle, harmonics)
    np.testing.assert_allclose(system.matrix, expected, atol=1e-11 * np.abs(expected).max())


def test_parity_and_reality(system):
    # Identity 8, and the phase of a cosine drive.
    assert system.matrix.dtype == np.complex128
    np.testing.assert_array_equal(system.matrix.real, 0.0)
    sign = (-1.0) ** (np.arange(200) % 2)[:, None]
    np.testing.assert_array_equal(system.real[:, ::-1], sign * system.real)
    np.testing.assert_array_equal(system.real, system.matrix.imag)


def test_is_the_spectrum_of_the_voltage(system):
    # Eq. (3) by brute force: rfft of the finely sampled magnetisation, differentiated exactly in the frequency domain.
    scanner, particle = system.scanner, system.particle
    samples = 4096
    time = np.arange(samples) / samples / scanner.drive_frequency
    magnetization = reference.langevin(particle.beta * scanner.field(scanner.positions[:, None], time))
    harmonics = np.fft.rfft(magnetization, axis=1)[:, 1:201].T / samples
    expected = -1j * 2 * np.pi * np.arange(1, 201)[:, None] * particle.saturation_field * harmonics
    np.testing.assert_allclose(system.matrix, expected, atol=1e-11)


def test_debye_relaxation_divides_each_harmonic():
    # Identity 10: a first-order lag of the magnetisation multiplies harmonic n by 1/(1 + i n w tau).
    b, samples, lag = 11.548, 4096, 0.02  # tau in periods
    t = np.arange(samples) / samples
    magnetization = mpifast.langevin(b * np.cos(2 * np.pi * t))
    ages = np.arange(40 * samples) / samples
    weights = np.exp(-ages / lag)
    lagged = np.fft.ifft(
        np.fft.fft(magnetization) * np.fft.fft((weights / weights.sum()).reshape(40, samples).sum(axis=0))
    ).real
    n = np.arange(1, 12, 2)
    ratio = np.fft.rfft(lagged)[n] * 2 / samples / coefficients(0.0, b, 11)[n - 1, 0]
    np.testing.assert_allclose(ratio, 1 / (1 + 1j * n * 2 * np.pi * lag), rtol=0.1)


@pytest.mark.parametrize("drive", [0.1, 1.0, 10.0, 100.0, 2000.0])
def test_node_count_is_enough_and_not_much_more(drive):
    harmonics, tolerance = 50, 1e-9
    nodes = node_count(drive, harmonics, tolerance)
    offsets = np.linspace(0.0, drive, 9)
    weight = np.arange(1, harmonics + 1)[:, None]
    exact = weight * coefficients(offsets, drive, harmonics, nodes=3 * nodes)

    def error(count):
        return np.abs(weight * coefficients(offsets, drive, harmonics, nodes=count) - exact).max() / np.abs(exact).max()

    assert error(nodes) <= tolerance
    if nodes > 2 * harmonics:
        assert error(8 * (int(nodes * 0.6) // 8)) > tolerance


def test_matrices_are_read_only(system):
    for array in (system.matrix, system.real, system.positions):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_too_sharp_a_particle_is_refused():
    with pytest.raises(
        ValueError, match=rf"diameter=5e-07 m is too sharp.*limit of {MAX_NODES:,}.*ideal_system_matrix"
    ):
        mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(500e-9))


@pytest.mark.parametrize("tolerance", [1e-13, 0.0, -1.0, np.nan, 1.0])
def test_tolerances_out_of_reach_are_refused(tolerance):
    with pytest.raises(ValueError, match="tolerance"):
        mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9), tolerance=tolerance)


def test_singular_value_decomposition(small_system):
    left, values, right = small_system.svd
    np.testing.assert_allclose(left * values @ right, small_system.real, atol=1e-13)
    assert (np.diff(values) <= 0).all()
    assert not any(array.flags.writeable for array in (left, values, right))
    assert small_system.svd is small_system.svd


def test_harmonics_below_rounding_are_zero():
    # At 20 nm they fall by 15 decades; scaled harmonic by harmonic, what is left of them would train a network.
    system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(20e-9))
    rows = np.abs(system.real).max(axis=1) / np.arange(1, 201)
    signal = rows > 0
    assert 150 < signal.sum() < 180
    assert signal[: signal.sum()].all()
    assert rows[signal].min() > 4e-16 * rows.max()
    assert np.abs(mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(25e-9)).real).max(axis=1).min() > 0


def test_linear_operator_is_the_system_and_its_adjoint(system, random):
    operator = system.as_linear_operator()
    assert operator.shape == (200, 129)
    assert operator.dtype == np.float64
    c, u = random.random((129, 3)), random.random((200, 3))
    np.testing.assert_array_equal(operator @ c, system.real @ c)
    np.testing.assert_array_equal(operator.matvec(c[:, 0]), system.real @ c[:, 0])
    np.testing.assert_allclose(operator.H @ u, system.real.T @ u, rtol=1e-12, atol=1e-12)
    assert np.vdot(operator @ c[:, 0], u[:, 0]) == pytest.approx(np.vdot(c[:, 0], operator.H @ u[:, 0]), rel=1e-12)


@pytest.mark.parametrize(
    ("solver", "limits"),
    [
        (scipy.sparse.linalg.lsqr, {"atol": 1e-13, "btol": 1e-13}),
        (scipy.sparse.linalg.lsmr, {"atol": 1e-13, "btol": 1e-13}),
        (pylops.optimization.basic.lsqr, {"niter": 1000, "atol": 1e-13, "btol": 1e-13}),
        (pylops.optimization.basic.cgls, {"niter": 1000, "tol": 1e-13}),
    ],
    ids=["scipy lsqr", "scipy lsmr", "pylops lsqr", "pylops cgls"],
)
def test_linear_operator_goes_into_solvers_as_it_is(system, solver, limits):
    operator, phantom = system.as_linear_operator(), mpifast.phantoms.letters("MPI")[10].astype(float)
    np.testing.assert_allclose(solver(operator, operator @ phantom, **limits)[0], phantom, atol=1e-3)


def test_linear_operator_as_a_pylops_operator(system):
    operator, phantom = (
        pylops.aslinearoperator(system.as_linear_operator()),
        mpifast.phantoms.letters("MPI")[10].astype(float),
    )
    assert pylops.utils.dottest(operator, 200, 129)
    u, alpha = operator @ phantom, 4.0
    image = pylops.optimization.sparsity.fista(operator, u, niter=5000, eps=alpha, tol=0.0)[
        0
    ]  # minimises what `mpifast.sparse` does
    expected = mpifast.sparse(system, u[None], alpha=alpha, iterations=50_000, tolerance=1e-9)[0]
    np.testing.assert_allclose(image, expected, atol=1e-3)


def test_the_default_tolerance_serves_all_harmonics_that_are_documented():
    """Their rounding alone is above 1e-12 from 1,000 harmonics on."""
    few, many = (
        mpifast.system_matrix(mpifast.Scanner(voxels=5), mpifast.Particle(40e-9), count) for count in (1_000, 10_000)
    )
    assert (few.tolerance, many.tolerance) == (1e-12, 1e-11)
    np.testing.assert_allclose(many.matrix[:1_000], few.matrix, rtol=0, atol=1e-11 * abs(few.matrix).max())


@pytest.mark.parametrize("harmonics", [1, 7, 200, 999, 1_001, 1_234, 3_333, 9_999, 10_000])
def test_the_tolerance_that_an_error_offers_is_taken(harmonics):
    scanner = mpifast.Scanner(voxels=1)
    with pytest.raises(ValueError, match="give a number between") as caught:
        mpifast.system_matrix(scanner, mpifast.Particle(40e-9), harmonics, tolerance=1e-14)
    offered = float(str(caught.value).split("between ")[1].split(" and")[0])
    assert mpifast.system_matrix(scanner, mpifast.Particle(40e-9), harmonics, tolerance=offered).tolerance == offered


@pytest.mark.parametrize(("diameter", "offered"), [(240e-9, 1e-11), (300e-9, 1e-4), (400e-9, None)])
def test_too_sharp_a_particle_is_offered_a_tolerance_only_where_it_suffices(diameter, offered):
    scanner, particle = mpifast.Scanner(voxels=1), mpifast.Particle(diameter)
    with pytest.raises(ValueError, match="too sharp") as caught:
        mpifast.system_matrix(scanner, particle)
    cure = str(caught.value).split("; ")[1]
    if offered is None:
        assert cure.startswith("give a smaller diameter or drive amplitude, or use ideal_system_matrix")
        with pytest.raises(ValueError, match="too sharp"):
            mpifast.system_matrix(scanner, particle, tolerance=0.1)
    else:
        tolerance = float(cure.split("tolerance=")[1].split(",")[0])
        assert mpifast.system_matrix(scanner, particle, tolerance=tolerance).nodes <= 2**17
        with pytest.raises(ValueError, match="too sharp"):
            mpifast.system_matrix(scanner, particle, tolerance=tolerance / 10)
