"""SIGINT at random moments of trainings, stores, solvers and reproductions: what is kept agrees, and all can go on.

`campaigns.py` calls `interrupt`. Trainings, stores and solvers run in one process that this file starts as its own
program: it takes one job a line, says "ready", and answers with the outcome in JSON.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

TRAININGS = {  # network and training; the fast recipe has no checkpoint
    "one layer": ({}, {"epochs": 300}),
    "hidden layer": ({"hidden": (9,)}, {"epochs": 600, "shuffle": True, "threads": 1}),
    "validation": ({"hidden": (9,)}, {"epochs": 600, "validation": True, "threads": 1}),
    "callback": ({}, {"epochs": 200, "callback": True, "validation": True}),
    "fast recipe": ({}, {"epochs": 100, "recipe": "fast", "validation": True}),
}
STORES = ("data.h5", "data.zarr")
SOLVERS = ("kaczmarz", "sparse", "nnls", "tikhonov")
REPRODUCE = ("-m", "mpifast", "reproduce", "--quick")
JOBS = (
    *[("train", name) for name in TRAININGS] * 4,
    *[("save", name) for name in STORES] * 3,
    *[("solve", name) for name in SOLVERS],
)


class Child:
    """The process that does the jobs."""

    def __init__(self, folder):
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(folder)],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, kind, name, delay=None):
        """Outcome of a job, which SIGINT interrupts after ``delay`` seconds, and its duration."""
        print(json.dumps([kind, name]), file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "ready\n"
        began = time.perf_counter()
        if delay is not None:
            time.sleep(delay)
            self.process.send_signal(signal.SIGINT)
        outcome = json.loads(self.process.stdout.readline())
        return outcome, time.perf_counter() - began

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(60) == 0


def interrupt(count, seed, folder, figure="fig4"):
    """SIGINT at ``count`` random moments of trainings, stores, solvers and reproductions: what is kept agrees.

    Network, history and checkpoint are of one epoch, and whatever was interrupted ends with the bits of what was not.
    """
    random, began, found = np.random.default_rng(seed), time.perf_counter(), Counter()
    reproductions = count // 10
    child = Child(folder)
    try:
        for job in dict.fromkeys(JOBS):
            child.run(*job)  # whole, and what it needs is compiled
        durations = {job: child.run(*job)[1] for job in dict.fromkeys(JOBS)}
        for number in range(count - reproductions):
            kind, name = JOBS[number % len(JOBS)]
            outcome, _ = child.run(kind, name, random.uniform(0.0, durations[kind, name]))
            found[f"{kind} {outcome['state']}"] += 1
            assert outcome["wrong"] == [], (kind, name, outcome)
    finally:
        child.close()
    run_reproduction(folder / "first", "fig2")  # what it needs is compiled and read from the disk: it takes longer
    duration = run_reproduction(folder / "results", figure)
    for _ in range(reproductions):
        found[f"reproduce {interrupt_reproduction(random, folder / 'results', figure, duration)}"] += 1
    return {"interrupts": count, **dict(sorted(found.items())), "wrong": 0, "seconds": time.perf_counter() - began}


def interrupt_reproduction(random, folder, figure, duration):
    """Ctrl-C in ``mpifast reproduce``, as a terminal sends it to all processes of a command; then the command again."""
    shutil.rmtree(folder, ignore_errors=True)
    process = start_reproduction(folder, figure)
    time.sleep(random.uniform(0.3, 1.0) * duration)  # before that Python is starting
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    said, errors = process.communicate(timeout=300)
    finished = "Figures, results.json" in said
    # Python takes a while to end after the last word, and SIGINT ends it then as it ends any program.
    assert process.returncode in ((0, 130, -signal.SIGINT) if finished else (130,)), (process.returncode, said, errors)
    for file in folder.glob("*.json"):
        json.loads(file.read_text())  # whole, whenever it is looked at
    if finished:
        return "finished"
    run_reproduction(folder, figure)
    return "interrupted"


def start_reproduction(folder, figure):
    """A process of ``mpifast reproduce`` in a group of its own."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a job in the background of a shell: children inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.Popen(
        [sys.executable, *REPRODUCE, figure, "--out", str(folder)],
        cwd=folder.parent,  # in a checkout Python would find the uncompiled package
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run_reproduction(folder, figure):
    """Seconds that ``mpifast reproduce`` takes, with what is in the folder."""
    began, process = time.perf_counter(), start_reproduction(folder, figure)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    return time.perf_counter() - began


class Jobs:
    """The jobs, and what they give without an interruption."""

    def __init__(self, folder):
        from scanner_systems import small_system

        import mpifast

        self.mpifast, self.folder, self.expected = mpifast, folder, {}
        self.system = small_system()
        self.spectra = mpifast.Spectra(self.system, seed=7, density=0.3, snr_db=30.0)
        self.samples = mpifast.Spectra(self.system, seed=3)[:200]

    def train(self, name):
        """Train, look whether all agrees, and go on to the end."""
        options, fit = TRAININGS[name][0], dict(TRAININGS[name][1])
        seen, path = {}, self.folder / "net.npz"
        if fit.pop("validation", False):
            fit["validation"] = self.samples
        if fit.pop("callback", False):
            fit["callback"] = lambda net, history: seen.update({history.epochs: net.weights})
        if fit.get("recipe") != "fast":
            fit["checkpoint"] = path
        path.unlink(missing_ok=True)
        net = self.mpifast.Network(14, 11, seed=4, **options)
        history = yield lambda: net.fit(*self.samples, **fit)
        wrong = []
        if history is not None:
            lengths = {len(history.train_mse), len(history.seconds), len(history.learning_rate), net.epochs_trained}
            lengths |= {len(history.validation_mse)} if "validation" in fit else set()
            wrong += ["history"] * (lengths != {history.epochs})
        wrong += ["callback"] * (net.epochs_trained in seen and not same(net.weights, seen[net.epochs_trained]))
        if path.exists():
            wrong += ["checkpoint"] * (self.mpifast.Network.load(path).epochs_trained > net.epochs_trained)
        state = "raised" if history is None else history.stopped
        if state != "completed":
            net = net if "checkpoint" not in fit else self.mpifast.Network(14, 11, seed=4, **options)
            if "checkpoint" not in fit:
                fit["epochs"] -= net.epochs_trained
            again = net.fit(*self.samples, **fit)
            wrong += ["epochs"] * (net.epochs_trained != TRAININGS[name][1]["epochs"] or again.epochs != fit["epochs"])
        if "checkpoint" in fit:  # the fast recipe begins again from folded weights
            wrong += ["bits"] * (not same(self.expected.setdefault(name, net.weights), net.weights))
        yield state, wrong

    def save(self, name):
        """Write a store, then what was missing of it."""
        path = self.folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        done = yield lambda: self.spectra.save(path, 20_000, chunks=500, progress=False) or True
        if done is None and not path.exists():
            self.spectra.save(path, 20_000, chunks=500, progress=False)
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
        content = [file.read_bytes() for file in files]
        left = [entry.name for entry in self.folder.iterdir() if entry.name.startswith(name) and entry.name != name]
        yield "completed" if done else "raised", ["bits"] * (self.expected.setdefault(name, content) != content) + left

    def solve(self, name):
        """Solve; afterwards the same call gives what it always gives."""
        solver, u = getattr(self.mpifast, name), self.spectra[: 2000 if name == "nnls" else 1000][0]
        options = {"kaczmarz": {"alpha": 1e-3, "iterations": 2000}, "sparse": {"iterations": 100}}.get(name, {})
        found = yield lambda: solver(self.system, u, **options)
        images = solver(self.system, u, **options)
        wrong = ["bits"] * (not same([self.expected.setdefault(name, images)], [images]))
        yield "raised" if found is None else "completed", wrong


def same(one, other):
    """Whether lists of arrays are equal."""
    return all(map(np.array_equal, one, other))


def serve(folder):
    """Do one job a line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    jobs = Jobs(folder)
    for line in sys.stdin:
        kind, name = json.loads(line)
        job, result = getattr(jobs, kind)(name), None
        call = next(job)
        try:
            try:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                print("ready", flush=True)
                result = call()
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        except KeyboardInterrupt:
            result = None
        state, wrong = job.send(result)
        print(json.dumps({"state": state, "wrong": wrong}), flush=True)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
