"""Small pictures for notebooks: arrays as PNG files within HTML, with their axes and colours.

Matplotlib would take most of a second for the first one, and its texts have the colours of one kind of page.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np

LONGEST, SHORTEST = 180, 24  # pixels on the screen of the longest side of all pictures, and of the shortest of each
TITLE = 110  # pixels of a title before it has a second line, if the picture is no wider
ROW = 8  # pixels of a row, where the rows are no length
MOST = 512  # values along a side of a PNG file
# At equal distances, of matplotlib's maps of the same names.
COLORS = {
    "inferno": ("000004", "210c4a", "57106e", "8a226a", "bc3754", "e45a31", "f98e09", "f9cb35", "fcffa4"),
    "RdBu_r": ("053061", "2a71b2", "6bacd1", "c2ddec", "f7f6f6", "fbccb4", "e48066", "ba2832", "67001f"),
}


class Pictures(NamedTuple):
    """Pictures in one scale of colours, and of lengths where they have any.

    Attributes
    ----------
    views : sequence of View
        ``picture``, float[up, across], its axes ``across`` and ``up``, and a ``title``
        (`mpifast.physics.fields.views.View`).
    low, high : float
        The values of the first and the last colour.
    label : str
        What the values are.
    colors : str
        A key of `COLORS`.
    """

    views: Sequence[Any]
    low: float
    high: float
    label: str
    colors: str = "inferno"

    def html(self) -> str:
        """The pictures, each with its title and axes, and the scale of colours.

        Examples
        --------
        >>> import numpy as np
        >>> from mpifast.physics.fields.views import Axis, View
        >>> x, y = Axis("x", -2.0, 2.0, 3), Axis("y", -1.0, 1.0, 2)
        >>> html = Pictures([View(np.eye(2, 3), x, y, "<b>")], 0.0, 1.0, "iron").html()
        >>> "&lt;b&gt;" in html, "x (mm)" in html, html.count("data:image/png")
        (True, True, 1)
        """
        lengths = [abs(axis.length) for view in self.views for axis in (view.across, view.up) if not _counted(view)]
        longest = max(lengths, default=1.0)
        return "".join(self._figure(view, LONGEST / longest) for view in self.views) + self._scale()

    def _figure(self, view: Any, scale: float) -> str:
        if _counted(view):
            wide, high = LONGEST, min(LONGEST, max(SHORTEST, ROW * len(view.picture)))
        else:
            wide, high = (max(SHORTEST, round(scale * abs(axis.length))) for axis in (view.across, view.up))
        levels = np.nan_to_num((thinned(view.picture)[::-1] - self.low) / ((self.high - self.low) or 1.0))
        data = png((255.0 * levels.clip(0.0, 1.0) + 0.5).astype(np.uint8), _palette(self.colors))
        image = (
            f'<img src="data:image/png;base64,{base64.b64encode(data).decode()}" alt="{escape(view.title)}"'
            f' width="{wide}" height="{high}"'
            f' style="width:{wide}px;height:{high}px;max-width:none;margin:0;image-rendering:pixelated">'
        )
        title = f'<div style="max-width:{max(wide, TITLE)}px">{escape(view.title)}</div>'
        below = _spread(view.across.ends[0], view.across.label, view.across.ends[1])
        beside = _spread(view.up.ends[1], view.up.label, view.up.ends[0], ";flex-direction:column;text-align:right")
        style = "font-size:80%;line-height:1.3;display:grid;grid-template-columns:auto auto;gap:.2em .5em"
        return f'<div style="{style}"><div></div>{title}{beside}{image}<div></div>{below}</div>'

    def _scale(self) -> str:
        stops = ",".join(f"#{color}" for color in COLORS[self.colors])
        bar = f'<span style="width:5em;height:.8em;background:linear-gradient(to right,{stops})"></span>'
        low, high = (f"{value + 0.0:.3g}".replace("-", "−") for value in (self.low, self.high))
        return (
            '<div style="font-size:80%;display:flex;gap:.5em;align-items:center;align-self:flex-end">'
            f"<span>{low}</span>{bar}<span>{high}</span><span>{escape(self.label)}</span></div>"
        )


def _spread(first: str, middle: str, last: str, style: str = "") -> str:
    """The texts at an axis."""
    texts = "".join(f"<span>{escape(text)}</span>" for text in (first, middle, last))
    return f'<div style="display:flex;justify-content:space-between;gap:.4em{style}">{texts}</div>'


def _counted(view: Any) -> bool:
    """Whether one axis is a length, and the other one numbers something."""
    return bool(view.across.numbered != view.up.numbered)


def thinned(values: np.ndarray) -> np.ndarray:
    """At most `MOST` values along each axis: every second one, every third one, and so on."""
    return values[tuple(slice(None, None, -(-n // MOST)) for n in values.shape)]


def png(levels: np.ndarray, palette: np.ndarray) -> bytes:
    """A PNG file of uint8[height, width], numbers of the colours uint8[256, 3].

    References
    ----------
    ISO/IEC 15948: 8 bits of indexed colour, no filter.
    """
    height, width = levels.shape
    lines = np.zeros((height, 1 + width), np.uint8)
    lines[:, 1:] = levels
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0),
        b"PLTE": palette.tobytes(),
        b"IDAT": zlib.compress(lines.tobytes(), 6),
        b"IEND": b"",
    }
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _palette(name: str) -> np.ndarray:
    """uint8[256, 3]: the colours of a map, linear between those it names."""
    known = np.array([list(bytes.fromhex(color)) for color in COLORS[name]])
    places = np.linspace(0.0, len(known) - 1, 256)
    parts = [np.interp(places, np.arange(len(known)), part) for part in known.T]
    return np.stack(parts, axis=1).round().astype(np.uint8)
