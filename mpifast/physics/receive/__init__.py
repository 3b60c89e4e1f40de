"""The receive chain: filters between coil and file, and the bands that they leave out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"filters": ["Filter", "high_pass", "low_pass", "notch"], "stop_bands": ["band_stop"]}
)
