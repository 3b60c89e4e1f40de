"""Damage inside sound containers: HDF5 files whose datasets and attributes are wrong, zarr stores whose descriptions
and chunks are, under checksums that agree with them.
"""

import contextlib
import io
import json
import posixpath
import warnings

import h5py
import numpy as np
from hostile import VALUES, damage_array, damage_bytes, damage_json

from mpifast.io.store.blocks import checksum
from mpifast.io.store.layout import ARRAYS, _digest

NUMBERS = [0, 1, -1, 3, 255, 2**31, 2**40, 2**62, -(2**62), 0.5, -0.0, 1e-300, 1e300, np.nan, np.inf, -np.inf]
TEXTS = ["", "2.1.0", "xyz", "zyx", "sine", "simulation", "x" * 5000, "ä", "../..", "0" * 16]


def damage_hdf5(content, random):
    """A sound HDF5 file in which one to three datasets or attributes are something else."""
    file = io.BytesIO(content)
    with h5py.File(file, "r+") as opened, np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the damage itself
        spoiled = set()  # not read back here: HDF5's own filters crash on some damaged chunks
        for _ in range(random.integers(1, 4)):
            names = []
            opened.visit(names.append)
            name = str(random.choice(names)) if names else ""
            if len(opened.attrs) and random.random() < 0.4:
                _attribute(opened, random)
            elif name and name not in spoiled and isinstance(opened[name], h5py.Dataset):
                _dataset(opened, name, random)
                spoiled.add(name)
            elif name and name not in spoiled and random.random() < 0.3:
                _replaced(opened, name, random)
    return file.getvalue()


def number_damage(content):
    """A function that writes other numbers into the datasets of a HDF5 file, where they stand in its bytes: quicker
    than to write the file again.
    """
    places = []
    with h5py.File(io.BytesIO(content)) as opened:

        def visit(name, item):
            plain = isinstance(item, h5py.Dataset) and item.dtype.kind in "iufc" and item.id.get_offset() is not None
            if plain and item.size:
                weight = 8 if item.size < 2**9 else 1  # what describes the data more often than the data
                places.extend([(item.id.get_offset(), item.size, item.dtype)] * weight)

        opened.visititems(visit)

    def damage(content, random):
        data = bytearray(content)
        for _ in range(random.integers(1, 5)):
            offset, size, dtype = places[random.integers(len(places))]
            number = NUMBERS[random.integers(len(NUMBERS))] if random.random() < 0.5 else int(random.integers(-2, 40))
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = np.float64(number).astype(dtype).tobytes()
            first = int(random.integers(size))
            count = size - first if random.random() < 0.2 else 1
            start = offset + first * len(value)
            data[start : start + count * len(value)] = value * count
        return bytes(data)

    return damage


def _value(random):
    """A number, a text, or an array of any type and a few shapes."""
    number = NUMBERS[random.integers(len(NUMBERS))]
    match random.integers(8):
        case 0:
            return TEXTS[random.integers(len(TEXTS))]
        case 1:
            return np.array([TEXTS[random.integers(len(TEXTS))]] * random.integers(3), dtype=h5py.string_dtype())
        case 2:
            return np.full(random.integers(0, 4, size=random.integers(1, 4)), number, np.float64)
        case 3:
            return np.int64(number) if np.isfinite(number) and abs(number) < 2**63 else np.float64(number)
        case 4:
            return np.full(random.integers(0, 40), number, np.float64).astype("c16")
        case 5:
            return np.arange(random.integers(0, 40)) - random.integers(3)
        case 6:
            return np.zeros(2, [("a", "f4"), ("b", "S3")])
        case _:
            return h5py.Empty("f8") if random.random() < 0.3 else np.float64(number)


def _attribute(file, random):
    """An attribute gone or of another kind; half of those of a store under a digest that agrees."""
    name = str(random.choice(list(file.attrs)))
    if random.random() < 0.2:
        del file.attrs[name]
    elif name == "settings":
        file.attrs[name] = np.bytes_(damage_json(json.loads(file.attrs[name]), random)[:30_000].encode())
    else:
        value = _value(random)
        file.attrs[name] = np.bytes_(value.encode()) if isinstance(value, str) else value
    if random.random() < 0.5:
        stated = {key: file.attrs.get(key) for key in (*ARRAYS, "settings")}
        if all(isinstance(value, (bytes, np.integer)) for value in stated.values()):
            stated = {
                key: value.decode("utf-8", "replace") if isinstance(value, bytes) else int(value)
                for key, value in stated.items()
            }
            file.attrs["digest"] = np.bytes_(_digest(stated))


def _dataset(file, name, random):
    """A dataset with other values, of another type or shape, in another storage, or with a damaged chunk."""
    dataset = file[name]
    large = dataset.size is not None and dataset.size > 2**16  # one that was only declared: to write it would fill it
    match 0 if large else random.integers(4):
        case 0:
            _replaced(file, name, random)
        case 1 if dataset.size and dataset.shape and dataset.dtype.kind in "iuf":
            index = tuple(random.integers(length) for length in dataset.shape)
            number = NUMBERS[random.integers(len(NUMBERS))]
            low, high = (
                (np.iinfo(dataset.dtype).min, np.iinfo(dataset.dtype).max) if dataset.dtype.kind in "iu" else (0, 0)
            )
            dataset[index] = number if dataset.dtype.kind == "f" else int(np.clip(np.nan_to_num(number), low, high / 2))
        case 2 if dataset.size and dataset.shape and dataset.dtype.kind in "iufc":
            _stored_otherwise(file, name, dataset[...], random)
        case _ if dataset.dtype.kind in "iufc":
            value = damage_array(dataset[...], random)
            del file[name]
            file[name] = value if value.dtype.names is None and value.dtype.kind != "U" else str(value)
        case _:
            _replaced(file, name, random)


def _replaced(file, name, random):
    """Something else under a name, or nothing."""
    del file[name]
    match random.integers(8):
        case 0:
            pass
        case 1:
            file.create_group(name)
        case 2:
            file[name] = h5py.SoftLink(posixpath.join("/", name))
        case 3:
            file[name] = h5py.ExternalLink("/etc/passwd", "/x")
        case 4:
            shape = tuple(int(2 ** random.integers(10, 30)) for _ in range(random.integers(1, 3)))
            file.create_dataset(name, shape, random.choice(["f8", "i1", "c16"]), chunks=random.choice([None, True]))
        case _:
            file[name] = _value(random)


def _stored_otherwise(file, name, values, random):
    """The same values in chunks with filters; sometimes one of the chunks is damaged or missing."""
    filters = [
        {},
        {"compression": "gzip"},
        {"fletcher32": True},
        {"compression": "gzip", "shuffle": True, "fletcher32": True},
    ]
    chunk = tuple(int(random.integers(1, length + 1)) for length in values.shape)
    if np.prod([-(-length // part) for length, part in zip(values.shape, chunk, strict=True)]) > 200:
        chunk = values.shape
    del file[name]
    stored = file.create_dataset(name, data=values, chunks=chunk, **filters[random.integers(len(filters))])
    if random.random() < 0.7 and stored.id.get_num_chunks():
        place = stored.id.get_chunk_info(int(random.integers(stored.id.get_num_chunks()))).chunk_offset
        mask, raw = stored.id.read_direct_chunk(place)
        with contextlib.suppress(OSError):  # h5py does not always find room for another length
            stored.id.write_direct_chunk(place, damage_bytes(raw, random) or b"\0", mask ^ int(random.integers(2)))


def damage_description(content, random):
    """A zarr.json of which one entry is gone or of another kind; the attributes of a store may have a new digest."""
    found = json.loads(content)
    attributes = found.get("attributes", {})
    if "settings" in attributes and random.random() < 0.7:
        name = str(random.choice(list(attributes)))
        value = VALUES[random.integers(len(VALUES))]
        attributes[name] = damage_json(json.loads(attributes["settings"]), random) if name == "settings" else value
        if random.random() < 0.7:
            attributes["digest"] = _digest({key: attributes[key] for key in (*ARRAYS, "settings")})
        return json.dumps(found).encode()
    return damage_json(found, random).encode()


def damage_chunk(content, random):
    """A chunk with other bytes under a checksum that agrees with them."""
    raw = damage_bytes(content[:-4], random)
    return raw + checksum(raw).to_bytes(4, "little")
