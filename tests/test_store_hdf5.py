"""HDF5 stores from strangers: a ValueError or OSError, soon, and nothing outside the file is opened."""

import os
import time

import h5py
import numpy as np
import pytest

import mpifast

COUNT = 300


@pytest.fixture(scope="module")
def spectra(small_system):
    return mpifast.Spectra(small_system, seed=7)


@pytest.fixture(params=[None, 1], ids=["contiguous", "deflate"])
def path(request, spectra, tmp_path):
    spectra.save(tmp_path / "data.h5", COUNT, chunks=100, compression=request.param)
    return tmp_path / "data.h5"


def refused(path, message=None):
    with pytest.raises(ValueError, match=message) as caught:
        mpifast.open_spectra(path)[:]
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"not HDF5 at all" * 1000, bytes(5000)])
def test_a_file_that_is_not_hdf5(tmp_path, content):
    (tmp_path / "data.h5").write_bytes(content)
    refused(tmp_path / "data.h5", "is not a store of mpifast or is damaged")
    assert (tmp_path / "data.h5").read_bytes() == content


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        mpifast.open_spectra(tmp_path / "data.h5")
    with pytest.raises(TypeError, match="path must be a file name"):
        mpifast.open_spectra(7)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_refused_or_unharmed(spectra, path, seed):
    random = np.random.default_rng(seed)
    whole, expected = path.read_bytes(), spectra[:COUNT]
    harmless = 0
    for _ in range(60):
        raw = bytearray(whole)
        where, how = random.integers(len(raw)), random.integers(3)
        if how == 0:
            del raw[where:]
        elif how == 1:
            raw[where] ^= 1 << random.integers(8)
        else:
            word = [b"\xff" * 8, bytes(8), (2**60).to_bytes(8, "little")][random.integers(3)]
            raw[where % 9000 : where % 9000 + 8] = word
        path.write_bytes(raw)
        start = time.perf_counter()
        try:
            found = mpifast.open_spectra(path)[:]
        except (ValueError, OSError):
            pass
        else:
            harmless += 1
            assert all(map(np.array_equal, found, expected))
        assert time.perf_counter() - start < 10
    assert harmless < 60


def change(path, edit):
    with h5py.File(path, "r+", locking=False) as file:
        edit(file)


def replace(name, **options):
    def edit(file):
        del file[name]
        file.create_dataset(name, **options)

    return edit


def link(name, target):
    def edit(file):
        del file[name]
        file[name] = target

    return edit


def nested(file):
    group = file
    for _ in range(2000):
        group = group.create_group("g")
    del file["spectra"]
    file["spectra"] = group


LIES = {
    "another shape": (replace("spectra", shape=(COUNT, 13), dtype="<f4"), r"expected float32\[300, 14\]"),
    "2^60 rows": (replace("spectra", shape=(2**60, 14), dtype="<f4", chunks=(100, 14)), "expected float32"),
    "another type": (replace("spectra", shape=(COUNT, 14), dtype="<f8"), "expected float32"),
    "big endian": (replace("spectra", shape=(COUNT, 14), dtype=">f4"), "expected float32"),
    "text": (replace("spectra", shape=(COUNT, 14), dtype="S4"), "string"),
    "objects": (replace("spectra", shape=(COUNT, 14), dtype=h5py.string_dtype()), "string"),
    "never written": (replace("spectra", shape=(COUNT, 14), dtype="<f4"), "does not hold"),
    "other filters": (
        replace("spectra", data=np.zeros((COUNT, 14), "<f4"), chunks=(100, 14), compression="lzf"),
        "filters",
    ),
    "other chunks": (
        replace("spectra", data=np.zeros((COUNT, 14), "<f4"), chunks=(50, 14), compression="gzip", shuffle=True),
        "chunks of 100 rows",
    ),
    "chunks missing": (
        replace("spectra", shape=(COUNT, 14), dtype="<f4", chunks=(100, 14), compression="gzip", shuffle=True),
        "0 of 3 chunks",
    ),
    "zeros": (replace("phantoms", data=np.zeros((COUNT, 2), "u1")), "checksums"),
    "a soft link": (link("spectra", h5py.SoftLink("/phantoms")), "link"),
    "an external link": (link("spectra", h5py.ExternalLink("/etc/passwd", "/x")), "link"),
    "external data": (
        replace("spectra", shape=(COUNT, 14), dtype="<f4", external=[("/etc/passwd", 0, 56 * COUNT)]),
        "other files",
    ),
    "a group": (nested, "no such dataset"),
    "nothing": (lambda file: file.clear(), "no such dataset"),
}


@pytest.mark.parametrize("lie", LIES)
def test_lies_are_refused(path, lie):
    edit, message = LIES[lie]
    change(path, edit)
    refused(path, message)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("format", np.bytes_("other"), "has no spectra of mpifast"),
        (
            "format_version",
            3,
            r"format version 3, this version of mpifast reads 1 and 2: python -m pip install --upgrade",
        ),
        ("format_version", 2**60, "format version 1152921504606846976, .* --upgrade mpifast"),
        ("format_version", 0, "format version 0, this version of mpifast reads 1 and 2"),
        ("settings", np.bytes_("{}"), "do not agree with their digest"),
        ("equations", 13, "do not agree with their digest"),
        ("count", 2**60, "do not agree with their digest"),
        ("count", "many", "'count' is neither a number of 64 bits nor a text"),
        ("count", 300.0, "'count' is 300.0, expected int"),
        ("count", np.arange(1000), "'count' is neither"),
        ("count", np.array((1, 2), [("a", "i4"), ("b", "f8")]), "'count' is neither"),
        ("settings", np.bytes_("7" * 40_000), "'settings' is neither"),
        ("dtype", h5py.Empty("S7"), "'dtype' is neither"),
    ],
)
def test_attributes_of_odd_types_and_values_are_refused(path, name, value, message):
    change(path, lambda file: file.attrs.__setitem__(name, value))
    refused(path, message)


def test_a_missing_attribute_is_refused(path):
    change(path, lambda file: file.attrs.__delitem__("settings"))
    refused(path, "'settings' is None, expected str")


@pytest.mark.parametrize("text", ["", "7", "[]", "{}", '{"fingerprint": 7}', "[" * 9000, "{" * 9000, "nul"])
def test_settings_that_are_no_description_are_refused(path, text):
    from mpifast.io.store.layout import ARRAYS, _digest

    def lie(file):
        stated = {name: file.attrs[name] for name in ARRAYS} | {"settings": text}
        stated = {name: value.decode() if isinstance(value, bytes) else value for name, value in stated.items()}
        stated = {name: value.item() if isinstance(value, np.generic) else value for name, value in stated.items()}
        file.attrs.update(_bytes({"settings": text, "digest": _digest(stated)}))

    change(path, lie)
    refused(path, "its settings (are no JSON|have no fingerprint)")


def test_a_lie_that_agrees_with_its_digest_is_found_in_the_arrays(path):
    from mpifast.io.store.layout import Layout

    layout = mpifast.open_spectra(path)._layout
    for lie in ({"count": 2**60}, {"equations": 2**19}, {"chunks": 2**22}):
        lied = Layout({**layout.shape, **lie}, layout.settings)
        change(path, lambda file, lied=lied: file.attrs.update(_bytes(lied.attributes)))
        refused(path)


def _bytes(attributes):
    return {name: np.bytes_(value) if isinstance(value, str) else value for name, value in attributes.items()}


def test_a_deflate_bomb_takes_no_more_than_a_chunk(spectra, tmp_path):
    path = tmp_path / "data.h5"
    spectra.save(path, COUNT, chunks=100, compression=1)
    import zlib

    change(path, lambda file: file["spectra"].id.write_direct_chunk((0, 0), zlib.compress(bytes(5_000_000), 9)))
    refused(path, "has not the 5,600 bytes|bytes for a block of")


def test_a_store_replaced_while_it_is_open_is_noticed(path, small_system):
    stored = mpifast.open_spectra(path)
    stored[:10]
    os.remove(path)
    mpifast.Spectra(small_system, seed=8).save(path, COUNT, chunks=100)
    with pytest.raises(ValueError, match="has changed since it was opened"):
        stored[:10]


def test_verify_finds_damage(path):
    raw = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        spectra = file["spectra"].id
        where = spectra.get_offset() or spectra.get_chunk_info(1).byte_offset - 100 * 14 * 4
    raw[where + 150 * 14 * 4 if where + 150 * 56 < len(raw) else -1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ValueError, match="is damaged in samples"):
        mpifast.open_spectra(path).verify()
