"""Claims of the text without a figure: learning rates, external noise, truncated SVD "for particles of above 30 nm"."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpifast.data.spectra import Spectra
from mpifast.metrics import mse
from mpifast.paper.experiments import Experiment, Outcome
from mpifast.paper.options import Options
from mpifast.paper.records import Record
from mpifast.paper.studies import DIAMETERS
from mpifast.physics.fields.scanner import Scanner
from mpifast.physics.system_matrix import system_matrix
from mpifast.physics.tracer.particle import Particle
from mpifast.solvers.spectral import tsvd

TITLE = "Claims of the text: learning rates, noise, truncated SVD"
RATES = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
NOISE_DB = (60.0, 40.0, 30.0, 20.0)
TSVD_DB = 40.0
TSVD_PHANTOMS = 200


@dataclass(frozen=True)
class Claims:
    """Trainings by rate and by noise, and the errors of truncated SVD by diameter (nm), noise-free and noisy."""

    outcomes: Mapping[tuple[str, float], Outcome]
    tsvd: dict[str, dict[int, float]]


def experiments(options: Options) -> dict[tuple[str, float], Experiment]:
    """One layer at 40 nm: several rates, and several levels of noise on training and test spectra."""
    epochs = 2 if options.quick else 105
    rates = {("rate", rate): Experiment(learning_rate=rate, epochs=epochs, seed=options.seed) for rate in RATES}
    return rates | {("noise", snr): Experiment(snr_db=snr, epochs=epochs, seed=options.seed) for snr in NOISE_DB}


def tsvd_errors(options: Options, snr_db: float | None) -> dict[int, float]:
    """Mean squared error of truncated SVD, its rank by cross-validation, by diameter in nm."""
    errors = {}
    for diameter in DIAMETERS:
        system = system_matrix(Scanner(), Particle(diameter * 1e-9))
        u, c = Spectra(system, seed=options.seed, snr_db=snr_db, dtype="float64", threads=1)[:TSVD_PHANTOMS]
        errors[diameter] = mse(tsvd(system, u), c)
    return errors


def measure(options: Options, outcomes: Mapping[tuple[str, float], Outcome]) -> tuple[Claims, list[Record]]:
    """Errors of each rate ("a high learning rate accelerated the convergence") and noise level ("external noise has
    worse performance"); errors of truncated SVD without noise and at 40 dB ("retrieved the spatial information for
    particles of above 30 nm").
    """
    records = []
    for (kind, value), outcome in outcomes.items():
        name = f"test_mse_rate_{value:g}" if kind == "rate" else f"test_mse_noise_{value:g}dB"
        records.append(
            Record(
                "claims", name, None, outcome.test_mse, options.settings(**outcome.experiment.settings), outcome.seconds
            )
        )
    found = {}
    for suffix, snr in (("", None), (f"_{TSVD_DB:g}dB", TSVD_DB)):
        start = time.perf_counter()
        errors = found["noise-free" if snr is None else f"{snr:g} dB"] = tsvd_errors(options, snr)
        seconds = (time.perf_counter() - start) / len(errors)
        for diameter, value in errors.items():
            settings = options.settings(
                diameter_nm=diameter, temperature_K=300.0, snr_db=snr, phantoms=TSVD_PHANTOMS, rank="cross-validation"
            )
            records.append(Record("claims", f"tsvd_mse_{diameter}nm{suffix}", None, value, settings, seconds))
    return Claims(outcomes, found), records


def draw(claims: Claims, axes_of: Any) -> Any:
    """Panels: training curves by rate, test error by noise, truncated SVD by diameter."""
    from mpifast.plots import COLORS

    sheet, axes = axes_of(3)
    rates, noise, direct = axes[0]
    for color, rate in zip(COLORS, RATES, strict=True):
        curve = claims.outcomes["rate", rate].curve
        rates.loglog(range(1, len(curve) + 1), curve, color=color, label=f"rate {rate:g}")
    rates.set(
        title="learning rates, 40 nm, one layer",
        xlabel="iteration (pass over all samples)",
        ylabel="mean squared error",
    )
    noise.semilogy(NOISE_DB, [claims.outcomes["noise", snr].test_mse for snr in NOISE_DB], "o-", color=COLORS[0])
    noise.set(
        title="trained and tested with noise", xlabel="signal-to-noise ratio (dB)", ylabel="test mean squared error"
    )
    for color, (label, errors) in zip(COLORS, claims.tsvd.items(), strict=False):
        direct.semilogy(list(errors), np.maximum(list(errors.values()), 1e-30), "o-", color=color, label=label)
    direct.set(title="truncated SVD", xlabel="diameter (nm)", ylabel="mean squared error")
    rates.legend(fontsize="small")
    direct.legend()
    return sheet
