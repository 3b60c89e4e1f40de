"""Damage for readers of files: bytes and values that nobody should send, drawn from a seed."""

import io
import json
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

EXTREMES = [0, 1, 255, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**60, 2**63, 2**64 - 1]
DEEP = "[" * 5000 + "]" * 5000
VALUES = [
    None,
    True,
    -1,
    0,
    2**60,
    1e308,
    float("nan"),
    "",
    "\0",
    "../../x",
    [],
    {},
    [[]],
    {"a": {"b": [None]}},
    "x" * 10_000,
    [1] * 1000,
    0.5,
    "sigmoid",
]


def damage_bytes(content, random):
    """A file with flipped bits, a cut, a repeated or missing piece, or an extreme number somewhere."""
    data = bytearray(content)
    for _ in range(random.integers(1, 4)):
        if not data:
            return b""
        at, length = int(random.integers(len(data))), int(random.integers(1, 64))
        match random.integers(6):
            case 0:
                for place in random.integers(len(data), size=random.integers(1, 9)):
                    data[place] ^= 1 << int(random.integers(8))
            case 1:
                del data[at:]
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[at : at + length]
            case 4:
                data[at : at + length] = random.bytes(length)
            case 5:
                data[at : at + 8] = int(random.choice(np.array(EXTREMES, np.uint64))).to_bytes(8, "little")
    return bytes(data)


def damage_json(value, random):
    """A document with one entry gone or of another kind."""
    value = json.loads(json.dumps(value))
    place = value
    while isinstance(place, (dict, list)) and place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[random.integers(len(keys))]
        if isinstance(place[key], (dict, list)) and place[key] and random.random() < 0.7:
            place = place[key]
        elif random.random() < 0.2:
            del place[key]
            break
        else:
            place[key] = VALUES[random.integers(len(VALUES))]
            break
    return DEEP if random.random() < 0.01 else json.dumps(value)


def damage_array(array, random):
    """An array of another type or shape, with NaN, or of objects' bytes."""
    match random.integers(7):
        case 0:
            return array.astype(random.choice(["i8", "u1", "f2", ">f4", "c16", "?"]))
        case 1:
            return array.reshape(-1)[: random.integers(array.size + 1)]
        case 2:
            return array[None]
        case 3:
            return np.array("text")
        case 4:
            return np.zeros((0, 2**31), np.float32)
        case 5:
            return np.full(array.shape, np.nan)
        case _:
            return np.zeros(3, [("a", "f4"), ("b", "U3")])


def damage_npz(content, random):
    """An archive whose members are wrong in themselves, though the archive is sound; or damaged bytes."""
    if random.random() < 0.4:
        return damage_bytes(content, random)
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = dict(archive)
    name = list(arrays)[random.integers(len(arrays))]
    if name == "header" or random.random() < 0.4:
        arrays["header"] = np.array(damage_json(json.loads(str(arrays["header"])), random))
    else:
        arrays[name] = damage_array(arrays[name], random)
    if random.random() < 0.1:
        arrays[str(random.choice(["../up", "/abs", "layer_99", "header.npy", ""]))] = np.zeros(3)
    file = io.BytesIO()
    (np.savez_compressed if random.random() < 0.2 else np.savez)(file, **arrays)
    if random.random() < 0.1:  # a bomb, or a member that lies about its length
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(
                "bomb.npy",
                b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000,), }"
                + bytes(10**6),
            )
    return file.getvalue()


def damage_members(content, random):
    """A sound archive of sound length, with damaged bytes inside one of its members: their CRC-32 is right."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = list(members)[random.integers(len(members))]
    data = bytearray(members[name])
    if random.random() < 0.7:  # in NumPy's header
        for place in random.integers(128, size=random.integers(1, 4)):
            data[place] = int(random.integers(256))
        members[name] = bytes(data)
    else:
        members[name] = damage_bytes(members[name], random)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def peak(reset=False):
    """Most memory that the process has held, in MiB; from now on, after a reset. Linux tells it."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return (
        next(
            int(line.split()[1])
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith("VmHWM")
        )
        / 1024
    )


def fuzz(read, content, damage, allowed, count, seed, path):
    """Read ``count`` damaged files; only ``allowed`` exceptions, little memory and little time. What happened, and how
    often.
    """
    random = np.random.default_rng(seed)
    found, most, start = Counter(), 0.0, time.perf_counter()
    before = peak(reset=True)
    for number in range(count):
        path.write_bytes(damage(content, random))
        began = time.perf_counter()
        try:
            read(path)
            found["read"] += 1
        except allowed as error:
            found[type(error).__name__] += 1
        except BaseException:
            print(f"file {number} of seed {seed} is kept in {path}", file=sys.stderr)
            raise
        most = max(most, time.perf_counter() - began)
        grown = peak() - before
        if grown > 64 + 2 * len(content) / 2**20:
            raise AssertionError(f"{grown:.0f} MiB more memory: file {number} of seed {seed}, kept in {path}")
    return {
        "files": count,
        **found,
        "slowest (s)": round(most, 3),
        "more memory (MiB)": round(grown, 1),
        "seconds": time.perf_counter() - start,
    }


def total(parts):
    """Of several campaigns: sums, and the largest of what has a unit."""
    parts = list(parts)
    names = {name: None for part in parts for name in part}
    return {name: (max if "(" in name else sum)(part.get(name, 0) for part in parts) for name in names}
