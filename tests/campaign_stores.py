"""Damaged stores, HDF5 and zarr."""

import contextlib

import hostile
import hostile_containers
import numpy as np
from scanner_systems import small_system

import mpifast


def reader(expected, store=None):
    """Read a whole store; what comes back are the samples that were written."""

    def read(path):
        stored = mpifast.open_spectra(store or path)
        samples = stored[:]
        stored.to_xarray(chunks=16)
        with contextlib.suppress(ValueError):
            stored.system  # noqa: B018
        assert len(stored) != 40 or all(map(np.array_equal, samples, expected))

    return read


def fuzz_stores(count, seed, folder):
    """Damaged stores, HDF5 and every file of a zarr one: an error of a documented kind, or the very samples."""
    system = small_system()
    spectra = mpifast.Spectra(system, seed=3)
    u, c = spectra[:40]
    found = []
    for name in ("data.h5", "data.zarr"):
        store = folder / name
        spectra.save(store, 40, chunks=20)

        def read(_, store=store):
            stored = mpifast.open_spectra(store)
            if len(stored) == 40:
                assert all(map(np.array_equal, stored[:], (u, c)))
            stored.to_xarray()

        files = [store] if store.is_file() else sorted(path for path in store.rglob("*") if path.is_file())
        for file in files:
            content = file.read_bytes()
            each = count // 2 // len(files)
            found.append(hostile.fuzz(read, content, hostile.damage_bytes, (ValueError, OSError), each, seed, file))
            file.write_bytes(content)
    return hostile.total(found)


def fuzz_members_of_hdf5(count, seed, folder):
    """Stores that are sound HDF5 and whose datasets and attributes are wrong: documented errors, or the samples."""
    spectra = mpifast.Spectra(small_system(), seed=3)
    expected, found = spectra[:40], []
    for number, compression in enumerate((None, 1)):
        path = folder / f"{number}.h5"
        spectra.save(path, 40, chunks=20, compression=compression)
        content, each = path.read_bytes(), count // 2
        damage, allowed = hostile_containers.damage_hdf5, (ValueError, OSError)
        found.append(hostile.fuzz(reader(expected), content, damage, allowed, each, seed + number, path))
    return hostile.total(found)


def fuzz_members_of_zarr(count, seed, folder):
    """Zarr stores with wrong JSON, or wrong chunks of the right checksum: a documented error, or the very samples."""
    spectra = mpifast.Spectra(small_system(), seed=3)
    expected, found = spectra[:40], []
    for compression in (None, 1):
        store = folder / f"{compression}.zarr"
        spectra.save(store, 40, chunks=20, compression=compression)
        files = sorted(path for path in store.rglob("*") if path.is_file())
        read = [file for file in files if file.parent.name in ("spectra", "phantoms", "checksums", store.name)]
        for number, file in enumerate(read):
            content, each = file.read_bytes(), count // 2 // len(read)
            described = file.name == "zarr.json"
            damage = hostile_containers.damage_description if described else hostile_containers.damage_chunk
            inside, allowed = reader(expected, store), (ValueError, OSError)
            found.append(hostile.fuzz(inside, content, damage, allowed, each, seed + number, file))
            file.write_bytes(content)
    return hostile.total(found)
