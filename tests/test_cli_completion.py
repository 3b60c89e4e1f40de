"""What bash completes: the script of `mpifast --completion bash`, sourced and asked."""

import shutil
import subprocess
import sys

import pytest

from mpifast.cli import main

pytest.importorskip("shtab", reason="shtab is in the extra completion")
BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None or sys.platform == "win32", reason="there is no bash")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The script, and files of several kinds."""
    place = tmp_path_factory.mktemp("completion")
    with pytest.MonkeyPatch.context() as patch, open(place / "script.sh", "w", encoding="utf-8") as script:
        patch.setattr(sys, "stdout", script)
        with pytest.raises(SystemExit):
            main(["--completion", "bash"])
    for name in ("measurement.mdf", "data.h5", "net.npz", "system.mdf"):
        (place / name).write_text("")
    (place / "data.zarr").mkdir()
    return place


def completed(folder, line):
    """What is offered for the last word of a line."""
    words = ["mpifast", *line.split(" ")]
    quoted = " ".join(f"'{word}'" for word in words)
    ask = f'source ./script.sh; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _shtab_mpifast; printf "%s\\n" '
    done = subprocess.run(
        [BASH, "--norc", "-c", ask + '"${COMPREPLY[@]}"'], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    return sorted(done.stdout.split())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("rep", ["reproduce"]),
        ("reproduce fig1", ["fig1", "fig10", "fig11"]),
        ("reproduce fig2 com", ["comparison"]),
        ("reproduce --only fig2 cl", ["claims"]),
        ("train net.npz --scaling h", ["harmonic"]),
        ("train net.npz --recipe f", ["fast"]),
        ("train n", ["net.npz"]),
        ("train net.npz --scanner l", ["lissajous"]),
        ("train net.npz --pat", ["--patience"]),
        ("matrix system.mdf --scanner sampled --waveform da", ["data.h5", "data.zarr"]),
        ("generate data.h5 --field", ["--field-of-view"]),
        ("train net.npz --data d", ["data.h5", "data.zarr"]),
        ("train net.npz --checkpoint n", ["net.npz"]),
        ("generate d", ["data.h5", "data.zarr"]),
        ("generate data.h5 --matrix s", ["script.sh", "system.mdf"]),
        ("reconstruct m", ["measurement.mdf"]),
        ("reconstruct measurement.mdf --matrix sy", ["system.mdf"]),
        ("reconstruct measurement.mdf --solver k", ["kaczmarz"]),
        ("reconstruct measurement.mdf --solver n", ["net.npz", "nnls"]),
        ("reconstruct measurement.mdf --weights e", ["energy"]),
        ("reconstruct measurement.mdf --out me", ["measurement.mdf"]),
        ("mdf check measurement.mdf sy", ["system.mdf"]),
        ("info da", ["data.h5", "data.zarr"]),
        ("verify data.h5 da", ["data.h5", "data.zarr"]),
        ("predict net.npz me", ["measurement.mdf"]),
        ("export net.npz da", ["data.h5", "data.zarr"]),
        ("reproduce --out da", ["data.zarr"]),
        ("train --compl", []),
    ],
)
def test_bash_offers(folder, line, words):
    assert completed(folder, line) == words


@pytest.mark.parametrize("shell", ["zsh", "tcsh"])
def test_other_shells_are_told_of_files_and_words(capsys, shell):
    with pytest.raises(SystemExit):
        main(["--completion", shell])
    script = capsys.readouterr().out
    assert "fig11" in script
    assert {"zsh": ":_files", "tcsh": "/f/"}[shell] in script
