"""From a scanner's two MDF files to a three-dimensional image, scored: ``python examples/measured_volume.py``.

Makes the files first (`scanner_files`): a matrix with noise, drift and background frames, and the scan of a phantom of
vessels on a finer grid, with another batch of the tracer. With your own files, or those of Open MPI, the five lines of
`image_of` are all it takes: ``python examples/measured_volume.py calibration.mdf measurement.mdf``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import scanner_files

import mpifast

# Two recipes in print (docs/measured.md), one of them with weights, and solvers whose parameters mpifast chooses.
RECIPES: dict[str, dict[str, Any]] = {
    "Open MPI, 3 sweeps": {"alpha": 1e-3, "iterations": 3, "projection": "plain"},
    "10 sweeps": {"alpha": 1e-2, "iterations": 10, "projection": "plain"},
    "whitened, 10 sweeps": {"alpha": 1e-2, "iterations": 10, "projection": "plain", "weights": "whitening"},
    "mpifast's default": {"weights": "whitening"},
    "Tikhonov": {"solver": "tikhonov", "weights": "whitening"},
    "fused lasso": {"solver": "fused-lasso", "weights": "whitening", "iterations": 200},
}


def image_of(calibration: Path, measurement: Path, **recipe: Any) -> mpifast.Reconstruction:
    """The image of all frames of a measurement, averaged."""
    with mpifast.read_mdf(calibration) as matrix, mpifast.read_mdf(measurement) as scan:
        system = matrix.system(snr=3.0, band=(80e3, None), background="interpolate")
        spectra = system.measured(scan, average=0, background="interpolate")
        if recipe.get("weights") == "whitening":
            recipe["weights"] = scan.whitening(system)
        return mpifast.reconstruct(system, spectra, **recipe)


def scored(image: np.ndarray, truth: np.ndarray, grid: mpifast.Grid) -> tuple[np.ndarray, float, float, float]:
    """The image in the unit of the truth by one factor, as another tracer's moment is not known; NRMSE, PSNR, SSIM."""
    image = image * (image.ravel() @ truth.ravel()) / max(image.ravel() @ image.ravel(), 1e-300)
    pair = image.reshape(1, -1), truth.reshape(1, -1)
    peak = float(truth.max())
    return (
        image,
        mpifast.metrics.nrmse(*pair),
        mpifast.metrics.psnr(*pair, peak),
        mpifast.metrics.ssim(*pair, peak, grid),
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a calibration and a measurement")
    parser.add_argument("--out", type=Path, default=Path("volume"), help="folder (default: %(default)s)")
    parser.add_argument("--voxels", type=int, default=19, help="of the matrix, along each axis (default: %(default)s)")
    parser.add_argument("--page", type=Path, help="write the scores into this page, between its marks")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    truth = None
    calibration, measurement = options.files or (options.out / f"{name}.mdf" for name in ("calibration", "measurement"))
    if not options.files:
        start = time.perf_counter()
        truth = scanner_files.write(options.out, options.voxels)
        print(f"{calibration}, {measurement} ({time.perf_counter() - start:.1f} s)", flush=True)
    print(f"{'recipe':20}  seconds  sweeps  residual" + "   NRMSE   PSNR   SSIM" * (truth is not None))
    lines = []
    for name, recipe in RECIPES.items():
        start = time.perf_counter()
        found = image_of(calibration, measurement, **recipe)
        seconds = time.perf_counter() - start
        image, score = found.images[0], ""
        if truth is not None:
            image, *values = scored(image, truth, found.grid)
            score = "  {:6.3f}  {:5.2f}  {:5.3f}".format(*values)
            lines.append("| {} | {} | {:.2f} | {:.1f} | {:.2f} |".format(name, found.sweeps[0], *values))
        print(f"{name:20}  {seconds:7.1f}  {found.sweeps[0]:6}  {found.relative_residual[0]:8.3f}{score}", flush=True)
        picture = {"kind": "projection", "title": name, "label": "concentration"}
        if truth is not None:
            picture["reference"] = truth[None]
        figure = mpifast.plots.draw_images(image[None], found.grid, **picture)
        figure.savefig(options.out / f"{name.replace(' ', '-').replace(',', '').lower()}.png", dpi=100)
    if options.page:
        write_table(options.page, lines)


def write_table(page: Path, lines: list[str]) -> None:
    """Put the scores between the two marks of a page."""
    begin, end = "<!-- made by examples/measured_volume.py -->", "<!-- end of the table -->"
    text = page.read_text(encoding="utf-8")
    before, after = text.split(begin)[0], text.split(end)[1]
    table = ["| recipe | iterations | NRMSE | PSNR (dB) | SSIM |", "| --- | --- | --- | --- | --- |", *lines]
    page.write_text("\n".join([before + begin, "", *table, "", end]) + after, encoding="utf-8")


if __name__ == "__main__":
    main()
