"""Ctrl-C at any time, readers that close the pipe, full disks, warnings: one line, and the right exit code."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import h5py
import pytest

import mpifast
from mpifast.cli import main

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and pipes")
SMALL = ["--voxels", "11", "--harmonics", "14"]
# Raises KeyboardInterrupt where a module is imported, as Ctrl-C may.
INTERRUPTED = """
import sys
class Finder:
    def find_spec(self, name, *_):
        if name == {module!r}:
            raise KeyboardInterrupt
from mpifast.cli import main
sys.meta_path.insert(0, Finder())
sys.exit(main({arguments!r}))
"""


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("mpifast.cli._parser", ["--version"]),
        ("mpifast.paper.options", ["--help"]),
        ("numpy", ["matrix", "system.npy", *SMALL]),
        ("scipy.fft", ["matrix", "system.npy", *SMALL]),
        ("numba", ["generate", "data.h5", "--count", "3", *SMALL]),
        ("h5py", ["generate", "data.h5", "--count", "3", *SMALL]),
        ("matplotlib", ["reproduce", "fig2"]),
    ],
)
def test_ctrl_c_during_an_import_is_one_line(run_python, module, arguments):
    done = run_python("-c", INTERRUPTED.format(module=module, arguments=arguments))
    assert done.stderr == "mpifast: interrupted; what was finished is kept\n"
    assert (done.returncode, done.stdout) == (130, "")


def test_the_command_line_imports_little_before_it_can_be_interrupted(run_python):
    done = run_python("-c", "import sys, mpifast.cli; print(*sys.modules)")
    assert not {"numpy", "scipy", "numba", "argparse"} & set(done.stdout.split())


def process(arguments, tmp_path, code="import sys; from mpifast.cli import main; sys.exit(main())", **options):
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        text=True,
        **options,
    )


@pytest.mark.parametrize("delay", [0.0, 0.3, 1.0])
def test_ctrl_c_soon_after_the_start_is_one_line(tmp_path, delay):
    ready = "import sys; from mpifast.cli import main; print('ready', flush=True); sys.exit(main())"
    arguments = ["generate", "data.h5", "--count", "1e6", "--compression", "9"]
    command = process(arguments, tmp_path, ready, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert command.stdout.readline() == "ready\n"
    time.sleep(delay)
    for _ in range(5):  # again, as users do: a module of others may swallow an interruption while it is imported
        command.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            _, err = command.communicate(timeout=20)
            break
    assert err == "mpifast: interrupted; what was finished is kept\n"
    assert command.returncode == 130


def test_ctrl_c_in_a_destructor_is_not_lost(tmp_path):
    """Python ignores what a destructor raises; those of the compiler run often."""
    code = """
import sys, time
from mpifast.cli import _parser, main

class Interrupted:
    def __del__(self):
        raise KeyboardInterrupt

class Parser:
    def parse_args(self, _):
        Interrupted()
        for _ in range(2000):  # not in one: what interrupts the main thread from another does not end its sleep
            time.sleep(0.01)

_parser.parser = Parser
sys.exit(main())
"""
    command = process([], tmp_path, code, stderr=subprocess.PIPE)
    _, err = command.communicate(timeout=120)
    assert err == "mpifast: interrupted; what was finished is kept\n"
    assert command.returncode == 130


@pytest.mark.parametrize(
    "arguments",
    [
        ["matrix", "system.npy", "--json", *SMALL],
        ["matrix", "system.npy", *SMALL],
        ["--help"],
        ["--version"],
        ["--completion", "bash"],
        ["info", "system.npy", "--json"],
    ],
    ids=" ".join,
)
def test_a_closed_pipe_is_no_error(tmp_path, arguments):
    main(["matrix", str(tmp_path / "system.npy"), *SMALL])
    reader, writer = os.pipe()
    os.close(reader)
    command = process(arguments, tmp_path, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, err = command.communicate(timeout=120)
    assert (command.returncode, err) == (0, "")


def test_a_closed_pipe_keeps_the_exit_code(tmp_path):
    files = [str(tmp_path / f"{i}.mdf") for i in range(3)]
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
    for path in files:
        mpifast.write_mdf(path, system)
        with h5py.File(path, "r+") as file:
            del file["uuid"]
    reader, writer = os.pipe()
    os.close(reader)
    command = process(["mdf", "check", *files], tmp_path, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, err = command.communicate(timeout=120)
    assert (command.returncode, err) == (1, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["matrix", "system.npy", *SMALL], ["--help"]])
def test_output_that_cannot_be_written_is_one_line(tmp_path, arguments):
    with open("/dev/full", "w") as full:
        command = process(arguments, tmp_path, stdout=full, stderr=subprocess.PIPE)
        _, err = command.communicate(timeout=120)
    assert command.returncode == 2
    assert err == "mpifast: error: [Errno 28] No space left on device\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["draw"],
        ["generate", "data.h5"],
        ["generate", "data.h5", "--count", "1e0.5"],
        ["generate", "data.h5", "--count", "1.5"],
        ["reproduce", "--seed", "x"],
        ["mdf", "fix"],
        ["reconstruct", "x.mdf"],
        ["train", "net.npz", "--recipe", "best"],
    ],
    ids=" ".join,
)
def test_a_mistake_in_the_call_is_one_line_with_the_way_to_help(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    err = capsys.readouterr().err
    assert stop.value.code == 2
    assert err.startswith("mpifast: error: ")
    assert err.endswith(" --help\n")
    assert err.count("\n") == 1


def test_a_training_that_diverges_is_one_line(capsys, tmp_path):
    arguments = ["train", str(tmp_path / "net.npz"), "--count", "50", "--activation", "linear", *SMALL]
    assert main([*arguments, "--learning-rate", "1e20"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("mpifast: error: ")
    assert err.count("\n") == 1


def test_a_warning_is_one_line(capsys, tmp_path):
    arguments = ["train", str(tmp_path / "net.npz"), "--count", "50", "--epochs", "41", *SMALL]
    code = main([*arguments, "--learning-rate", "1e-9", "--json"])
    captured = capsys.readouterr()
    assert code == 0
    assert json.loads(captured.out)["epochs"] == 41
    assert captured.err
    assert all(line.startswith("mpifast: warning: ") for line in captured.err.splitlines())


def test_progress_of_trainings_reaches_a_log_at_once(tmp_path, monkeypatch, capsys):
    from mpifast.paper import trainings
    from mpifast.paper.experiments import Experiment
    from mpifast.paper.figures import fig2

    small = [Experiment(samples=100, epochs=1, seed=seed) for seed in (9, 10)]
    monkeypatch.setattr(fig2, "experiments", lambda options: dict(enumerate(small)))
    flushed = []
    monkeypatch.setattr(trainings.sys.stderr, "flush", lambda: flushed.append(1), raising=False)
    assert main(["reproduce", "fig2", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"{done} of 2 networks trained" for done in (0, 1, 2)] + ["fig2 ..."]
    assert len(flushed) >= len(lines)


def test_reproduce_prints_its_numbers_as_json(tmp_path, capsys):
    assert main(["reproduce", "fig2", "--out", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    kept = json.loads((tmp_path / "results.json").read_text())
    assert found["folder"] == str(tmp_path)
    assert [{name: value for name, value in record.items() if name != "verdict"} for record in found["records"]] == kept
    assert {record["verdict"].split(" ")[0] for record in found["records"]} <= {"met", "agrees", "differs:", "no"}
