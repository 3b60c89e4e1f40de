"""Figures: images in millimetres, system functions, trajectories, spectra, learning curves, in one style.

Colours can be told apart by colour-blind readers, and pyplot is never imported: no figure needs closing, and no global
setting is read or changed. The functions return a `matplotlib.figure.Figure`, which notebooks show and
``figure.savefig("name.png")`` writes. The extra ``paper`` installs what they need.
"""

try:
    import matplotlib  # noqa: F401  (first: all others need it)
except ModuleNotFoundError as error:
    raise ModuleNotFoundError('figures need matplotlib: python -m pip install "mpifast[paper]"') from error

# Sheet, figure, image and save serve the figures of the paper.
from mpifast.plots.comparison import reconstructions
from mpifast.plots.grid_images import images
from mpifast.plots.sequences import trajectory, waveform
from mpifast.plots.spectrum_lines import spectra
from mpifast.plots.style import COLORS
from mpifast.plots.style import Sheet as Sheet
from mpifast.plots.style import figure as figure
from mpifast.plots.style import image as image
from mpifast.plots.style import save as save
from mpifast.plots.system_rows import system_functions
from mpifast.plots.training import learning_curve
from mpifast.plots.volumes import draw_images

__all__ = [
    "COLORS",
    "draw_images",
    "images",
    "learning_curve",
    "reconstructions",
    "spectra",
    "system_functions",
    "trajectory",
    "waveform",
]


def __dir__() -> list[str]:
    return __all__
