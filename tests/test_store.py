"""Stores: the same bits back, through our own reader and through plain h5py, zarr and xarray; killed, crowded and out
of space.
"""

import errno
import json
import os
import pickle
import re
import subprocess
import sys
import threading

import h5py
import numpy as np
import pytest
import xarray
import zarr
from campaign_kills import SAVE, STORES, contents, start
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mpifast
from mpifast._files import locked
from mpifast.io.store import partial as _partial
from mpifast.io.store import targets as _store_targets
from mpifast.io.store import writer as module
from mpifast.io.store.layout import _digest as digest

COUNT, CHUNKS = 1000, 150


@pytest.fixture(params=STORES, ids=["hdf5", "hdf5-deflate", "zarr", "zarr-gzip"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def spectra(small_system):
    return mpifast.Spectra(small_system, seed=7, density=0.3, snr_db=30.0)


@pytest.fixture
def saved(spectra, tmp_path, kind):
    """A store and its path."""
    path = tmp_path / f"data{kind[0]}"
    spectra.save(path, COUNT, chunks=CHUNKS, compression=kind[1])
    return path


def same(found, expected):
    assert all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


# ----- what comes back


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("packed", [True, False])
def test_the_same_bits_come_back(small_system, tmp_path, kind, dtype, packed):
    spectra = mpifast.Spectra(small_system, seed=2**100, dtype=dtype)
    path = tmp_path / f"data{kind[0]}"
    assert spectra.save(path, COUNT, chunks=CHUNKS, compression=kind[1], packed=packed) is None
    stored = mpifast.open_spectra(path)
    same(stored[:], spectra[:COUNT])
    stored.verify()
    assert (len(stored), stored.dtype, stored.settings["seed"]) == (COUNT, np.dtype(dtype), str(2**100))
    assert os.listdir(tmp_path) == [path.name]


def grey_phantoms(seed, samples):
    """From 0 to 1, by NumPy."""
    return np.array([np.random.default_rng((seed, i)).random(11) for i in samples])


def test_grey_phantoms_come_back(small_system, tmp_path, kind):
    """As float32, whatever ``packed`` says; saved again, the finished store is left; other phantoms are another one."""
    spectra, path = mpifast.Spectra(small_system, seed=7, snr_db=30.0, phantoms=grey_phantoms), tmp_path / f"a{kind[0]}"
    for _ in range(2):
        spectra.save(path, 100, chunks=30, compression=kind[1])
    stored = mpifast.open_spectra(path)
    stored.verify()
    same(stored[:], spectra[:100])
    same(stored[[99, 3]], [array[[99, 3]] for array in spectra[:100]])
    assert stored.phantom_dtype == np.float32
    assert (stored.settings["phantom_dtype"], stored.settings["packed"]) == ("float32", 0)
    assert stored.settings["phantoms"] == spectra.source().settings["phantoms"]
    assert "<th>phantoms</th>" in stored._repr_html_()
    same([stored.to_xarray(chunks=40).phantoms.to_numpy()], [spectra[:100][1]])
    other = mpifast.Spectra(small_system, seed=7, snr_db=30.0, phantoms=lambda *given: 0.5 * grey_phantoms(*given))
    with pytest.raises(FileExistsError, match=r"exists and is something else \(\w"):
        other.save(path, 100, chunks=30, compression=kind[1])


def test_a_store_of_unknown_phantoms_is_refused(small_system, tmp_path, monkeypatch):
    monkeypatch.setattr(module.Layout, "attributes", property(attributes_of_doubles))
    mpifast.Spectra(small_system, seed=7, phantoms=grey_phantoms).save(tmp_path / "a.zarr", 10)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="phantom_dtype='float64' is unknown: choose one of 'uint8', 'float32'"):
        mpifast.open_spectra(tmp_path / "a.zarr")


def attributes_of_doubles(layout):
    """What a store of float64 phantoms would say."""
    shape = {**layout.shape, "phantom_dtype": "float64"}
    stated = {**shape, "settings": json.dumps(layout.settings, sort_keys=True)}
    return {"format": "mpifast-spectra", "format_version": 2, **stated, "digest": digest(stated)}


@pytest.fixture(scope="module")
def stores(spectra, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    for suffix, compression in STORES:
        spectra.save(folder / f"{compression}{suffix}", COUNT, chunks=CHUNKS, compression=compression)
    return [mpifast.open_spectra(path) for path in sorted(folder.iterdir())], spectra[:COUNT]


edge = st.one_of(st.none(), st.integers(-1100, 1100))


@given(start=edge, stop=edge, step=st.one_of(st.none(), st.integers(-300, 300).filter(bool)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_slices_as_numpy_has_them(stores, start, stop, step):
    for stored in stores[0]:
        same(stored[start:stop:step], [array[start:stop:step] for array in stores[1]])


@given(st.lists(st.integers(0, COUNT - 1), max_size=40))
@settings(max_examples=40)
def test_samples_in_any_order(stores, samples):
    for stored in stores[0]:
        same(stored[samples], [array[np.array(samples, int)] for array in stores[1]])


def test_single_samples_and_batches(stores):
    u, c = stores[1]
    for stored in stores[0]:
        same(stored[-1], (u[-1], c[-1]))
        assert [len(part) for part, _ in stored.batches(400)] == [400, 400, 200]
        same(
            [np.concatenate(parts) for parts in zip(*stored.batches(300, start=100, stop=950), strict=True)],
            (u[100:950], c[100:950]),
        )
        assert sum(1 for _ in stored) == COUNT
        with pytest.raises(IndexError, match=f"index={COUNT} is out of range"):
            stored[COUNT]
        with pytest.raises(IndexError, match=f"index={COUNT} is out of range: there are {COUNT}"):
            stored[[0, COUNT]]
        same(stored[[-1, 0]], (u[[-1, 0]], c[[-1, 0]]))
        with pytest.raises(TypeError, match="one axis"):
            stored[2, 3]


def test_knows_its_system(stores, small_system):
    for stored in stores[0]:
        assert stored.fingerprint == small_system.fingerprint
        assert np.array_equal(stored.system.matrix, small_system.matrix)


def test_of_the_closed_form(tmp_path):
    system = mpifast.ideal_system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
    mpifast.Spectra(system, dtype="float64").save(tmp_path / "data.h5", 10)
    assert np.array_equal(mpifast.open_spectra(tmp_path / "data.h5").system.matrix, system.matrix)


def test_pickles_and_reads_from_many_threads(saved, spectra):
    stored = pickle.loads(pickle.dumps(mpifast.open_spectra(saved)))
    found = {}
    threads = [
        threading.Thread(target=lambda i=i: found.update({i: stored[i * 100 : i * 100 + 300]})) for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, part in found.items():
        same(part, spectra[i * 100 : min(i * 100 + 300, COUNT)])


def test_a_store_may_be_shorter_than_a_chunk(spectra, tmp_path, kind):
    spectra.save(tmp_path / f"data{kind[0]}", 5, compression=kind[1])
    same(mpifast.open_spectra(tmp_path / f"data{kind[0]}")[:], spectra[:5])


# ----- plain readers


def test_plain_h5py(spectra, tmp_path):
    for compression in (None, 9):
        path = tmp_path / f"{compression}.h5"
        spectra.save(path, COUNT, chunks=CHUNKS, compression=compression)
        with h5py.File(path) as file:
            u, c = spectra[:COUNT]
            assert np.array_equal(file["spectra"][:], u)
            assert np.array_equal(np.unpackbits(file["phantoms"][:], axis=1, count=11), c)
            assert [dimension.label for dimension in file["spectra"].dims] == ["sample", "harmonic"]
            assert file["spectra"].attrs["units"] == "T"
            assert file["position"].attrs["units"] == "m"
            assert np.array_equal(file["position"][:], spectra.system.positions)
            settings = json.loads(file.attrs["settings"])
            assert (settings["seed"], settings["snr_db"], settings["scanner"]["gradient"]) == ("7", 30.0, 2.0)
            assert np.array_equal(file["frequency"][:], 20e3 * np.arange(1, 15))
            assert (file["part"][:] == 1).all()
            assert file["spectra"].compression == ("gzip" if compression else None)


def test_plain_zarr(spectra, tmp_path):
    for compression in (None, 9):
        path = tmp_path / f"{compression}.zarr"
        spectra.save(path, COUNT, chunks=CHUNKS, compression=compression, packed=False)
        group = zarr.open_group(path, mode="r")
        same([group["spectra"][:], group["phantoms"][:]], spectra[:COUNT])
        assert group["spectra"].metadata.dimension_names == ("sample", "harmonic")
        assert json.loads(group.attrs["settings"])["fingerprint"] == spectra.system.fingerprint
        assert np.array_equal(group["harmonic"][:], np.arange(1, 15))


def test_xarray(spectra, saved):
    open_it = xarray.open_dataset if saved.is_file() else xarray.open_zarr
    with open_it(saved, **({"engine": "h5netcdf"} if saved.is_file() else {"consolidated": False})) as data:
        assert data.spectra.dims == ("sample", "harmonic")
        assert data.phantoms.dims == ("sample", "byte")
        assert data.spectra.attrs["units"] == "T"
        assert float(data.spectra.sel(harmonic=3).isel(sample=20)) == spectra[20][0][2]
        assert np.array_equal(data.position, spectra.system.positions)


# ----- interrupted, crowded, out of space


@pytest.mark.parametrize("moment", ["write", "finish", "create"])
def test_any_failure_leaves_no_store_and_the_next_call_goes_on(spectra, tmp_path, kind, monkeypatch, moment):
    path = tmp_path / f"data{kind[0]}"
    target = _store_targets.target_class(module.KINDS[kind[0]], kind[1] or 0)
    calls, original = [], getattr(target, moment)

    def failing(*arguments):
        calls.append(arguments)
        if len(calls) == (3 if moment == "write" else 1):
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(target, moment, staticmethod(failing) if moment == "create" else failing)
    with pytest.raises(KeyboardInterrupt):
        spectra.save(path, COUNT, chunks=CHUNKS, compression=kind[1])
    assert os.listdir(tmp_path) == [path.name + ".partial"]
    monkeypatch.undo()
    written = []
    monkeypatch.setattr(
        target, "write", lambda *arguments, write=target.write: (written.append(arguments[1]), write(*arguments))[1]
    )
    spectra.save(path, COUNT, chunks=CHUNKS, compression=kind[1])
    assert written == {"write": [2, 3, 4, 5, 6], "finish": [], "create": list(range(7))}[moment]
    same(mpifast.open_spectra(path)[:], spectra[:COUNT])


def test_blocks_that_were_damaged_before_the_resumption_are_written_again(spectra, tmp_path, kind, monkeypatch):
    path = tmp_path / f"data{kind[0]}"
    target = _store_targets.target_class(module.KINDS[kind[0]], kind[1] or 0)
    monkeypatch.setattr(target, "finish", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        spectra.save(path, COUNT, chunks=CHUNKS, compression=kind[1])
    content = tmp_path / (path.name + ".partial") / _partial.CONTENT
    victim = content if content.is_file() else content / "spectra" / "c.3.0"
    raw = bytearray(victim.read_bytes())
    raw[len(raw) // 2] ^= 16
    victim.write_bytes(raw)
    if content.is_dir():  # and what a killed writer leaves
        (content / "spectra" / ".c.4.0.123.abcd.tmp").write_bytes(b"half")
    monkeypatch.undo()
    spectra.save(path, COUNT, chunks=CHUNKS, compression=kind[1])
    same(mpifast.open_spectra(path)[:], spectra[:COUNT])
    spectra.save(tmp_path / f"undisturbed{kind[0]}", COUNT, chunks=CHUNKS, compression=kind[1])
    assert contents(path) == contents(tmp_path / f"undisturbed{kind[0]}")


def test_parts_of_other_bits_are_not_continued(spectra, tmp_path, kind, monkeypatch):
    path = tmp_path / f"data{kind[0]}"
    original = mpifast.Spectra._generate

    def other_bits(self, *arguments):
        u, c = original(self, *arguments)
        return np.nextafter(u, np.float32(9)), c

    monkeypatch.setattr(mpifast.Spectra, "_generate", other_bits)
    target = _store_targets.target_class(module.KINDS[kind[0]], kind[1] or 0)
    monkeypatch.setattr(target, "finish", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # as another processor would have left it
        spectra.save(path, COUNT, chunks=CHUNKS, compression=kind[1])
    monkeypatch.undo()
    with pytest.raises(ValueError, match="other bits"):
        spectra.save(path, COUNT, chunks=CHUNKS, compression=kind[1])


def test_a_writer_killed_while_it_tidies_up_is_not_in_the_way(spectra, tmp_path, kind, monkeypatch):
    path = tmp_path / f"data{kind[0]}"

    def killed(folder, **options):
        (folder / _partial.SETTINGS).unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_partial.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            spectra.save(path, COUNT, chunks=CHUNKS, compression=kind[1])
    path.rename(tmp_path / "first")  # it is whole
    spectra.save(path, COUNT, chunks=CHUNKS, compression=kind[1])
    assert contents(path) == contents(tmp_path / "first")


def test_a_finished_store_is_left_alone_and_another_one_is_not_overwritten(spectra, saved, kind, small_system):
    before = contents(saved)
    stamp = saved.stat().st_mtime_ns
    spectra.save(saved, COUNT, chunks=CHUNKS, compression=kind[1])
    assert saved.stat().st_mtime_ns == stamp
    with pytest.raises(FileExistsError, match=r"exists and is something else \(count is 1000, not 999\)"):
        spectra.save(saved, COUNT - 1, chunks=CHUNKS, compression=kind[1])
    with pytest.raises(FileExistsError, match=r"seed is '7', not '8'"):
        mpifast.Spectra(small_system, seed=8, density=0.3, snr_db=30.0).save(
            saved, COUNT, chunks=CHUNKS, compression=kind[1]
        )
    assert contents(saved) == before


def test_anything_else_is_not_overwritten(spectra, tmp_path, kind):
    path, partial = tmp_path / f"data{kind[0]}", tmp_path / f"data{kind[0]}.partial"
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="exists and is something else"):
        spectra.save(path, 10, compression=kind[1])
    assert path.read_text() == "mine"
    path.unlink()
    partial.mkdir()
    (partial / "mine").write_text("mine")
    with pytest.raises(FileExistsError, match="not begun by mpifast"):
        spectra.save(path, 10, compression=kind[1])
    (partial / "settings.json").write_text("{}")
    with pytest.raises(FileExistsError, match="begun with other settings"):
        spectra.save(path, 10, compression=kind[1])
    assert sorted(os.listdir(partial)) == ["mine", "settings.json"]


@pytest.mark.slow
def test_of_two_processes_one_is_told_or_both_are_whole(spectra, tmp_path, kind):
    path = tmp_path / f"data{kind[0]}"
    processes = [start(SAVE, tmp_path, path, kind[1] or 0) for _ in range(2)]
    errors = [process.communicate()[1] for process in processes]
    codes = [process.returncode for process in processes]
    assert 0 in codes
    assert all(
        code == 0 or "is being written by another process" in error for code, error in zip(codes, errors, strict=True)
    ), errors
    same(mpifast.open_spectra(path)[-100:], spectra[49_900:50_000])
    assert os.listdir(tmp_path) == [path.name]


def test_a_store_held_by_another_is_refused_at_once(spectra, tmp_path, kind):
    path = tmp_path / f"data{kind[0]}"
    with (
        locked(path),
        pytest.raises(
            BlockingIOError, match="is being written by another process: wait for it, or choose another name"
        ),
    ):
        spectra.save(path, 10, chunks=10, compression=kind[1])
    assert os.listdir(tmp_path) == []
    spectra.save(path, 10, chunks=10, compression=kind[1])
    assert os.listdir(tmp_path) == [path.name]


HOLD = """
import sys, time
from pathlib import Path
from mpifast._files import locked
with locked(Path(sys.argv[1])):
    print("ready", flush=True)
    time.sleep(60)
"""


def test_the_lock_of_a_killed_process_is_taken_over(spectra, tmp_path, kind):
    path = tmp_path / f"data{kind[0]}"
    child = start(HOLD, tmp_path, path)
    with pytest.raises(BlockingIOError, match="is being written by another process"):
        spectra.save(path, 10, compression=kind[1])
    child.kill()
    child.communicate()
    assert os.listdir(tmp_path) == [f".{path.name}.lock"]
    spectra.save(path, 10, compression=kind[1])
    assert os.listdir(tmp_path) == [path.name]


FULL = """
import errno, os, sys, mpifast
system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
spectra = mpifast.Spectra(system, seed=7, density=0.3, snr_db=30.0, threads=1)
path, compression = sys.argv[1], int(sys.argv[2]) or None
spectra.save(path.replace("data", "early"), 1000, compression=compression)
partial = path + ".partial"
for claim in (True, False):
    if not claim:  # there seems to be room, and then there is not
        import shutil
        shutil.disk_usage = lambda path: type("Usage", (), {"free": 2**60})
    try:
        spectra.save(path, 100_000, chunks=1000, compression=compression, progress=False)
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
        print(error)
        assert os.path.exists(partial) != (claim and not compression)  # nothing is in the way of fewer
assert not os.path.exists(path)
mpifast.open_spectra(path.replace("data", "early")).verify()
os.remove(os.path.join(os.path.dirname(path), "ballast"))
os.system("mount -o remount,size=64m " + os.path.dirname(path))
spectra.save(path, 100_000, chunks=1000, compression=compression, progress=False)
mpifast.open_spectra(path).verify()
print("whole")
"""


def can_mount():
    return (
        sys.platform == "linux"
        and subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "x", "/mnt"], capture_output=True).returncode == 0
    )


@pytest.mark.slow
@pytest.mark.skipif(not can_mount(), reason="a disk of a few megabytes takes the right to mount one")
def test_a_full_disk_is_a_clear_error_and_more_room_all_it_needs(tmp_path, kind):
    folder = tmp_path / "small"
    folder.mkdir()
    run = f"exec {sys.executable} -c '{FULL}' {folder}/data{kind[0]} {kind[1] or 0}"
    script = f"mount -t tmpfs -o size=3m small {folder} && head -c 100000 /dev/zero > {folder}/ballast && {run}"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"data\.\w+: the disk is full after \d+,\d00 of 100,000 samples; free (up to )?\d+\.\d\d MB and save again",
        done.stdout,
    ), done.stdout
    assert kind[1] or re.search(
        r"needs 5.80 MB and its disk has [0-3]\.\d\d MB: .*save fewer spectra \(count=\d{5} fits\)", done.stdout
    ), done.stdout
    assert done.stdout.endswith("whole\n")


def test_a_folder_that_vanishes_is_an_error(spectra, tmp_path, kind, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    original = mpifast.Spectra._generate

    def vanishing(self, samples, room=None, threads=None):
        if samples[0] == 3 * CHUNKS:
            folder.rename(tmp_path / "elsewhere")
        return original(self, samples, room, threads)

    monkeypatch.setattr(mpifast.Spectra, "_generate", vanishing)
    with pytest.raises(OSError, match="folder") as caught:
        spectra.save(folder / f"data{kind[0]}", COUNT, chunks=CHUNKS, compression=kind[1])
    assert caught.value.errno == errno.ENOENT
    assert not folder.exists()


def test_a_missing_folder_is_an_error(spectra, tmp_path, kind):
    with pytest.raises(FileNotFoundError):
        spectra.save(tmp_path / "none" / f"data{kind[0]}", 10, compression=kind[1])


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0,
    reason="the superuser may write anywhere, and Windows has other rights",
)
def test_a_folder_that_cannot_be_written_is_an_error(spectra, tmp_path, kind):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        spectra.save(tmp_path / f"data{kind[0]}", 10, compression=kind[1])


def test_memory_is_flat_in_the_number_of_spectra(run_python, tmp_path):
    code = (
        "import sys, mpifast; from pathlib import Path; count = int(sys.argv[1]);"
        "system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9));"
        "mpifast.Spectra(system, threads=2).save(sys.argv[2], count, progress=False);"
        "lines = Path('/proc/self/status').read_text().splitlines();"
        "print(next(line.split()[1] for line in lines if line.startswith('VmHWM')))"
    )
    peaks = [
        float(run_python("-c", code, str(count), str(tmp_path / f"{count}.h5")).stdout) / 1024
        for count in (100_000, 400_000)
    ]
    assert max(peaks) < 400  # MiB
    assert peaks[1] - peaks[0] < 40  # of 240 MB more data


# ----- mistakes


@pytest.mark.parametrize("missing", ["h5py", "zarr", "google_crc32c"])
def test_a_missing_library_names_the_extra(run_python, missing):
    suffix = {"h5py": "h5", "zarr": "zarr", "google_crc32c": "h5"}[missing]
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "import mpifast\n"
        "system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)\n"
        f"mpifast.Spectra(system).save('data.{suffix}', 10)"
    )
    done = run_python("-c", code)
    assert done.returncode == 1
    assert 'python -m pip install "mpifast[store]"' in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"chunks": 0}, ValueError, "chunks=0 is out of range: give an integer at least 1"),
        ({"chunks": 10**9}, ValueError, "chunks=1000000000 is out of range"),
        ({"chunks": "auto"}, TypeError, "chunks must be an integer"),
        ({"count": 0}, ValueError, "count=0"),
        ({"count": 1e3}, TypeError, "count must be an integer"),
        ({"compression": 10}, ValueError, "compression=10 is out of range: give an integer from 1 to 9"),
        ({"compression": True}, TypeError, "compression"),
        ({"packed": 1}, TypeError, "packed must be True or False"),
        ({"progress": 1}, TypeError, "progress must be True or False"),
        ({"path": "data.npz"}, ValueError, r"path='data.npz' has the ending '.npz': choose one of .h5, .hdf5, .zarr"),
    ],
)
def test_mistakes_are_named_and_nothing_is_written(spectra, tmp_path, monkeypatch, options, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        spectra.save(**{"path": "data.h5", "count": 10, **options})
    assert os.listdir(tmp_path) == []


def test_progress_is_shown_on_request(spectra, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(module, "tqdm", lambda *a, delay, **k: module_tqdm(*a, **k))
    spectra.save(tmp_path / "data.h5", 1000, chunks=100, progress=True)
    assert "saving: 100%" in capsys.readouterr().err
    spectra.save(tmp_path / "quiet.h5", 1000, chunks=100, progress=False)
    assert capsys.readouterr().err == ""


module_tqdm = module.tqdm
