"""Physics: what a particle and a scanner determine. Nothing here imports data, networks or Numba."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules={"receive"})
