"""Files of the field and of other tools: MDF, stores of spectra; `mpifast.io.torch` and `mpifast.io.onnx`, which are
imported on first use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
