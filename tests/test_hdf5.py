"""HDF5 files from strangers: what is not there is not believed, no other file is opened, damage is a ValueError."""

import os
import subprocess
import sys
import zlib

import h5py
import numpy as np
import pytest

import mpifast
from mpifast.io.hdf5.chunks import fletcher32
from mpifast.io.hdf5.reader import Array, File, UnreadableError

ARRAY = np.arange(60.0).reshape(3, 4, 5)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.h5"


def write(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, value in datasets.items():
            file.create_dataset(name, **value) if isinstance(value, dict) else file.__setitem__(name, value)
    return path


@pytest.mark.parametrize("dtype", ["i1", "u2", "<i4", ">i4", "<u8", "<f4", ">f8", "<c8", ">c16", "?"])
def test_numbers_of_every_type(path, dtype):
    array = (ARRAY % 2).astype(dtype)
    with File(write(path, a=array)) as file:
        np.testing.assert_array_equal(file.read("/a"), array)
        assert file.read("a").dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
        assert file.layout("a").little == (not dtype.startswith(">"))


@pytest.mark.parametrize("index", [..., 0, (slice(None), slice(1, 3)), (1, 2, slice(None)), (slice(0, 0),)])
@pytest.mark.parametrize(
    "options",
    [{}, {"chunks": (2, 3, 5)}, {"chunks": (2, 2, 2), "compression": "gzip", "shuffle": True, "fletcher32": True}],
)
def test_slices_are_numpys(path, index, options):
    with File(write(path, a={"data": ARRAY, **options})) as file:
        array = file.array("a")
        assert isinstance(array, Array)
        assert (array.shape, array.dtype) == (ARRAY.shape, ARRAY.dtype)
        np.testing.assert_array_equal(array[index], ARRAY[index])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("äöü", "äöü"),
        ("", ""),
        (np.bytes_(b"fixed"), "fixed"),
        (np.array(["a", "", "long " * 2000], dtype=h5py.string_dtype()), ["a", "", "long " * 2000]),
        (np.array([b"ab", b"c"]), ["ab", "c"]),
    ],
)
def test_strings(path, value, expected):
    with File(write(path, s=value)) as file:
        found = file.read("s")
        assert (found if isinstance(found, str) else found.tolist()) == expected


def test_scalars_are_python_numbers(path):
    with File(write(path, i=np.int64(3), f=1.5, c=1 + 2j)) as file:
        assert [file.read(name) for name in "ifc"] == [3, 1.5, 1 + 2j]
        assert type(file.read("i")) is int


def test_complex_numbers_under_other_names(path):
    with File(write(path, c=np.array([(1.0, 2.0)], dtype=[("re", "f8"), ("im", "f8")]))) as file:
        assert file.read("c").tolist() == [1 + 2j]


def test_groups(path):
    with h5py.File(path, "w") as file:
        file["a/b/c"] = 1
    with File(path) as file:
        assert file.names("/a") == ["b"]
        assert file.names("/none") == []
        assert file.is_group("/a/b")
        assert not file.is_dataset("/a/b")
        assert not file.is_dataset("/a/b/c/d")
        with pytest.raises(UnreadableError, match=r"file\.h5: /a: there is no such dataset"):
            file.read("/a")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), "its type is of HDF5's type class"),
        (np.array([1, 2], dtype=h5py.enum_dtype({"A": 1, "B": 2})), "an enumeration"),
        (np.array([b"ab"], dtype="V2"), "type class"),
        (h5py.Empty("f8"), "it is empty"),
        (np.float16(1.0), "type class"),
        ({"shape": (2,), "dtype": h5py.vlen_dtype(np.int32)}, "type class"),
        ({"shape": (2,), "dtype": h5py.ref_dtype}, "type class"),
        ({"shape": (2,), "dtype": np.dtype((np.int32, (2**20,)))}, "type class"),
        ({"shape": (2**40,), "dtype": "f8"}, "declares 8,796,093,022,208 bytes of data that the file does not hold"),
        ({"shape": (2**60,), "dtype": "i1"}, "does not hold"),
        ({"shape": (2**40,), "dtype": "f8", "chunks": (100,), "compression": "gzip"}, "0 of 10,995,116,278 chunks"),
        ({"shape": (2**40,), "dtype": h5py.string_dtype()}, "strings"),
        ({"shape": (2**40,), "dtype": "S9"}, "strings"),
        ({"data": np.arange(100), "chunks": (10,), "compression": "lzf"}, r"filters \[32000\]"),
        ({"data": np.arange(100), "chunks": (10,), "scaleoffset": True}, "filters"),
    ],
)
def test_what_is_not_read(path, value, message):
    with File(write(path, a=value)) as file, pytest.raises(UnreadableError, match=rf"file\.h5: a: .*{message}"):
        file.read("a")


def test_a_compressed_bomb_is_not_inflated(path):
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("a", (10,), "i1", chunks=(10,), compression="gzip")
        dataset.id.write_direct_chunk((0,), zlib.compress(bytes(2**26)))
    with File(path) as file, pytest.raises(UnreadableError, match="a chunk has 15 bytes, expected 10"):
        file.read("a")


FILTERED = {
    "checksum": {"fletcher32": True},
    "deflate": {"fletcher32": True, "compression": "gzip"},
    "shuffle, deflate": {"fletcher32": True, "compression": "gzip", "shuffle": True},
}


@pytest.mark.parametrize("options", FILTERED.values(), ids=FILTERED)
@pytest.mark.parametrize("size", [1, 5, 801, 70_000])
def test_checksums_of_chunks_are_compared(path, options, size, random):
    """Every intact chunk is read; one that differs in a single bit, of the data or of the checksum, is not."""
    values = random.integers(0, 256, size, dtype=np.uint8)
    with File(write(path, a={"data": values, "chunks": (max(1, size // 2),), **options})) as file:
        np.testing.assert_array_equal(file.read("a"), values)
    with h5py.File(path) as file:
        _, whole = file["a"].id.read_direct_chunk((0,))
        assert int.from_bytes(whole[-4:], "little") == fletcher32(whole[:-4])
    for at in (0, len(whole) // 2, len(whole) - 4, len(whole) - 1):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << random.integers(8)
        with h5py.File(path, "r+") as file:
            file["a"].id.write_direct_chunk((0,), bytes(damaged))
        with File(path) as file, pytest.raises(UnreadableError, match=r"file\.h5: a: .*Fletcher-32 checksum"):
            file.read("a")


def test_a_checksum_below_the_compression(path):
    """The filters in the other order, which h5py alone does not make."""
    with h5py.File(path, "w") as file:
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_chunk((60,))
        creation.set_fletcher32()
        creation.set_deflate(5)
        dataset = file.create_dataset("a", (60,), "f8", dcpl=creation)
        dataset[:] = ARRAY.ravel()
    with File(path) as file:
        np.testing.assert_array_equal(file.read("a"), ARRAY.ravel())
    with h5py.File(path, "r+") as file:
        _, whole = file["a"].id.read_direct_chunk((0,))
        content = bytearray(zlib.decompress(whole))
        content[17] ^= 1
        file["a"].id.write_direct_chunk((0,), zlib.compress(bytes(content)))
    with File(path) as file, pytest.raises(UnreadableError, match="Fletcher-32 checksum"):
        file.read("a")


@pytest.mark.parametrize("missing", [1, 4])
def test_compressed_data_without_their_end_are_refused(path, missing):
    """The checksum of the zlib format stands at the end: without it nothing has been compared."""
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("a", data=ARRAY, chunks=ARRAY.shape, compression="gzip")
        _, whole = dataset.id.read_direct_chunk((0, 0, 0))
        dataset.id.write_direct_chunk((0, 0, 0), whole[:-missing])
    with File(path) as file, pytest.raises(UnreadableError, match="a chunk is incomplete"):
        file.read("a")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes among its files")
def test_no_other_file_is_opened(path, tmp_path):
    for name in ("other.h5", "raw"):
        os.mkfifo(tmp_path / name)  # whoever opens one waits for ever
    with h5py.File(path, "w") as file:
        file["external_link"] = h5py.ExternalLink("other.h5", "/d")
        file["soft_link"] = h5py.SoftLink("/external_link")
        file.create_dataset("external_storage", (10,), "f8", external=[(str(tmp_path / "raw"), 0, 80)])
        for name, most in {"virtual": 10, "endless": None}.items():
            virtual = h5py.VirtualLayout((10,), "f8", maxshape=(most,))
            source = h5py.VirtualSource("other.h5", "d", shape=(10,), maxshape=(most,))
            virtual[:] = source
            file.create_virtual_dataset(name, virtual)
    code = (
        "import sys; from pathlib import Path; from mpifast.io.hdf5.reader import File, UnreadableError\n"
        "with File(Path(sys.argv[1])) as file:\n"
        "    for name in file.names('/'):\n"
        "        try: file.read(name)\n"
        "        except UnreadableError as error: print(name, error.reason)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert done.stdout.count("in other files") == 3, done.stderr
    assert done.stdout.count("soft or external link") == 2


@pytest.mark.parametrize("content", [b"", b"text", b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + bytes(500)])
def test_other_files(path, content):
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=r"file\.h5: .*not HDF5"):
        File(path)


def test_folders_and_missing_files_are_os_errors(tmp_path):
    with pytest.raises(IsADirectoryError):
        File(tmp_path)
    with pytest.raises(FileNotFoundError):
        File(tmp_path / "none")


def test_deep_groups_and_odd_attributes_do_no_harm(path):
    with h5py.File(path, "w") as file:
        group = file
        for _ in range(1500):
            group = group.create_group("g")
        file.attrs["odd"] = np.array([object().__repr__().encode()], dtype="V60")
        file["version"] = "2.1.0"
    with pytest.raises(ValueError, match="neither"):
        mpifast.read_mdf(path)
    assert any(breach.dataset == "/g" for breach in mpifast.check_mdf(path))


FUZZ = """
import random, sys
from pathlib import Path
import mpifast
source, target = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
before = None
for seed in range(int(sys.argv[3]), int(sys.argv[3]) + 25):
    chance = random.Random(seed)
    content = bytearray(source)
    if seed % 4 == 0:
        content = content[: chance.randrange(len(content))]
    for _ in range(chance.choice([1, 2, 8, 40]) if content else 0):
        place = chance.randrange(len(content))
        content[place] = chance.choice([chance.randrange(256), 0, 255, content[place] ^ 1 << chance.randrange(8)])
    target.write_bytes(content)
    try:
        mpifast.check_mdf(target)
        with mpifast.read_mdf(target) as file:
            for read in (file.frames, file.spectra, file.system_matrix, file.images):
                try: read()
                except ValueError: pass
    except (ValueError, OSError):
        pass
    before = before or peak()
print((peak() - before) // 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
@pytest.mark.parametrize("first", [0, 1000])
def test_damaged_files_raise_value_errors_and_take_no_memory(small_system, run_python, tmp_path, first):
    source = tmp_path / "system.mdf"
    if first:
        mpifast.write_mdf(source, small_system.spectra(np.eye(11)), small_system, background=np.zeros((2, 14)))
    else:
        mpifast.write_mdf(source, small_system)
    done = run_python("-W", "error", "-c", FUZZ, str(source), str(tmp_path / "damaged.mdf"), str(first))
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) < 64
