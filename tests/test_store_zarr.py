"""Zarr stores from strangers: a ValueError or OSError, nothing unpickled, and nothing outside the folder is opened."""

import json
import os
import shutil
import sys

import numpy as np
import pytest

import mpifast

COUNT = 300


@pytest.fixture(scope="module")
def spectra(small_system):
    return mpifast.Spectra(small_system, seed=7)


@pytest.fixture(params=[None, 1], ids=["plain", "gzip"])
def path(request, spectra, tmp_path):
    spectra.save(tmp_path / "data.zarr", COUNT, chunks=100, compression=request.param)
    return tmp_path / "data.zarr"


def refused(path, message=None):
    with pytest.raises(ValueError, match=message) as caught:
        mpifast.open_spectra(path)[:]
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_are_refused_or_unharmed(spectra, path, seed, tmp_path):
    random = np.random.default_rng(seed)
    expected, files = spectra[:COUNT], sorted(file for file in path.rglob("*") if file.is_file())
    harmless = 0
    for _ in range(60):
        file = files[random.integers(len(files))]
        whole = file.read_bytes()
        raw = bytearray(whole)
        if random.integers(3) == 0:
            del raw[random.integers(len(raw)) :]
        else:
            raw[random.integers(len(raw))] ^= 1 << random.integers(8)
        file.write_bytes(raw)
        try:
            found = mpifast.open_spectra(path)[:]
        except (ValueError, OSError):
            pass
        else:
            harmless += 1
            assert all(map(np.array_equal, found, expected))
        file.write_bytes(whole)
    assert harmless < 60


def edit(path, name, **changes):
    file = path / name / "zarr.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


PICKLE = [{"name": "numcodecs.pickle", "configuration": {"protocol": 4}}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codecs": PICKLE}, r"codecs \['numcodecs.pickle'\], expected"),
        ({"codecs": [{"name": "vlen-utf8"}, {"name": "crc32c"}]}, "codecs"),
        ({"codecs": "bytes"}, "codecs"),
        ({"codecs": [["bytes"]]}, "codecs"),
        ({"shape": [2**60, 14]}, "shape"),
        ({"shape": [COUNT, 13]}, "shape"),
        ({"shape": "many"}, "shape"),
        ({"data_type": "float64"}, "data_type"),
        ({"data_type": "variable_length_bytes"}, "data_type"),
        ({"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [COUNT, 14]}}}, "chunk_grid"),
        ({"chunk_key_encoding": {"name": "v2"}}, "chunk_key_encoding"),
        ({"node_type": "group"}, "node_type"),
        ({"zarr_format": 2}, "does not describe zarr of format 3"),
        ({"storage_transformers": [{"name": "x"}]}, "in a way that is not known"),
    ],
)
def test_lies_are_refused(path, changes, message):
    edit(path, "spectra", **changes)
    refused(path, message)


def test_big_endian_is_refused(path):
    codecs = json.loads((path / "spectra" / "zarr.json").read_text())["codecs"]
    edit(path, "spectra", codecs=[{"name": "bytes", "configuration": {"endian": "big"}}, *codecs[1:]])
    refused(path, "in a way that is not known")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, "no spectra"),
        ({"format_version": 7}, "format version 7"),
        ({"settings": "{}"}, "digest"),
        ({"settings": ["7"]}, "expected str"),
        ({"count": 2**70}, "digest"),
    ],
)
def test_attributes_are_checked(path, changes, message):
    attributes = json.loads((path / "zarr.json").read_text())["attributes"]
    edit(path, "", attributes={**attributes, **changes})
    refused(path, message)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        "[]",
        "null",
        '{"zarr_format": 3, "node_type": "group", "attributes": []}',
        "9" * 10_000,
        " " * 2**21,
    ],
)
def test_descriptions_that_are_none(path, text):
    (path / "zarr.json").write_text(text)
    refused(path)


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes")
@pytest.mark.parametrize(
    "name", ["zarr.json", "spectra", "spectra/zarr.json", "spectra/c.1.0", "phantoms/c.2.0", "checksums/c.0.0"]
)
def test_links_are_not_followed(path, tmp_path, name):
    outside = tmp_path / "outside"
    shutil.move(path / name, outside)
    (path / name).symlink_to(outside)
    refused(path, "link")


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes")
@pytest.mark.parametrize("name", ["zarr.json", "spectra/c.1.0"])
def test_pipes_are_not_waited_for(path, name):
    (path / name).unlink()
    os.mkfifo(path / name)
    refused(path, "is not a")


def test_the_store_itself_may_be_a_link(path, tmp_path, spectra):
    (tmp_path / "link.zarr").symlink_to(path)
    assert np.array_equal(mpifast.open_spectra(tmp_path / "link.zarr")[:][0], spectra[:COUNT][0])


def test_missing_chunks_are_not_zeros(path):
    (path / "spectra" / "c.1.0").unlink()
    stored = mpifast.open_spectra(path)
    stored[:100]
    with pytest.raises(ValueError, match="is damaged in samples 100 to 199"):
        stored[:]


def test_chunks_that_were_swapped_are_noticed(path):
    first, second = path / "spectra" / "c.0.0", path / "spectra" / "c.1.0"
    first.rename(path / "x"), second.rename(first), (path / "x").rename(second)
    refused(path, "do not agree with their checksums")


def test_a_gzip_bomb_takes_no_more_than_a_chunk(spectra, tmp_path):
    import gzip

    from mpifast.io.store.blocks import checksum

    path = tmp_path / "data.zarr"
    spectra.save(path, COUNT, chunks=100, compression=1)
    raw = gzip.compress(bytes(5_000_000))
    (path / "spectra" / "c.0.0").write_bytes(raw + checksum(raw).to_bytes(4, "little"))
    refused(path, "has not the 5,600 bytes")


def test_an_empty_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        mpifast.open_spectra(tmp_path)
