"""A user's script, as type checkers see it: tests/test_typing.py gives it to mypy --strict and pyright, and runs it."""

import tempfile
from pathlib import Path
from typing import assert_type

import numpy as np

import mpifast
from mpifast.networks.history import History


def simulate(diameter: float) -> tuple[mpifast.SystemMatrix, mpifast.Spectra]:
    scanner = mpifast.Scanner(gradient=2.0, drive_amplitude=32e-3, drive_frequency=20e3, voxels=33)
    system = mpifast.system_matrix(scanner, mpifast.Particle(diameter), harmonics=40)
    return system, mpifast.Spectra(system, seed=7, snr_db=30.0, dtype="float64")


def train(system: mpifast.LinearSystem, spectra: mpifast.Spectra) -> mpifast.Network:
    u, c = spectra[:300]
    network = mpifast.Network(hidden=(20,), system=system)
    history = network.fit(u, c, epochs=4, validation=spectra[300:320])
    assert_type(history, History)
    assert_type(network.predict(u), np.ndarray)
    losses: list[float] = history.train_mse
    print(f"{losses[-1]:.3f}")
    return network


def solve(system: mpifast.LinearSystem, u: np.ndarray, details: bool) -> None:
    assert_type(mpifast.tsvd(system, u), np.ndarray)
    assert_type(mpifast.tsvd(system, u, rank=9, full_output=False), np.ndarray)
    assert_type(mpifast.tsvd(system, u, 9, full_output=True), mpifast.Solution)
    assert_type(mpifast.tikhonov(system, u, alpha=0.1), np.ndarray)
    fit = mpifast.tikhonov(system, u, choice="lcurve", full_output=True)
    assert_type(fit, mpifast.Solution)
    print(fit, fit.images.shape, fit.converged.all())
    assert_type(mpifast.kaczmarz(system, u, 1.0, nonnegative=True), np.ndarray)
    assert_type(mpifast.kaczmarz(system, u, 1.0, full_output=True, threads=1), mpifast.Solution)
    assert_type(mpifast.sparse(system, u, iterations=9, tolerance=0.0), np.ndarray)
    assert_type(mpifast.sparse(system, u, iterations=9, tolerance=0.0, full_output=True), mpifast.Solution)
    assert_type(mpifast.nnls(system, u), np.ndarray)
    assert_type(mpifast.nnls(system, u, alpha=0.1, full_output=True), mpifast.Solution)
    either = mpifast.tikhonov(system, u, full_output=details)
    images = either.images if isinstance(either, mpifast.Solution) else either
    print(images.shape)


def keep(system: mpifast.SystemMatrix, spectra: mpifast.Spectra, folder: Path) -> None:
    spectra.save(folder / "data.h5", 50)
    with mpifast.open_spectra(folder / "data.h5") as stored:
        u, c = stored[10:20]
        assert_type(u, np.ndarray)
        assert_type(c, np.ndarray)
        print(len(stored), stored.fingerprint == system.fingerprint, stored.to_xarray().sizes["sample"])
    mpifast.write_mdf(folder / "system.mdf", system)
    with mpifast.read_mdf(folder / "system.mdf") as file:
        measured: mpifast.LinearSystem = file.system()
        print(measured.select(band=(30e3, None)).matrix.shape)
    print(mpifast.check_mdf(folder / "system.mdf"))


def judge(system: mpifast.LinearSystem, network: mpifast.Network, folder: Path) -> None:
    c = mpifast.phantoms.letters("MPI", voxels=system.voxels)
    u = system.spectra(c, snr_db=25.0, seed=3)
    error: float = mpifast.metrics.mse(network.predict(u), c)
    comparison = mpifast.compare([network, "tikhonov", ("tsvd", {"rank": 9})], system, c, snr_db=25.0)
    assert_type(comparison, mpifast.Comparison)
    comparison.plot().savefig(folder / "images.png")
    mpifast.plots.learning_curve(network).savefig(folder / "training.png")
    print(f"{error:.3f}", [row.solver for row in comparison.rows], comparison.to_dict().keys())
    regressor = mpifast.SolverRegressor(system, "tikhonov", alpha=0.1).fit(u, c)
    print(regressor.predict(u).shape)


def any_matrix() -> None:
    grid = mpifast.Grid(shape=(4, 6), field_of_view=(4e-3, 6e-3))
    matrix = np.random.default_rng(0).normal(size=(60, 24)) + 0j
    system = mpifast.linear_system(matrix, grid)
    print(system.image(mpifast.tikhonov(system, system.forward(np.eye(24)), alpha=0.0)).shape)


if __name__ == "__main__":
    system, spectra = simulate(40e-9)
    with tempfile.TemporaryDirectory() as name:
        network = train(system, spectra)
        solve(system, spectra[:5][0], details=True)
        keep(system, spectra, Path(name))
        judge(system, network, Path(name))
    any_matrix()
