"""The three routes against each other at random scanners: closed form, Kronecker form and time samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mpifast
from mpifast.physics.systems.routes import KroneckerRoute, LineRoute, SampledRoute, route_of

ROUNDING = 5e-15
AXES = ("x", "y", "z")


@st.composite
def scanners(draw):
    """Lissajous scanners of one to three axes and drives, with offsets and phases."""
    shape = tuple(draw(st.integers(1, 3)) for _ in range(draw(st.integers(1, 3))))
    x, y = draw(st.floats(0.2, 3.0)), draw(st.floats(0.2, 3.0))
    driven = draw(st.sampled_from([(1, 0, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 1, 1)]))
    amplitudes = [on * draw(st.floats(1e-3, 12e-3)) for on in driven]
    return mpifast.LissajousScanner(
        mpifast.Grid(shape, [draw(st.floats(5e-3, 24e-3)) for _ in shape]),
        gradient=(x, y, -x - y),
        drive_amplitude=amplitudes,
        divider=draw(st.sampled_from([(6, 5, 4), (4, 9, 6), (7, 3, 5)])),
        base_frequency=1e5,
        phase=[draw(st.sampled_from([np.pi / 2, 0.0, 0.3])) for _ in range(3)],
        offset_field=[draw(st.sampled_from([0.0, 3e-3])) for _ in range(3)],
        channels=AXES,
    )


@settings(max_examples=20)
@given(scanner=scanners(), diameter=st.floats(5e-9, 30e-9), tolerance=st.sampled_from([1e-5, 1e-9]))
def test_routes_agree_row_by_row(scanner, diameter, tolerance):
    particle, count = mpifast.Particle(diameter), scanner.samples // 2 + 1
    rows = np.repeat([0, 1, 2], count), np.tile(np.arange(count), 3)
    exact = SampledRoute(scanner, particle, *rows, 1e-12).rows()
    peaks = np.abs(exact).max(axis=1)
    others = [KroneckerRoute(scanner, particle, *rows, tolerance), SampledRoute(scanner, particle, *rows, tolerance)]
    if scanner.line_drive() is not None:
        others.append(LineRoute(scanner, particle, *rows, tolerance))
    for route in others:
        found = route.rows()
        assert (np.abs(found - exact).max(axis=1) <= tolerance * peaks + 2 * ROUNDING).all(), type(route)
        terms = route.model.bounds if isinstance(route, KroneckerRoute) else peaks  # its peaks are in float32
        assert (np.abs(route.peaks() - peaks) <= 5e-6 * terms + tolerance * peaks + 2 * ROUNDING).all(), type(route)
        assert route.is_real == scanner.even_in_time


@settings(max_examples=12)
@given(scanner=scanners(), level=st.floats(1e-4, 0.5))
def test_strong_rows_keep_the_tolerance(scanner, level):
    particle, count = mpifast.Particle(25e-9), scanner.samples // 2 + 1
    rows = np.repeat([0, 1, 2], count), np.tile(np.arange(count), 3)
    among = rows[1] > 0
    exact = SampledRoute(scanner, particle, *rows, 1e-12).rows()
    sizes = rows[1] * np.abs(exact).max(axis=1)
    for kind in (KroneckerRoute, SampledRoute):
        strong = kind(scanner, particle, *rows, 1e-6).strong(level, among, rows[1])
        places = strong.channels * count + strong.numbers
        assert set(np.flatnonzero(among & (sizes >= level * (1 + 1e-5) * sizes.max()))) <= set(places)
        assert set(places) <= set(np.flatnonzero(among & (sizes >= level * (1 - 1e-5) * sizes.max())))
        error = np.abs(strong.rows() - exact[places]).max(axis=1)
        assert (error <= 1e-6 * np.abs(exact[places]).max(axis=1) + ROUNDING).all()


def test_the_fastest_route_is_chosen():
    grid, particle = mpifast.Grid((4, 4), (9e-3, 9e-3)), mpifast.Particle(20e-9)
    rows = np.array([0, 1]), np.array([3, 5])
    tilted = [[-1, 0.2, 0], [0.2, -1, 0], [0, 0, 2]]
    chosen = {
        KroneckerRoute: mpifast.LissajousScanner(grid),
        SampledRoute: mpifast.LissajousScanner(grid, tilted),
        LineRoute: mpifast.LissajousScanner(grid, drive_amplitude=(12e-3, 0, 0)),
    }
    for kind, scanner in chosen.items():
        assert type(route_of(scanner, particle, *rows, 1e-6)) is kind
    huge = mpifast.Particle(200e-9)  # beyond the mixture of Gaussians
    assert type(route_of(chosen[KroneckerRoute], huge, *rows, 1e-6)) is SampledRoute


def test_a_level_above_the_band_is_refused():
    scanner = mpifast.LissajousScanner(mpifast.Grid((4, 4), (9e-3, 9e-3)))
    for given_scanner in (scanner, mpifast.LissajousScanner(scanner.grid, [[-1, 0.2, 0], [0.2, -1, 0], [0, 0, 2]])):
        system = mpifast.system_matrix(given_scanner, mpifast.Particle(20e-9), level=0.5, band=(500e3, None))
        with pytest.raises(ValueError, match=r"level=0\.5 leaves no row: the largest .* 0\.00\d+ of .*lower it"):
            _ = system.rows
