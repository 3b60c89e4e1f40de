"""A quick reproduction of the whole paper: the headline numbers, the pictures and the report. It takes a minute, so it
is marked as slow: `python -m pytest -m slow` runs it.
"""

import json
import os
import shutil
import subprocess

import pytest

from mpifast.paper.options import Options
from mpifast.paper.reproduce import FIGURES, reproduce

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A quick reproduction of every figure: its folder and the measured values by name."""
    folder = tmp_path_factory.mktemp("results") / "new" / "folder"
    if trained := os.environ.get("MPIFAST_TRAINED"):  # by the gate: it has just run the whole command of this code
        shutil.copytree(trained, folder / "parts")
    records = reproduce(out=folder, options=Options(quick=True))
    return folder, {record.quantity: record.measured for record in records}, records


def test_every_figure_is_drawn(quick):
    folder, _, records = quick
    for name in FIGURES:
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert {record.figure for record in records} == set(FIGURES) - {"fig1"}  # a schematic has no numbers
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*(f"{name}.png" for name in FIGURES), "parts", "report.html", "results.json"]
    )


def test_results_are_a_list_of_records(quick):
    entries = json.loads((quick[0] / "results.json").read_text())
    assert [set(entry) for entry in entries] == [
        {"figure", "quantity", "paper", "measured", "settings", "seconds"}
    ] * len(entries)
    assert [entry["quantity"] for entry in entries] == [record.quantity for record in quick[2]]
    for entry in entries:
        assert {"version", "seed", "quick"} <= set(entry["settings"])


def test_figure_2_widths(quick):
    # The exact law at 300 K; the paper prints 1.0 and 0.25 mm.
    assert quick[1]["fwhm_mm_30nm"] == pytest.approx(1.277, abs=1e-3)
    assert quick[1]["fwhm_mm_50nm"] == pytest.approx(0.276, abs=1e-3)


def test_figure_2_neighbours_separate_at_50_but_not_at_30_nm(quick):
    assert quick[1]["neighbour_valley_30nm"] == 1.0
    assert quick[1]["neighbour_valley_50nm"] < 0.95


def test_figure_3_small_particles_decay_much_faster(quick):
    assert quick[1]["spectrum_decay_30nm"] > 2 * quick[1]["spectrum_decay_40nm"] > 1


def test_figure_4_meets_the_papers_errors(quick):
    assert quick[1]["test_mse_30000"] <= 7.23e-5
    assert quick[1]["train_mse_30000"] <= 7.16e-5
    assert quick[1]["test_mse_700"] == pytest.approx(5.69e-3, rel=0.2)


def test_figure_5_and_9_errors_fall_with_the_diameter(quick):
    for kind in ("1layer", "2layer"):
        errors = [quick[1][f"test_mse_{kind}_{diameter}nm"] for diameter in (20, 25, 30, 35, 40, 50)]
        assert errors == sorted(errors, reverse=True)


def test_figure_6_sparse_rows_are_worse_than_half_full_ones(quick):
    assert quick[1]["sparse_rows_mse_40nm"] > 10 * quick[1]["half_full_rows_mse_40nm"]


def test_figure_7_sixty_units_are_far_too_few(quick):
    assert quick[1]["train_mse_60units"] > 3 * quick[1]["train_mse_200units"]


def test_figure_10_weights_are_chebyshev_polynomials(quick):
    for n in range(1, 7):
        assert quick[1][f"chebyshev_correlation_{n}"] >= 0.97
    assert quick[1]["chebyshev_correlation_25nm_6"] < 0.9 < quick[1]["chebyshev_correlation_25nm_interior_6"]


def test_comparison_noise_hurts_and_noise_free_solvers_are_exact(quick):
    for method in ("tsvd", "tikhonov", "nnls"):
        noise_free, noisy = (
            quick[1][f"comparison_mse_{method}_40nm_{noise}_random"] for noise in ("noise-free", "30dB")
        )
        assert noise_free < 1e-20 < 1e-4 < noisy
    for method in ("one_layer", "hidden"):
        assert (
            quick[1][f"comparison_mse_{method}_40nm_noise-free_random"]
            < quick[1][f"comparison_mse_{method}_40nm_30dB_random"]
        )


def test_two_dimensions_one_layer_learns_the_inverse_and_what_trained_it_counts(quick):
    def error(method, condition, kind):
        return quick[1][f"2d_mse_{method}_{condition}_{kind}"]

    assert error("one_layer", "30nm_noise-free", "random") < 0.02  # of a variance of 1/4
    assert error("nnls", "30nm_noise-free", "random") < 1e-6
    for method in ("one_layer", "one_layer_vessels", "tsvd", "tikhonov", "kaczmarz"):
        assert error(method, "30nm_noise-free", "vessels") < error(method, "30nm_30dB", "vessels")
        assert error(method, "30nm_30dB", "vessels") < error(method, "20nm_30dB", "vessels")
    assert error("one_layer_vessels", "30nm_30dB", "vessels") < error("one_layer", "30nm_30dB", "vessels") / 2
    assert error("one_layer", "30nm_30dB", "random") < error("one_layer_vessels", "30nm_30dB", "random") / 2


def test_tracers_a_wrong_one_costs_and_a_fit_or_a_mixture_buy_something_back(quick):
    def error(method, case):
        return quick[1][f"tracers_mse_{method}_{case}_vessels"]

    for method in ("one_layer", "kaczmarz"):
        assert error(f"{method}_true", "all") < error(method, "all") / 2
        assert error(f"{method}_fitted", "all") < error(method, "all") / 2
    assert error("kaczmarz_fitted", "relaxation") == pytest.approx(error("kaczmarz_true", "relaxation"))
    assert error("kaczmarz_true", "all") < error("kaczmarz_fitted", "all")
    assert error("one_layer_mixture", "all") < error("one_layer", "all")


def test_report_is_self_contained_and_has_a_row_for_each_number(quick):
    folder, _, records = quick
    page = (folder / "report.html").read_text()
    assert "http" not in page
    assert page.count("data:image/png;base64,") == len(FIGURES)
    for record in records:
        assert f"<code>{record.quantity}</code>" in page
    for figure in {record.figure for record in records} - {"comparison", "2d", "tracers"}:  # they have more tables
        section = page.split(f'<section id="{figure}">')[1].split("</section>")[0]
        assert section.count("<tr>") == 1 + sum(record.figure == figure for record in records)
    assert "Where a network earns its place" in page
    assert "What carries over" in page
    assert "What training on mixtures buys" in page


def chromium():
    """Debian's Chromium, or one under another usual name."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed (Debian: apt-get install chromium)")
@pytest.mark.parametrize("width", [1280, 400])
def test_report_fits_the_window(quick, tmp_path, width):
    page = (quick[0] / "report.html").read_text()
    probe = "<script>document.title = document.documentElement.scrollWidth + ' ' + window.innerWidth</script></body>"
    (tmp_path / "report.html").write_text(page.replace("</body>", probe))
    # A frame of the given width: a headless window itself is never narrower than 500 pixels.
    frame = (
        f'<iframe id="f" src="report.html" style="width:{width}px;height:900px;border:0" '
        'onload="document.title=f.contentDocument.title"></iframe>'
    )
    (tmp_path / "frame.html").write_text(frame)
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--allow-file-access-from-files",
    ]
    options += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"]
    command = [chromium(), *options, (tmp_path / "frame.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    content, window = map(int, done.stdout.split("<title>")[1].split("</title>")[0].split())
    assert window == width
    assert content <= width
