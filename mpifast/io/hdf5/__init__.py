"""HDF5 files from strangers, read without the HDF5 library."""
