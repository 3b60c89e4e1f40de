"""Progress bars, in terminals and in notebooks. tqdm is imported with the first bar."""

from __future__ import annotations

import sys
import warnings
from typing import Any


def notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "IPKernelApp" in getattr(shell, "config", {})


def watched() -> bool:
    """Whether somebody sees at once what is written to stderr: a terminal or a notebook shows it."""
    return notebook() or (sys.stderr is not None and sys.stderr.isatty())


def tqdm(*arguments: Any, **options: Any) -> Any:
    """A bar of `tqdm`, in a notebook one of `tqdm.auto`; ``disable=None`` shows it in terminals and notebooks alone."""
    if not notebook():
        from tqdm import tqdm as bar
    else:
        if options.get("disable") is None:  # a kernel's stderr is no terminal
            options["disable"] = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # without ipywidgets the bar is text, and tqdm.auto warns of it
            from tqdm.auto import tqdm as bar
    return bar(*arguments, **options)


def leave_out(bar: Any, seconds: float) -> None:
    """Do not count so many seconds in the elapsed time and the speed of a bar."""
    if seconds and not bar.disable:
        bar.start_t += seconds
        bar.last_print_t += seconds
