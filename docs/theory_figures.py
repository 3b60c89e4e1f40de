"""The figures of the theory pages: `python docs/theory_figures.py` draws them into docs/images/theory."""

import sys
from pathlib import Path

import numpy as np

import mpifast
from mpifast.physics.tracer.mixture import gaussian_mixture
from mpifast.plots import COLORS
from mpifast.plots import figure as sheet_of

DIAMETERS = (20, 25, 30, 40, 50)  # nm


def figure(panels, width, height):
    """A figure of so many inches and its panels in one row."""
    sheet, axes = sheet_of(panels, width=width / panels, height=height)
    return sheet, axes[0]


def fields():
    """A Lissajous curve and a rotating field-free line."""
    grid = mpifast.Grid((40, 40), (24e-3, 24e-3))
    point = mpifast.LissajousScanner(grid)
    line = mpifast.FieldFreeLineScanner(grid, gradient=1.0, drive_amplitude=12e-3, divider=100, rotation=2000)
    sheet, panels = figure(2, width=9.0, height=4.2)
    for panel, scanner, title in zip(panels, (point, line), ("field-free point", "field-free line"), strict=True):
        mpifast.plots.trajectory(scanner, axes=panel)
        panel.set_title(title)
    return sheet


def magnetisation():
    """Langevin functions and point spread functions."""
    sheet, (left, right) = figure(2, width=9.0, height=3.6)
    field, position = np.linspace(-15, 15, 301), np.linspace(-2, 2, 401)  # mT, mm
    for color, diameter in zip(COLORS, DIAMETERS, strict=False):
        beta = mpifast.Particle(diameter * 1e-9).beta
        left.plot(field, mpifast.langevin(beta * field * 1e-3), color=color, label=f"{diameter} nm")
        width = mpifast.langevin_derivative(beta * 2.0 * position * 1e-3)
        right.plot(position, 3 * width, color=color, label=f"{diameter} nm")
    left.set(xlabel="field (mT)", ylabel="magnetisation / saturation", title="magnetisation")
    right.set(xlabel="position (mm)", ylabel="derivative / its maximum", title="point spread function, 2 T/m")
    left.legend()
    return sheet


def chebyshev():
    """Rows of the system matrix in one dimension."""
    scanner = mpifast.Scanner()
    x = scanner.positions * 1e3
    sheet, panels = figure(4, width=11.0, height=2.8)
    for panel, harmonic in zip(panels, (2, 3, 5, 9), strict=True):
        ideal = mpifast.ideal_system_matrix(scanner, mpifast.Particle(50e-9), harmonics=9).matrix[harmonic - 1].imag
        panel.plot(x, ideal, color="0.6", linewidth=2.5, label="ideal")
        for color, diameter in zip(COLORS, (50, 30), strict=False):
            row = mpifast.system_matrix(scanner, mpifast.Particle(diameter * 1e-9), harmonics=9).matrix[harmonic - 1]
            panel.plot(x, row.imag, color=color, label=f"{diameter} nm")
        panel.set(xlabel="position (mm)", title=f"harmonic {harmonic}")
    panels[0].set(ylabel="Im S (T)")
    panels[0].legend(fontsize="small")
    return sheet


def mixture():
    """The Langevin function over x as a sum of Gaussians."""
    sheet, (left, right) = figure(2, width=9.0, height=3.6)
    x = np.linspace(1e-6, 12, 400)
    nodes, weights, _ = gaussian_mixture(12.0, 1e-4)
    for node, weight in zip(nodes, weights, strict=True):
        left.plot(x, weight * np.exp(-node * x**2), color="0.6", linewidth=1)
    left.plot(x, np.exp(-np.outer(x**2, nodes)) @ weights, color=COLORS[0], label=f"sum of {len(nodes)} Gaussians")
    left.plot(x, mpifast.langevin(x) / x, "--", color=COLORS[1], label="L(x)/x")
    left.set(xlabel="x", title="a mixture at a tolerance of 1e-4")
    left.legend()
    tolerances = 10.0 ** -np.arange(3, 14)
    for color, largest in zip(COLORS, (12.0, 30.0, 100.0), strict=False):
        counts = [len(gaussian_mixture(largest, tolerance)[0]) for tolerance in tolerances]
        right.semilogx(tolerances, counts, "o-", color=color, label=f"x up to {largest:.0f}")
    right.invert_xaxis()
    right.set(xlabel="tolerance", ylabel="Gaussians", title="Gaussians of a tolerance")
    right.legend()
    return sheet


def relaxation():
    """The Debye factor."""
    frequency = np.linspace(0, 1e6, 500)
    sheet, (left, right) = figure(2, width=9.0, height=3.4)
    for color, tau in zip(COLORS, (0.3e-6, 1e-6, 3e-6), strict=False):
        factor = mpifast.Debye(tau).response(frequency)
        left.plot(frequency * 1e-3, abs(factor), color=color, label=f"{tau * 1e6:g} us")
        right.plot(frequency * 1e-3, np.degrees(np.angle(factor)), color=color)
    left.set(xlabel="frequency (kHz)", title="magnitude")
    right.set(xlabel="frequency (kHz)", ylabel="degrees", title="phase")
    left.legend()
    return sheet


def weights():
    """Trained weights beside Chebyshev polynomials."""
    system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    network = mpifast.Network(system=system, seed=1)
    network.fit(*mpifast.Spectra(system, seed=7)[:10_000], epochs=30, learning_rate=0.5)
    z = np.linspace(-1, 1, system.voxels)
    polynomials = mpifast.analysis.chebyshev_basis(6, z)
    sheet, panels = figure(4, width=11.0, height=2.8)
    for panel, k in zip(panels, (1, 2, 3, 5), strict=True):
        column, polynomial = network.weights[0][:, k], polynomials[k]
        panel.plot(z, column, color=COLORS[0], label="weights")
        scale = (column @ polynomial) / (polynomial @ polynomial)
        panel.plot(z, scale * polynomial, "--", color=COLORS[1], label="polynomial")
        panel.set(xlabel="G x / A", title=f"harmonic {k + 1}, $U_{k}$")
    panels[0].legend(fontsize="small")
    return sheet


def singular_values():
    """Singular values of system matrices in one dimension."""
    sheet, (panel,) = figure(1, width=6.0, height=3.8)
    for color, diameter in zip(COLORS, DIAMETERS, strict=False):
        matrix = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(diameter * 1e-9)).real
        values = np.linalg.svd(matrix, compute_uv=False)
        panel.semilogy(np.arange(1, len(values) + 1), values / values[0], color=color, label=f"{diameter} nm")
    panel.axhline(10**-1.5, color="0.4", linestyle="--")
    panel.set(xlabel="index", ylabel="singular value / largest", ylim=(1e-8, 2))
    panel.legend()
    return sheet


FIGURES = (fields, magnetisation, chebyshev, mixture, relaxation, weights, singular_values)


def draw(folder):
    """Write every figure as a PNG."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for make in FIGURES:
        make().savefig(Path(folder) / f"{make.__name__.replace('_', '-')}.png", dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    draw(*(sys.argv[1:] or [Path(__file__).resolve().parent / "images" / "theory"]))
