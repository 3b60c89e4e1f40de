"""The command line: output, exit codes, one-line errors."""

import os
import sys

import pytest

import mpifast
from mpifast import cli


def run(capsys, *arguments):
    """Exit code, output and errors of a command."""
    try:
        code = cli.main(list(arguments))
    except SystemExit as stop:  # argparse
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_reproduce_prints_the_table_and_writes_the_files(capsys, tmp_path):
    code, out, err = run(capsys, "reproduce", "fig2", "--out", str(tmp_path / "results"))
    assert code == 0
    assert "fwhm_mm_50nm" in out
    assert "0.25" in out
    assert err == "fig2 ...\n"
    assert sorted(os.listdir(tmp_path / "results")) == ["fig2.png", "report.html", "results.json"]


def test_only_is_the_same_as_naming_figures(capsys, tmp_path):
    code, out, _ = run(capsys, "reproduce", "--only", "fig2", "fig3", "--out", str(tmp_path))
    assert code == 0
    assert {line.split()[0] for line in out.splitlines() if line.startswith("fig")} == {"figure", "fig2", "fig3"}  # and the head


@pytest.mark.parametrize("arguments", [["--help"], ["reproduce", "--help"]])
def test_help_has_an_example(capsys, arguments):
    code, out, _ = run(capsys, *arguments)
    assert code == 0
    assert "mpifast reproduce" in out
    assert "example" in out


def test_version(capsys):
    assert run(capsys, "--version")[:2] == (0, f"mpifast {mpifast.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["draw"], "invalid choice: 'draw'"),
        (["reproduce", "fig99"], "mpifast: error: figure='fig99' is unknown: choose one of 'fig1'"),
        (["reproduce", "--only", "fig99"], "mpifast: error: figure='fig99' is unknown"),
        (["reproduce", "fig2", "--seed", "-1"], "mpifast: error: --seed=-1 is out of range"),
        (["reproduce", "fig2", "--seed", "x"], "argument --seed: invalid int value"),
        (["reproduce", "fig2", "--threads", "0"], "mpifast: error: --threads=0 is out of range"),
        (["reproduce", "--size", "3"], "unrecognized arguments"),
    ],
)
def test_mistakes_exit_with_2_and_say_why(capsys, arguments, message):
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_a_folder_that_cannot_be_made_is_one_line(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = run(capsys, "reproduce", "fig2", "--out", str(tmp_path / "file" / "results"))
    assert code == 2
    assert err.count("\n") == 1
    assert "file" in err


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may write anywhere, and Windows has other rights")
def test_a_folder_that_cannot_be_written_is_one_line(capsys, tmp_path):
    tmp_path.chmod(0o500)
    code, _, err = run(capsys, "reproduce", "fig2", "--out", str(tmp_path))
    assert code == 2
    assert err.count("\n") == 1


def test_ctrl_c_exits_with_130(capsys, monkeypatch, tmp_path):
    from mpifast.paper import fig2

    def interrupted(options, outcomes):
        raise KeyboardInterrupt

    monkeypatch.setattr(fig2, "measure", interrupted)
    code, _, err = run(capsys, "reproduce", "fig2", "--out", str(tmp_path))
    assert code == 130
    assert "interrupted" in err


def test_a_missing_matplotlib_names_the_extra(run_python):
    done = run_python("-c", "import sys; sys.modules['matplotlib'] = None; from mpifast.cli import main; sys.exit(main(['reproduce', 'fig2']))")
    assert done.returncode == 2
    assert 'pip install "mpifast[paper]"' in done.stderr


def test_python_m_mpifast_is_the_same_command(run_python):
    assert run_python("-m", "mpifast", "--version").stdout == f"mpifast {mpifast.__version__}\n"
