"""Stores: data sets of spectra on disk, as HDF5 or zarr."""
