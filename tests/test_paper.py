"""Records of figures: what is kept of them, and what happens to files that are there already."""

import pytest

import mpifast
from mpifast.paper import records as results
from mpifast.paper.options import Options
from mpifast.paper.records import Record
from mpifast.paper.reproduce import reproduce


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
