"""Physics: what a particle and a scanner determine. Nothing here imports data, networks or Numba."""
