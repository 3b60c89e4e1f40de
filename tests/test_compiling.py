"""Compilation is measured by thread, and announced once where it takes long."""

import threading
import time
from types import SimpleNamespace

import numba
import pytest
from numba.core import event

from mpifast import _progress
from mpifast._compiled import compiling


def compile_something():
    numba.njit(lambda x: x + 1)(1)


def test_the_clock_is_that_of_the_compiler():
    before, start = compiling.seconds(), time.perf_counter()
    compile_something()
    took, counted = time.perf_counter() - start, compiling.seconds() - before
    assert 0.3 * took < counted <= took
    time.sleep(0.01)
    assert compiling.seconds() - before == counted


def test_other_threads_have_clocks_of_their_own():
    before, found = compiling.seconds(), []

    def work():
        compile_something()
        found.append(compiling.seconds())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found[0] > 0
    assert compiling.seconds() == before


@pytest.fixture
def announcement(monkeypatch):
    monkeypatch.setattr(_progress, "watched", lambda: True)
    monkeypatch.setattr(compiling.announcement, "told", False)
    return compiling.announcement


def compile_a_loop(seconds):
    """As Numba announces it."""
    loop = SimpleNamespace(__module__="mpifast.networks._loops.single_layer")
    with event.trigger_event("numba:compile", data={"dispatcher": loop}):
        compile_something()  # of another module, inside
        time.sleep(seconds)


def test_a_long_compilation_is_announced_once(announcement, monkeypatch, capsys):
    monkeypatch.setattr(compiling, "LONG", 0.05)
    compile_a_loop(0.5)
    compile_a_loop(0.5)
    assert capsys.readouterr().err.count("mpifast is compiling its loops") == 1
    assert announcement.running is None


def test_short_ones_and_those_of_others_are_not(announcement, monkeypatch, capsys):
    monkeypatch.setattr(compiling, "LONG", 30.0)
    compile_a_loop(0.0)
    assert announcement.running is None
    monkeypatch.setattr(compiling, "LONG", 0.0)
    compile_something()
    monkeypatch.setattr(_progress, "watched", lambda: False)
    compile_a_loop(0.1)
    assert capsys.readouterr().err == ""


def test_it_says_whether_the_code_is_kept(announcement, monkeypatch, capsys):
    monkeypatch.setattr(compiling.cache, "folder", lambda: None)
    announcement.tell()
    assert "in each process, as there is no cache" in capsys.readouterr().err
