"""On a real distributed scheduler with two worker processes: the same bits as locally, also when workers are killed."""

import os
import signal
import threading
import time

import cloudpickle
import dask
import numpy as np
import pytest
from distributed import Client, LocalCluster

import mpifast
from mpifast import cli, cluster
from mpifast.paper.experiments import Experiment, load, train
from mpifast.paper.options import Options
from mpifast.paper.trainings import Trainings, train_all

pytestmark = pytest.mark.filterwarnings("ignore")  # distributed's own, at its end


@pytest.fixture(scope="module", autouse=True)
def configuration():
    """Dask's, as it was: killed workers and clients that fail leave their traces there."""
    before = dask.config.get("scheduler", None)
    yield
    dask.config.set({"scheduler": before})


@pytest.fixture(scope="module")
def local():
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1"
    ) as running:
        yield running


@pytest.fixture
def client(local):
    local.scale(2)  # a nanny gives up a worker that was killed while it started
    with cluster.connect(local.scheduler_address) as connected:
        connected.wait_for_workers(2, timeout=120)
        yield connected


@pytest.fixture(scope="module")
def spectra(small_system):
    return mpifast.Spectra(small_system, seed=7, snr_db=30.0)


def kill_soon(client, seconds):
    """Kill a worker process the hard way, while others work."""
    victim = next(iter(client.run(os.getpid).values()))
    timer = threading.Timer(seconds, os.kill, [victim, signal.SIGKILL])
    timer.start()
    return timer


def slow_square(number, pause):
    time.sleep(pause)
    return number * number


@pytest.mark.parametrize("chunks", [1000, 1, 333, [1, 998, 1], (500, 500)])
def test_arrays_of_any_chunks_have_the_same_bits(client, spectra, chunks):
    count = 20 if chunks == 1 else 1000
    u, c = cluster.as_dask(spectra, count, chunks)
    expected = spectra[:count]
    assert (u.shape, u.dtype, c.shape, c.dtype) == (
        expected[0].shape,
        expected[0].dtype,
        expected[1].shape,
        expected[1].dtype,
    )
    found = client.gather(client.compute([u, c]))
    assert all(map(np.array_equal, found, expected))
    assert np.array_equal(u[::-7, 3].compute(), expected[0][::-7, 3])
    assert np.array_equal(u.rechunk((count // 6, 5)).compute(scheduler="threads"), expected[0])


def test_arrays_of_a_store(client, spectra, tmp_path):
    spectra.save(tmp_path / "data.h5", 500, chunks=100)
    u, c = cluster.as_dask(mpifast.open_spectra(tmp_path / "data.h5"), 500, 130)
    found = client.gather(client.compute([u, c]))
    assert all(map(np.array_equal, found, spectra[:500]))


def test_phantoms_of_a_generator(client, small_system, tmp_path):
    """Grey ones stay float32; stores of them open as well."""
    blobs = mpifast.phantoms.blobs(small_system.grid)
    spectra = mpifast.Spectra(small_system, seed=7, snr_db=30.0, phantoms=blobs)
    cluster.save(spectra, tmp_path / "data.zarr", 100, client, chunks=30)
    for source in (spectra, mpifast.open_spectra(tmp_path / "data.zarr")):
        u, c = cluster.as_dask(source, 100, 30)
        assert c.dtype == np.float32
        assert all(map(np.array_equal, client.gather(client.compute([u, c])), spectra[:100]))
    names = {
        cluster.as_dask(mpifast.Spectra(small_system, seed=7, phantoms=phantoms), 100)[1].name
        for phantoms in (None, blobs, mpifast.phantoms.vessels(small_system.grid))
    }
    assert len(names) == 3


def test_a_trillion_samples_take_no_time_to_name(small_system):
    """10^9 samples took 34 s and 1 GB, 10^12 never came to an end."""
    spectra = mpifast.Spectra(small_system, seed=7, snr_db=30.0)
    start = time.process_time()  # other processes do not count
    u, c = cluster.as_dask(spectra, 10**12)
    assert time.process_time() - start < 1.0
    assert (u.shape, c.shape, u.npartitions) == ((10**12, 14), (10**12, 11), 10**6)
    u, c = cluster.as_dask(spectra, 10**9)
    middle = slice(5 * 10**8, 5 * 10**8 + 3)
    assert np.array_equal(u[middle].compute(scheduler="sync"), spectra[middle][0])
    assert np.array_equal(c[-2:].compute(scheduler="sync"), spectra[10**9 - 2 : 10**9][1])
    with pytest.raises(ValueError, match=r"chunks=16384 makes 61,035,157 chunks .*give chunks=100000 or more"):
        cluster.as_dask(spectra, 10**12, 16_384)


def test_equal_calls_have_equal_names_and_others_other_ones(small_system, tmp_path):
    def names(**options):
        spectra = mpifast.Spectra(small_system, **{"seed": 7, "snr_db": 30.0, **options})
        return [array.name for array in cluster.as_dask(spectra, 100, 30)]

    assert names() == names() == names(threads=1)
    assert len({*names(), *names(seed=8), *names(density=0.25), *names(snr_db=20.0), *names(dtype="float64")}) == 10
    spectra = mpifast.Spectra(small_system, seed=7, snr_db=30.0)
    assert cluster.as_dask(spectra, 100, [40, 60])[0].name != cluster.as_dask(spectra, 100, [60, 40])[0].name
    spectra.save(tmp_path / "data.h5", 100)
    stored = [cluster.as_dask(mpifast.open_spectra(tmp_path / "data.h5"), 100)[0].name for _ in range(2)]
    assert stored[0] == stored[1]


def test_spectra_and_phantoms_are_made_by_one_call(spectra):
    calls = []

    class Counting(mpifast.Spectra):
        def __getitem__(self, index):
            calls.append(index)
            return super().__getitem__(index)

    u, c = cluster.as_dask(Counting(spectra.system, seed=7, snr_db=30.0), 100, 50)
    calls.clear()
    found = dask.compute(u, c, scheduler="sync")
    assert all(map(np.array_equal, found, spectra[:100]))
    assert len(calls) == 2  # one a chunk


GRID = mpifast.Grid((4, 6), (15e-3, 18e-3))
POINT = mpifast.LissajousScanner(GRID, (-2, -2, 4), (18e-3, 20e-3, 0), (60, 50, 1))
SCANNERS = [POINT, mpifast.FieldFreeLineScanner(GRID, 2.0, 20e-3, 10, rotation=120)]


@pytest.fixture(scope="module", params=SCANNERS, ids=["point", "line"])
def planar(request):
    """The lazy system of a scanner in a plane."""
    return mpifast.system_matrix(request.param, mpifast.Particle(30e-9), level=1e-3)


@pytest.mark.parametrize("chunks", [None, 7, [1, 3, 20], (None, 24)])
def test_a_system_matrix_has_the_bits_of_the_local_one(planar, chunks):
    matrix = cluster.system_matrix(planar, chunks)
    assert (matrix.shape, matrix.dtype) == ((len(planar.rows), 24), np.complex128)
    assert len(matrix.chunks[0]) == 1
    assert np.array_equal(matrix.compute(scheduler="sync"), planar.matrix)
    assert matrix.name == cluster.system_matrix(planar, chunks).name


def test_a_system_matrix_of_workers(client, planar):
    matrix = cluster.system_matrix(planar, 5)
    assert np.array_equal(client.gather(client.compute(matrix)), planar.matrix)


def test_rows_are_divided_where_they_do_not_depend_on_each_other(monkeypatch):
    point, line = (mpifast.system_matrix(scanner, mpifast.Particle(30e-9), level=1e-3) for scanner in SCANNERS)
    with pytest.raises(ValueError, match=r"chunks=\(60, 9\) divide rows that are computed together: .*chunks=9"):
        cluster.system_matrix(line, (60, 9))
    monkeypatch.setattr(type(point.route), "by_rows", True, raising=False)
    matrix = cluster.system_matrix(point, (100, 15))
    assert matrix.chunks == ((100, 100, 100), (15, 9))
    tolerance = point.tolerance * np.abs(point.matrix).max()
    np.testing.assert_allclose(matrix.compute(scheduler="sync"), point.matrix, rtol=0.0, atol=tolerance)


def test_any_other_matrix_is_divided_as_it_is(small_system):
    matrix = cluster.system_matrix(small_system, (5, 4))
    assert matrix.chunks == ((5, 5, 4), (4, 4, 3))
    assert np.array_equal(matrix.compute(scheduler="sync"), small_system.matrix)


def test_workers_are_sent_a_description_and_no_matrix():
    """Though the matrix is at hand, the graphs of its blocks and of its spectra are smaller by far."""
    scanner = mpifast.LissajousScanner(mpifast.Grid((40, 40), (15e-3, 18e-3)), divider=(6, 5, 1))
    system = mpifast.system_matrix(scanner, mpifast.Particle(30e-9), level=1e-3)
    spectra = mpifast.Spectra(system, seed=7, snr_db=30.0)
    expected = system.matrix, *spectra[:20]
    arrays = [cluster.system_matrix(system, 800), *cluster.as_dask(spectra, 20, 10)]
    graphs = [cloudpickle.dumps(dict(array.dask)) for array in arrays]
    assert max(map(len, graphs)) < 20_000 < system.matrix.nbytes
    for array, graph, values in zip(arrays, graphs, expected, strict=True):
        there = dask.array.Array(cloudpickle.loads(graph), array.name, array.chunks, array.dtype)
        assert np.array_equal(there.compute(scheduler="sync"), values)


def test_no_more_samples_than_a_store_has(spectra, tmp_path):
    spectra.save(tmp_path / "data.h5", 50)
    stored = mpifast.open_spectra(tmp_path / "data.h5")
    with pytest.raises(ValueError, match=r"count=51 is out of range: .*data\.h5 has 50 samples"):
        cluster.as_dask(stored, 51)


@pytest.mark.parametrize("compression", [None, 1])
def test_a_store_written_in_parallel_is_the_store_written_alone(client, spectra, tmp_path, compression):
    (tmp_path / "alone").mkdir()
    spectra.save(tmp_path / "alone" / "data.zarr", 5000, chunks=300, compression=compression)
    cluster.save(spectra, tmp_path / "data.zarr", 5000, client, chunks=300, compression=compression)
    files = {path.relative_to(tmp_path / "alone") for path in (tmp_path / "alone").rglob("*") if path.is_file()}
    assert files == {path.relative_to(tmp_path) for path in (tmp_path / "data.zarr").rglob("*") if path.is_file()}
    assert all((tmp_path / file).read_bytes() == (tmp_path / "alone" / file).read_bytes() for file in files)
    cluster.save(spectra, tmp_path / "data.zarr", 5000, client, chunks=300, compression=compression)  # is there already
    assert sorted(os.listdir(tmp_path)) == ["alone", "data.zarr"]


@pytest.mark.slow
def test_workers_killed_while_they_write_lose_nothing(client, spectra, tmp_path):
    timers = [kill_soon(client, seconds) for seconds in (0.2, 1.0)]
    cluster.save(spectra, tmp_path / "data.zarr", 400_000, client, chunks=1000)
    for timer in timers:
        timer.join()
    stored = mpifast.open_spectra(tmp_path / "data.zarr")
    stored.verify()
    assert all(map(np.array_equal, stored[:], spectra[:400_000]))


@pytest.mark.slow
def test_workers_killed_in_a_sweep_lose_nothing(client):
    before = set(client.run(os.getpid).values())
    timers = [kill_soon(client, seconds) for seconds in (0.3, 1.5)]
    found = sorted(cluster.sweep(slow_square, range(60), client, 0.05))
    assert found == [(i, i * i) for i in range(60)]
    for timer in timers:
        timer.join()
    client.wait_for_workers(2, timeout=120)
    assert set(client.run(os.getpid).values()) != before  # someone did die


def test_a_store_begun_alone_is_finished_by_a_cluster(client, spectra, tmp_path, monkeypatch):
    from mpifast.io.store.targets import FolderTarget

    path = tmp_path / "data.zarr"
    monkeypatch.setattr(FolderTarget, "finish", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        spectra.save(path, 2000, chunks=100)
    monkeypatch.undo()
    parts = path.with_name("data.zarr.partial") / "content" / "spectra"
    for block in range(5, 20):
        (parts / f"c.{block}.0").unlink()
    cluster.save(spectra, path, 2000, client, chunks=100)
    assert all(map(np.array_equal, mpifast.open_spectra(path)[:], spectra[:2000]))


def test_an_error_on_a_worker_arrives_and_ends_the_sweep(client):
    with pytest.raises(ZeroDivisionError):
        list(cluster.sweep(divmod, [1] * 50, client, 0))
    assert dict(cluster.sweep(abs, [-3], client)) == {-3: 3}


def test_trainings_on_workers_have_the_bits_of_trainings_here(local, tmp_path):
    wanted = [Experiment(samples=200, epochs=2, seed=seed) for seed in (5, 6)]
    options = Options(scheduler=local.scheduler_address, progress=False)
    there = train_all(wanted, tmp_path, options)
    for experiment in wanted:
        here = train(experiment)
        assert there[experiment].curve == here.curve
        assert all(map(np.array_equal, there[experiment].network.weights, here.network.weights))
        assert load(experiment, tmp_path) is not None
    again = train_all(
        wanted, tmp_path, Options(scheduler="tcp://127.0.0.1:9", progress=False)
    )  # nothing is left to train: nobody is asked
    assert again.keys() == there.keys()


def test_a_worker_killed_while_it_trains(local, client, tmp_path):
    timer = kill_soon(client, 0.5)
    wanted = [Experiment(samples=1000, epochs=30, seed=seed) for seed in range(4)]
    there = train_all(wanted, tmp_path, Options(scheduler=local.scheduler_address, progress=False))
    timer.join()
    here = train(wanted[0])
    assert all(map(np.array_equal, there[wanted[0]].network.weights, here.network.weights))
    assert len(there) == 4


def test_reproduce_trains_on_a_scheduler(local, client, tmp_path, monkeypatch):
    from mpifast.paper.figures import fig2

    small = Experiment(samples=100, epochs=1, seed=9)
    monkeypatch.setattr(fig2, "experiments", lambda options: {"small": small})

    def here(*_):
        raise AssertionError("trained in this process")

    monkeypatch.setattr(Trainings, "_train", here)
    assert cli.main(["reproduce", "fig2", "--scheduler", local.scheduler_address, "--out", str(tmp_path)]) == 0
    assert (tmp_path / "fig2.png").exists()
    assert load(small, tmp_path / "parts").train_mse == train(small).train_mse


def test_an_unreachable_scheduler_is_one_clear_error(capsys, tmp_path, monkeypatch):
    original = cluster.connect
    monkeypatch.setattr(cluster, "connect", lambda address: original(address, timeout=1.0))
    assert cli.main(["reproduce", "fig4", "--quick", "--scheduler", "tcp://127.0.0.1:9", "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.splitlines()[-1].startswith(
        "mpifast: error: no dask scheduler answers at 'tcp://127.0.0.1:9': start one with `dask scheduler`"
    )
    for address in ("nonsense", "http://localhost"):
        with pytest.raises(ConnectionError, match="no dask scheduler answers"), original(address, timeout=1.0):
            pass
    with pytest.raises(TypeError, match="address must be a string"), original(None):
        pass


def test_a_client_that_cannot_connect_is_closed(monkeypatch):
    """Or the garbage collector closes it, which can be in the middle of the next one's start: a deadlock."""
    started = []
    start = cluster.Client.start
    monkeypatch.setattr(cluster.Client, "start", lambda self, **options: started.append(self) or start(self, **options))
    for address in ("nonsense", "tcp://127.0.0.1:9"):
        with pytest.raises(ConnectionError), cluster.connect(address, timeout=0.3):
            pass
    assert [client.status for client in started] == ["closed", "closed"]


def test_a_scheduler_without_workers_is_one_clear_error():
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as empty,
        pytest.raises(ConnectionError, match="has no worker"),
        cluster.connect(empty.scheduler_address, timeout=0.5),
    ):
        pass
    assert dask.config.get("scheduler", None) is None  # or later computations would wait for it for ever


def test_a_worker_of_another_version_is_refused(local, monkeypatch):
    monkeypatch.setattr(mpifast, "__version__", "9.9")
    with (
        pytest.raises(RuntimeError, match=r"has mpifast .*, this is 9\.9: install the same version everywhere"),
        cluster.connect(local.scheduler_address),
    ):
        pass


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s, c, p: cluster.as_dask(s, 10, 0), "chunks=0 is out of range"),
        (lambda s, c, p: cluster.as_dask(s, 10, [4, 4]), "chunks add up to 8, not to count=10"),
        (lambda s, c, p: cluster.as_dask(s, 10, [10, 0]), r"chunks\[1\]=0"),
        (lambda s, c, p: cluster.as_dask(s, 0), "count=0"),
        (lambda s, c, p: cluster.system_matrix(s.system, [5, 5]), "chunks add up to 10, not to 11 voxels"),
        (lambda s, c, p: cluster.system_matrix(s.system, (-1, 3)), "chunks=-1 is out of range"),
        (lambda s, c, p: cluster.save(s, p / "data.zarr", 10, c, chunks=0), "chunks=0"),
        (
            lambda s, c, p: cluster.save(s, p / "data.h5", 10, c),
            "cannot be written in parallel: choose a name ending in .zarr",
        ),
    ],
)
def test_mistakes_are_named_and_nothing_is_written(client, spectra, tmp_path, call, message):
    with pytest.raises(ValueError, match=message):
        call(spectra, client, tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_missing_library_names_the_extra(run_python):
    for missing in ("dask", "distributed"):
        done = run_python("-c", f"import sys; sys.modules[{missing!r}] = None\nimport mpifast\nmpifast.cluster")
        assert done.stderr.splitlines()[-1].endswith('python -m pip install "mpifast[dask]"')


def test_client_of_ones_own(spectra, tmp_path):
    with Client(processes=False, dashboard_address=":0") as own:
        cluster.save(spectra, tmp_path / "data.zarr", 100, own, chunks=30)
    assert len(mpifast.open_spectra(tmp_path / "data.zarr")) == 100
