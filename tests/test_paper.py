"""The paper's figures: the headline numbers, the files, and what happens to files that are there already."""

import json
import os
import shutil
import subprocess
from dataclasses import replace

import pytest

import mpifast
from mpifast.paper import experiments, methods, trainings
from mpifast.paper import records as results
from mpifast.paper.options import Options
from mpifast.paper.records import Record
from mpifast.paper.reproduce import FIGURES, reproduce

FEW = 8_000  # samples of most trainings with a hidden layer


def train_on_few(experiment, step=None, train=experiments.train):
    """Train a hidden layer on few samples, unless figures 7 and 8 show it: the others' errors need only be in order."""
    if not experiment.hidden or (experiment.diameter_nm == 40.0 and experiment.epochs == 7):
        return train(experiment, step)
    outcome = train(replace(experiment, samples=FEW), step)
    return outcome and replace(outcome, experiment=experiment)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A quick reproduction of every figure: its folder and the measured values by name."""
    folder = tmp_path_factory.mktemp("results") / "new" / "folder"
    with pytest.MonkeyPatch.context() as patch:
        if trained := os.environ.get("MPIFAST_TRAINED"):  # by the gate: it has just run the whole command of this code
            shutil.copytree(trained, folder / "parts")
        else:
            patch.setattr(trainings, "train", train_on_few)
            patch.setattr(methods, "ITERATIONS", 50)  # of kaczmarz and sparse, whose errors nothing below looks at
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


def test_report_is_self_contained_and_has_a_row_for_each_number(quick):
    folder, _, records = quick
    page = (folder / "report.html").read_text()
    assert "http" not in page
    assert page.count("data:image/png;base64,") == len(FIGURES)
    for record in records:
        assert f"<code>{record.quantity}</code>" in page
    for figure in {record.figure for record in records} - {"comparison", "2d"}:  # they have more tables
        section = page.split(f'<section id="{figure}">')[1].split("</section>")[0]
        assert section.count("<tr>") == 1 + sum(record.figure == figure for record in records)
    assert "Where a network earns its place" in page
    assert "What carries over" in page


@pytest.mark.parametrize(
    ("quantity", "paper", "measured", "verdict"),
    [
        ("test_mse_30000", 7e-5, 6e-6, "met"),
        ("test_mse_30000", 7e-5, 8e-5, "agrees within 20 %"),
        ("test_mse_30000", 7e-5, 7e-4, "differs: 10 times the paper's"),
        ("fwhm_mm_30nm", 1.0, 0.5, "differs: 0.5 times the paper's"),
        ("fwhm_mm_30nm", 1.0, 0.9, "agrees within 20 %"),
        ("fwhm_mm_30nm", None, 0.9, "no printed value"),
    ],
)
def test_verdicts(quantity, paper, measured, verdict):
    assert results.verdict(Record("fig4", quantity, paper, measured)) == verdict


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


def test_other_figures_are_kept(tmp_path):
    version = {"version": mpifast.__version__}
    old = [Record("fig9", "later", 1.0, 2.0, version), Record("fig2", "stale", None, 0.0, version)]
    results.write(tmp_path / "results.json", old)
    reproduce(["fig2"], tmp_path)
    names = [record.quantity for record in results.read(tmp_path / "results.json")]
    assert "later" in names
    assert "stale" not in names


def test_a_foreign_results_file_is_left_alone(tmp_path):
    (tmp_path / "results.json").write_text('{"mine": 1}')
    with pytest.raises(ValueError, match=r"results\.json is not a list of mpifast results.*--out"):
        reproduce(["fig2"], tmp_path)
    assert (tmp_path / "results.json").read_text() == '{"mine": 1}'


def test_results_of_another_version_are_left_alone(tmp_path):
    results.write(tmp_path / "results.json", [Record("fig9", "old", None, 1.0, {"version": "0.0.1"})])
    before = (tmp_path / "results.json").read_bytes()
    with pytest.raises(ValueError, match=r"was written by mpifast 0\.0\.1.*--out"):
        reproduce(["fig2"], tmp_path)
    assert (tmp_path / "results.json").read_bytes() == before


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        reproduce(["fig2", "fig3"], tmp_path / folder, Options(seed=3))
    for name in ("fig2.png", "fig3.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_table_shows_the_paper_beside_the_measured():
    text = results.table(
        [Record("fig4", "test_mse_700", 5.69e-3, 5.69e-3), Record("fig3", "spectrum_decay_30nm", None, 2.25)]
    )
    assert text.splitlines()[2].split() == ["fig4", "test_mse_700", "0.00569", "0.00569", "1.00"]
    assert text.splitlines()[3].split() == ["fig3", "spectrum_decay_30nm", "2.25"]
