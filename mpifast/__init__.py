"""mpifast: fast simulation and image reconstruction for magnetic particle imaging (the imaging method, not message
passing).

The public names are listed in ``__init__.pyi``. Each is imported on first use, so ``import mpifast`` costs nothing.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, _, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]


def __dir__() -> list[str]:
    return sorted(__all__)
