"""A store as an xarray.Dataset: phantoms unpacked, labels and positions as coordinates."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.io.store.labels import read_labels
from mpifast.io.store.layout import Layout

IN_MEMORY = 2**28  # bytes
AXES = ("x", "y", "z")
KEPT = ("units", "long_name")  # attributes; the others say how phantoms are packed


def to_xarray(store: Any, layout: Layout, chunks: Any = None) -> Any:
    """See `mpifast.io.store.reader.StoredSpectra.to_xarray`."""
    try:
        import xarray
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError('to_xarray needs xarray: python -m pip install "mpifast[xarray]"') from missing
    if chunks is not None:
        chunks = check.integer("chunks", chunks, low=1)
    elif (
        layout.count * (layout.equations * layout.dtype.itemsize + layout.voxels * layout.phantoms.itemsize) > IN_MEMORY
    ):
        chunks = layout.chunks
    labels = read_labels(store.path, layout)
    declared = Layout(layout.shape, layout.settings, layout.version, labels).arrays
    place = labels["position"].dimensions[0] if "position" in labels else "voxel"
    dimensions = {"spectra": declared["spectra"].dimensions, "phantoms": ("sample", place)}
    arrays = zip(dimensions, store[:] if chunks is None else _lazy(store, layout, chunks), strict=True)
    coords = {name: (array.dimensions, array.values, array.attributes) for name, array in labels.items()}
    if place == "voxel" and "position" in labels:
        columns = np.asarray(labels["position"].values).T
        for axis, values in zip(AXES, columns, strict=False):
            coords[axis] = (("voxel",), values, {"units": "m", "long_name": f"voxel position along {axis}"})
    return xarray.Dataset(
        {
            name: (dimensions[name], array, {k: v for k, v in declared[name].attributes.items() if k in KEPT})
            for name, array in arrays
        },
        coords=coords,
        attrs={"source": str(store.path), "settings": json.dumps(store.settings, sort_keys=True)},
    )


class Part:
    """The spectra (0) or phantoms (1) of a store as an array that dask takes slices of."""

    ndim = 2

    def __init__(self, store: Any, which: int, width: int, dtype: np.dtype) -> None:
        self.store, self.which, self.shape, self.dtype = store, which, (len(store), width), dtype

    def __getitem__(self, index: tuple[slice, slice]) -> np.ndarray:
        return self.store[index[0]][self.which][:, index[1]]


def _lazy(store: Any, layout: Layout, chunks: int) -> list[Any]:
    try:
        import dask.array
        from dask.base import tokenize
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            'a large store needs dask to become a lazy dataset: python -m pip install "mpifast[xarray]"'
        ) from missing
    parts = {"spectra": (layout.equations, store.dtype), "phantoms": (layout.voxels, store.phantom_dtype)}
    token = tokenize(str(store.path), store.settings, chunks)
    return [
        dask.array.from_array(
            Part(store, which, width, dtype),
            chunks=(chunks, width),
            name=f"{name}-{token}",
            meta=np.empty((0, 0), dtype),
        )
        for which, (name, (width, dtype)) in enumerate(parts.items())
    ]
