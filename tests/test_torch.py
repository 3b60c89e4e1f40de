"""PyTorch: data sets in real loaders, with forked and spawned workers and distributed ranks; networks as modules and
back.
"""

import copy
import itertools
import sys

import numpy as np
import pytest

import mpifast
from mpifast.networks.scaling import MODES, Scaling

pytest.importorskip("torch", reason="PyTorch is in the extra test-all")

import torch
import torch.multiprocessing
from torch.utils.data import BatchSampler, DataLoader, DistributedSampler, RandomSampler, SequentialSampler, Subset

from mpifast.io.torch import InputScaling, IterableSpectra, SpectraDataset, from_torch, to_torch

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:.*fork.*:DeprecationWarning"
    ),  # Python 3.12 warns of forks with threads: they are what is tested
    pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker:UserWarning"),  # on a machine of one core
]

START_METHODS = ["spawn"] if sys.platform == "win32" else ["fork", "spawn"]
WORKERS = [(0, None), *((2, method) for method in START_METHODS)]


@pytest.fixture(scope="module")
def spectra(small_system):
    return mpifast.Spectra(small_system, seed=7)


def loader(dataset, workers=0, method=None, **options):
    return DataLoader(
        dataset, num_workers=workers, multiprocessing_context=method, timeout=120 if workers else 0, **options
    )


def joined(batches):
    """All samples of an epoch as two arrays."""
    return tuple(torch.cat(parts).numpy() for parts in zip(*batches, strict=True))


def assert_samples(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def images(module, u):
    with torch.no_grad():
        return module(torch.from_numpy(u)).numpy()


# Data sets


@pytest.mark.parametrize(("workers", "method"), WORKERS)
def test_dataset_in_order(spectra, workers, method):
    dataset = SpectraDataset(spectra, stop=600, start=100)
    assert len(dataset) == 500
    batches = list(loader(dataset, workers, method, batch_size=64))
    assert [len(u) for u, _ in batches] == [64] * 7 + [52]
    assert_samples(joined(batches), spectra[100:600])


@pytest.mark.parametrize(("workers", "method"), WORKERS)
def test_phantoms_of_a_generator(small_system, workers, method):
    spectra = mpifast.Spectra(small_system, seed=7, phantoms=mpifast.phantoms.vessels(small_system.grid))
    u, c = joined(loader(SpectraDataset(spectra, stop=100), workers, method, batch_size=30))
    assert c.dtype == np.float32
    assert_samples((u, c), spectra[:100])


AFTER_PARALLEL_WORK = """
import sys
import mpifast, numba, numpy, torch
from mpifast.io.torch import IterableSpectra, SpectraDataset

if __name__ == "__main__":
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
    spectra = mpifast.Spectra(system, seed=7)
    expected = spectra[:600]  # Numba's threads
    torch.ones(512, 512) @ torch.ones(512, 512)  # and PyTorch's
    for dataset, size in ((SpectraDataset(spectra, 600), 50), (IterableSpectra(spectra, 50, 600), None)):
        options = {'num_workers': 2, 'multiprocessing_context': sys.argv[1], 'timeout': 120}
        loader = torch.utils.data.DataLoader(dataset, size, **options)
        for found, part in zip(zip(*loader), expected):
            assert numpy.array_equal(torch.cat(found), part)
        assert numpy.array_equal(spectra[:600][0], expected[0])  # the parent goes on
    print(numba.threading_layer(), numba.get_num_threads())
"""


@pytest.mark.parametrize(
    ("method", "layer"), [(method, layer) for method in START_METHODS for layer in ("omp", "workqueue")][:3]
)
def test_workers_after_parallel_work_in_the_parent(run_python, tmp_path, method, layer):
    (tmp_path / "script.py").write_text(AFTER_PARALLEL_WORK, encoding="utf-8")
    done = run_python(
        "script.py", method, NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS="2"
    )  # two even where there is one core
    assert done.stdout.strip() == f"{layer} 2", done.stderr


@pytest.mark.parametrize(("workers", "method"), WORKERS[:2])
def test_dataset_shuffled_is_the_same_with_any_workers(spectra, workers, method):
    def epoch(*place):
        return joined(
            loader(
                SpectraDataset(spectra, stop=300),
                *place,
                batch_size=32,
                shuffle=True,
                generator=torch.Generator().manual_seed(3),
            )
        )

    found = epoch(workers, method)
    assert_samples(found, epoch())
    assert sorted(map(bytes, found[0])) == sorted(map(bytes, spectra[:300][0]))
    assert not np.array_equal(found[0], spectra[:300][0])


def test_dataset_indices(spectra):
    dataset = SpectraDataset(spectra, stop=30, start=10)
    assert_samples(dataset[3], spectra[13])
    assert_samples(dataset[-1], spectra[29])
    assert_samples(dataset[torch.tensor(4)], spectra[14])
    assert_samples(dataset[[5, -20, 5]], spectra[[15, 10, 15]])
    assert dataset[[]][0].shape == (0, 14)
    assert len(list(dataset)) == 20  # ends by IndexError, as Python's protocol has it
    subset = Subset(dataset, [7, 2])
    assert_samples(joined(loader(subset, batch_size=2)), spectra[[17, 12]])


def test_dataset_makes_one_call_a_batch(spectra, monkeypatch):
    calls = []
    original = mpifast.Spectra.__getitem__
    monkeypatch.setattr(
        mpifast.Spectra, "__getitem__", lambda self, index: calls.append(index) or original(self, index)
    )
    list(DataLoader(SpectraDataset(spectra, stop=256), batch_size=64))
    assert [len(index) for index in calls] == [64] * 4


def test_a_batch_sampler_passes_batches_on(spectra):
    dataset = SpectraDataset(spectra, stop=100)
    sampler = BatchSampler(SequentialSampler(dataset), 30, drop_last=False)
    batches = list(DataLoader(dataset, batch_size=None, sampler=sampler))
    assert [len(u) for u, _ in batches] == [30, 30, 30, 10]
    assert_samples(joined(batches), spectra[:100])
    shuffled = BatchSampler(RandomSampler(dataset), 30, drop_last=True)
    assert len(list(DataLoader(dataset, batch_size=None, sampler=shuffled))) == 3


def test_distributed_sampler_shares_the_dataset_out(spectra):
    dataset = SpectraDataset(spectra, stop=300)
    parts = [
        joined(DataLoader(dataset, 50, sampler=DistributedSampler(dataset, 3, rank, shuffle=True, seed=1)))[0]
        for rank in range(3)
    ]
    assert sorted(map(bytes, np.concatenate(parts))) == sorted(map(bytes, spectra[:300][0]))


@pytest.mark.parametrize(
    ("ranks", "workers", "method"), [*((1, *place) for place in WORKERS), *((3, *place) for place in WORKERS[:2])]
)
def test_iterable_gives_disjoint_batches_in_one_order(spectra, ranks, workers, method):
    expected = spectra[40:640]
    seen = []
    for rank in range(ranks):
        dataset = IterableSpectra(spectra, batch_size=50, stop=640, start=40, rank=rank, world_size=ranks)
        batches = list(loader(dataset, workers, method, batch_size=None))
        assert len(batches) == len(dataset) == 12 // ranks
        assert_samples(joined(batches), tuple(np.concatenate(np.split(part, 12)[rank::ranks]) for part in expected))
        seen += [bytes(u) for u in joined(batches)[0]]
    assert sorted(seen) == sorted(map(bytes, expected[0]))


def test_iterable_takes_the_last_batch_short_and_can_be_endless(spectra):
    dataset = IterableSpectra(spectra, batch_size=300, stop=1000)
    assert [len(u) for u, _ in loader(dataset, 2, START_METHODS[0], batch_size=None)] == [300, 300, 300, 100]
    endless = IterableSpectra(spectra, batch_size=30, start=1000)
    batches = list(itertools.islice(loader(endless, 2, START_METHODS[0], batch_size=None), 7))
    assert_samples(joined(batches), spectra[1000:1210])
    with pytest.raises(TypeError, match=r"endless.*give it a stop"):
        len(endless)


def _rank(rank, store, system, found):
    """One of two ranks: the data set is made before the process group, and spawns workers after."""
    dataset = IterableSpectra(mpifast.Spectra(system, seed=7), batch_size=50, stop=400)
    assert len(dataset) == 8
    torch.distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    assert len(dataset) == 4
    found[rank] = joined(loader(dataset, 1, "spawn", batch_size=None))[0]
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(not torch.distributed.is_available(), reason="this PyTorch was built without torch.distributed")
def test_iterable_knows_its_rank_in_a_process_group(spectra, tmp_path):
    with torch.multiprocessing.get_context("spawn").Manager() as manager:
        found = manager.dict()
        torch.multiprocessing.spawn(_rank, (tmp_path / "store", spectra.system, found), nprocs=2)
        parts = np.split(spectra[:400][0], 8)
        for rank in range(2):
            np.testing.assert_array_equal(found[rank], np.concatenate(parts[rank::2]))


class ThreadCounts(mpifast.Spectra):
    """Each sample's first number is the thread count asked for, 0 for all."""

    def __getitem__(self, index):
        u, c = super().__getitem__(index)
        u[:] = self.threads or 0
        return u, c


@pytest.mark.parametrize(("workers", "method"), WORKERS)
def test_workers_use_one_thread(small_system, workers, method):
    counts = ThreadCounts(small_system)
    found = joined(loader(SpectraDataset(counts, stop=4), workers, method, batch_size=2))[0]
    assert set(found.ravel()) == {1 if workers else 0}
    assert counts.threads is None


def test_tensors_and_arrays_share_memory(spectra):
    u, c = spectra[:8]
    for array in (u, c, spectra.system.real):
        assert torch.from_dlpack(array).data_ptr() == array.ctypes.data
        assert np.from_dlpack(array).ctypes.data == array.ctypes.data
    for dataset in (SpectraDataset(spectra, stop=8)[list(range(8))], next(iter(IterableSpectra(spectra, 8)))):
        for tensor in dataset:
            assert tensor.numpy().ctypes.data == tensor.data_ptr()
            assert tensor.is_contiguous()
        assert dataset[1].dtype == torch.uint8


# Stores, arrays, transforms, types


class Shift:
    """A transform that workers can be sent: it changes its arguments, which nobody else has."""

    def __init__(self, by):
        self.by = by

    def __call__(self, u, c):
        u += self.by
        return u, 1 - c


@pytest.fixture(scope="module")
def stores(spectra, tmp_path_factory):
    pytest.importorskip("h5py")
    folder = tmp_path_factory.mktemp("stores")
    paths = [folder / "data.h5", folder / "packed.zarr"]
    for path, compression in zip(paths, (None, 1), strict=True):
        spectra.save(path, 300, chunks=64, compression=compression)
    return [mpifast.open_spectra(path) for path in paths]


def test_stores_feed_the_data_sets(spectra, stores):
    for stored in stores:
        dataset = SpectraDataset(stored)
        assert len(dataset) == 300
        assert_samples(dataset[[0, -1, 7]], spectra[[0, 299, 7]])
        part = SpectraDataset(stored, stop=200, start=10)
        assert_samples(joined(loader(part, batch_size=32)), spectra[10:200])
        batches = IterableSpectra(stored, batch_size=70)
        assert len(batches) == 5
        assert_samples(joined(loader(batches, batch_size=None)), spectra[:300])


@pytest.mark.parametrize(("workers", "method"), WORKERS[1:])
def test_stores_feed_workers(spectra, stores, workers, method):
    dataset = SpectraDataset(stores[0], targets=torch.float32)
    assert_samples(joined(loader(dataset, workers, method, batch_size=64)), spectra[:300])


def test_arrays_feed_the_data_sets_with_targets_of_any_type(small_system, random):
    phantoms = random.uniform(size=(40, 11)).astype(">f8")
    u = small_system.spectra(phantoms)
    before = u.copy(), phantoms.copy()
    plain = SpectraDataset((u, phantoms))
    assert plain[0][1].dtype == torch.float64
    assert_samples(plain[list(range(40))], (u, phantoms))
    for dataset in (
        SpectraDataset((u, phantoms), transform=Shift(2.0), targets=torch.float32),
        IterableSpectra((u, phantoms), 7, transform=Shift(2.0), targets=torch.float32),
    ):
        size = None if isinstance(dataset, IterableSpectra) else 7
        found = joined(loader(dataset, batch_size=size))
        assert found[1].dtype == np.float32
        assert_samples(found, (u + np.float32(2.0), 1 - phantoms.astype(np.float32)))
    assert_samples((u, phantoms), before)


@pytest.mark.parametrize(("workers", "method"), WORKERS)
def test_transforms_run_in_workers(spectra, workers, method):
    u, c = spectra[:60]
    dataset = IterableSpectra(spectra, 20, 60, transform=Shift(1.0), targets=torch.float32)
    found = joined(loader(dataset, workers, method, batch_size=None))
    assert_samples(found, (u + np.float32(1.0), 1.0 - c))
    assert found[1].dtype == np.float32


def test_a_transform_gets_samples_or_batches(spectra):
    shapes = []

    def look(u, c):
        shapes.append((tuple(u.shape), tuple(c.shape)))
        return u, c

    dataset = SpectraDataset(spectra, 60, transform=look)
    dataset[3], dataset[[3, 4]], dataset.__getitems__([5, 6])
    next(iter(IterableSpectra(spectra, 20, transform=look)))
    assert shapes == [((14,), (11,)), ((2, 14), (2, 11)), ((14,), (11,)), ((14,), (11,)), ((20, 14), (20, 11))]


# Networks


def network(scaling="harmonic", hidden=(), activation="sigmoid", bias=False, dtype="float32"):
    return mpifast.Network(14, 11, hidden, activation, scaling, bias, dtype, seed=3)


NETWORKS = [
    *({"scaling": mode, "dtype": dtype} for mode in MODES for dtype in ("float32", "float64")),
    {"hidden": (9, 5), "bias": True},
    {"hidden": 9, "activation": ("sigmoid", "linear"), "bias": True, "scaling": "standard"},
    {"activation": "linear", "dtype": "float64"},
]


@pytest.fixture(params=NETWORKS, ids=str)
def trained(request, spectra):
    net = network(**request.param)
    net.fit(*spectra[:200], epochs=2, learning_rate=1e-3 if net.scaling_mode == "none" else 0.1)
    return net


def raw(spectra, dtype):
    """Spectra, with one that is zero and one next to it."""
    u = spectra[200:300][0].astype(dtype)
    u[0], u[1] = 0, 1e-38
    return u


def test_module_gives_the_same_images(trained, spectra):
    module, u = to_torch(trained), raw(spectra, trained.dtype)
    expected = trained.predict(u)
    found = images(module, u)
    assert found.dtype == trained.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(
        images(module, u.astype(np.float64)), expected, rtol=1e-6, atol=1e-6
    )  # spectra of any type


def test_network_survives_the_round_trip(trained, spectra):
    back = from_torch(to_torch(trained))
    for one, other in zip(back.weights + back.biases, trained.weights + trained.biases, strict=True):
        np.testing.assert_array_equal(one, other)
    assert repr(back).split(", 0 epochs")[0] == repr(trained).split(", 2 epochs")[0]
    u = raw(spectra, trained.dtype)
    np.testing.assert_array_equal(back.predict(u), trained.predict(u))


def test_the_round_trip_keeps_the_system_and_its_rows(small_system, spectra):
    net = mpifast.Network(system=small_system, scaling="sample", seed=3)
    module = to_torch(net)
    for back in (from_torch(module), from_torch(copy.deepcopy(module))):
        assert back.system == small_system.fingerprint
        np.testing.assert_array_equal(back.state.rows, net.state.rows)
        other = mpifast.system_matrix(small_system.scanner, mpifast.Particle(45e-9), harmonics=14)
        with pytest.raises(ValueError, match="trained for the system"):
            back.predict(spectra[:3][0], system=other)
    assert from_torch(to_torch(network("sample"))).system is None


def test_module_is_a_copy_that_trains(spectra):
    net = network(hidden=9, bias=True)
    u, c = spectra[:400]
    net.fit(u, c, epochs=1)
    before, module = net.predict(u), to_torch(net)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    losses = []
    for _ in range(50):
        loss = torch.nn.functional.mse_loss(module(torch.from_numpy(u)), torch.from_numpy(c).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    np.testing.assert_array_equal(net.predict(u), before)
    back = from_torch(module)
    np.testing.assert_allclose(back.predict(u), images(module, u), atol=1e-6)
    assert back.fit(u, c, epochs=2).train_mse[-1] < losses[0]


def test_module_state_goes_through_a_file(spectra, tmp_path):
    net = network("standard")
    u, c = spectra[:200]
    net.fit(u, c, epochs=1)
    module = to_torch(net)
    torch.save(module.state_dict(), tmp_path / "net.pt")
    other = to_torch(network(Scaling("standard", np.zeros(14), np.ones(14))))
    other.load_state_dict(torch.load(tmp_path / "net.pt", weights_only=True))
    np.testing.assert_array_equal(images(other, u), images(module, u))


def test_a_module_goes_through_a_network_file_with_its_system(small_system, spectra, tmp_path):
    net = mpifast.Network(system=small_system, seed=3)
    u, c = spectra[:200]
    net.fit(u, c, epochs=1)
    module = to_torch(net)
    from_torch(module).save(tmp_path / "net.npz")
    loaded = mpifast.Network.load(tmp_path / "net.npz")
    assert loaded.system == small_system.fingerprint
    np.testing.assert_array_equal(images(to_torch(loaded), u), images(module, u))


def test_scaling_as_a_layer(spectra):
    u, _ = spectra[:200]
    for mode in MODES:
        scaling = Scaling.measure(mode, u)
        np.testing.assert_allclose(images(InputScaling(scaling), u), scaling.apply(u), rtol=1e-5, atol=1e-6)
        assert not list(InputScaling(scaling).parameters())


def test_from_torch_takes_plain_modules(random):
    module = torch.nn.Sequential(
        torch.nn.Linear(14, 5), torch.nn.Sigmoid(), torch.nn.Linear(5, 11), torch.nn.Identity()
    ).double()
    net = from_torch(module)
    assert (net.units, net.activations, net.scaling_mode, net.bias) == (
        (14, 5, 11),
        ("sigmoid", "linear"),
        "none",
        True,
    )
    u = random.normal(size=(20, 14))
    np.testing.assert_allclose(net.predict(u), images(module, u), atol=1e-12)


# Bad input

SPECTRA = mpifast.Spectra(mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14))
NAN_LAYER = torch.nn.Linear(2, 2)
torch.nn.init.constant_(NAN_LAYER.weight, float("nan"))


def iterable(**options):
    return IterableSpectra(SPECTRA, **{"batch_size": 50, **options})


def sequential(*layers):
    return from_torch(torch.nn.Sequential(*layers))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: SpectraDataset(SPECTRA[:3][0], 3),
            TypeError,
            "spectra must be a mpifast.Spectra, a store .* or a pair",
        ),
        (lambda: SpectraDataset(SPECTRA), ValueError, "stop is missing: a mpifast.Spectra is endless"),
        (lambda: SpectraDataset(SPECTRA[:3], 4), ValueError, "stop=4 is out of range: give an integer from 0 to 3"),
        (lambda: SpectraDataset(SPECTRA[:3], start=4), ValueError, "start=4 is out of range"),
        (lambda: SpectraDataset((SPECTRA[:3][0], SPECTRA[:4][1])), ValueError, r"spectra\[1\] has 4 rows, expected 3"),
        (lambda: SpectraDataset(([1.0], [[1]])), ValueError, r"spectra\[0\] must have two dimensions"),
        (lambda: SpectraDataset(SPECTRA, 5, transform=3), TypeError, "transform must be callable, got 3"),
        (
            lambda: SpectraDataset(SPECTRA, 5, targets="float32"),
            TypeError,
            "targets must be a torch.dtype .* 'float32'",
        ),
        (lambda: iterable(transform="flip"), TypeError, "transform must be callable"),
        (lambda: SpectraDataset(SPECTRA, -1), ValueError, "stop=-1"),
        (lambda: SpectraDataset(SPECTRA, 5, start=6), ValueError, "stop=5 is out of range: give an integer from 6"),
        (lambda: SpectraDataset(SPECTRA, 5.0), TypeError, "stop must be an integer"),
        (lambda: SpectraDataset(SPECTRA, 5)[5], IndexError, "index=5 is out of range: there are 5"),
        (lambda: SpectraDataset(SPECTRA, 5)[[1, -6]], IndexError, "index=-6"),
        (lambda: SpectraDataset(SPECTRA, 0)[0], IndexError, "index=0"),
        (lambda: SpectraDataset(SPECTRA, 5)[1.5], TypeError, "index must be an integer"),
        (lambda: SpectraDataset(SPECTRA, 5)[[[1]]], TypeError, "index must be an integer or one-dimensional"),
        (lambda: SpectraDataset(SPECTRA, 5)[:2], TypeError, "index must be an integer"),
        (lambda: IterableSpectra(None, 50), TypeError, "spectra must be a mpifast.Spectra"),
        (lambda: iterable(batch_size=0), ValueError, "batch_size=0"),
        (lambda: iterable(start=-1), ValueError, "start=-1"),
        (lambda: iterable(start=7, stop=3), ValueError, "stop=3"),
        (lambda: iterable(rank=1), ValueError, "rank=1 and world_size=None do not fit: give both or neither"),
        (lambda: iterable(rank=2, world_size=2), ValueError, "rank=2 is out of range: give an integer from 0 to 1"),
        (lambda: iterable(rank=0, world_size=0), ValueError, "world_size=0"),
        (
            lambda: iterable(stop=250, rank=0, world_size=2),
            ValueError,
            "stop=250 leaves 250 samples.*2 ranks: use stop=300",
        ),
        (lambda: InputScaling("harmonic"), TypeError, "scaling must be a mpifast.Scaling"),
        (lambda: to_torch(torch.nn.Linear(2, 2)), TypeError, "network must be a mpifast.Network"),
        (
            lambda: to_torch(network("standard")),
            ValueError,
            "has not been trained, and its scaling 'standard'.*call fit first",
        ),
        (lambda: from_torch(network()), TypeError, "module must be a torch.nn.Sequential, got Network"),
        (lambda: sequential(), ValueError, "no Linear layer"),
        (
            lambda: sequential(torch.nn.Linear(2, 2), torch.nn.ReLU()),
            TypeError,
            r"layer ReLU\(\) where a Network cannot",
        ),
        (lambda: sequential(torch.nn.Sigmoid(), torch.nn.Linear(2, 2)), TypeError, r"layer Sigmoid\(\)"),
        (
            lambda: sequential(torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)),
            ValueError,
            "3 outputs before one of 2 inputs",
        ),
        (
            lambda: sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 2, bias=False)),
            ValueError,
            "with and without bias",
        ),
        (
            lambda: sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 2).double()),
            ValueError,
            "torch.float32, torch.float64: use one",
        ),
        (lambda: sequential(torch.nn.Linear(2, 3).half()), ValueError, "dtype='float16' is not supported"),
        (lambda: sequential(torch.nn.Linear(2, 3).bfloat16()), (TypeError, ValueError), "bfloat16"),
        (lambda: sequential(NAN_LAYER), ValueError, r"module\[0\] is not finite"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
