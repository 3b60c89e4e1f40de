"""Data: phantoms, their spectra, noise. Imports physics and nothing to its right."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules={"noise", "phantoms"})
