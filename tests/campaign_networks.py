"""Damaged files of networks and checkpoints."""

import warnings

import hostile
from scanner_systems import small_system

import mpifast


def fuzz_networks(count, seed, folder):
    """Damaged networks and checkpoints: an error of a documented kind, or a network."""
    content = {}
    for name, options in (("plain", {}), ("checkpoint", {"checkpoint": folder / "kept.npz"})):
        net = mpifast.Network(14, 11, (9,), scaling="standard", bias=True, seed=3)
        net.fit(*mpifast.Spectra(small_system(), seed=3)[:200], epochs=2, **options)
        net.save(folder / "plain.npz")
        content[name] = (folder / ("kept.npz" if options else "plain.npz")).read_bytes()
    halves = [
        hostile.fuzz(
            mpifast.Network.load, data, hostile.damage_npz, ValueError, count // 2, seed + i, folder / "damaged.npz"
        )
        for i, data in enumerate(content.values())
    ]
    return hostile.total(halves)


def fuzz_network_members(count, seed, folder):
    """Networks and checkpoints damaged inside the members of a sound archive: a ValueError, or a network."""
    net = mpifast.Network(14, 11, (9,), scaling="standard", bias=True, seed=3)
    net.fit(
        *mpifast.Spectra(small_system(), seed=3)[:200], epochs=2, system=small_system(), checkpoint=folder / "kept.npz"
    )
    net.save(folder / "plain.npz")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return hostile.total(
            hostile.fuzz(
                mpifast.Network.load, (folder / name).read_bytes(), hostile.damage_members, ValueError, count // 2,
                seed + i, folder / "damaged.npz",
            )
            for i, name in enumerate(("plain.npz", "kept.npz"))
        )  # fmt: skip
