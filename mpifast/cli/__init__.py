"""The command line: ``mpifast COMMAND``. Exit code 0 is success, 1 breaches or damage found, 2 a mistake in the call or
its surroundings, 130 Ctrl-C.

Little is imported before `main` runs, so that Ctrl-C ends the command in one line while the rest is imported, too.
"""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``mpifast``; those of this process by default.

    Examples
    --------
    >>> from mpifast.cli import main
    >>> main(["matrix", "system.txt"])  # the error goes to standard error
    2
    """
    sys.unraisablehook, unraisable = _unraisable, sys.unraisablehook
    try:
        import warnings

        from mpifast.cli._output import complain, ended, one_line
        from mpifast.cli._parser import parser

        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = lambda message, *_: complain(f"warning: {one_line(message)}")
            try:
                with ended():
                    options = parser().parse_args(arguments)
                    return int(options.run(options))
            except (ValueError, TypeError, OSError, ImportError, MemoryError, ArithmeticError, RuntimeError) as error:
                complain(f"error: {one_line(error)}")
                return 2
    except KeyboardInterrupt:
        print("mpifast: interrupted; what was finished is kept", file=sys.stderr)
        return 130
    finally:
        sys.unraisablehook = unraisable


def _unraisable(problem: sys.UnraisableHookArgs) -> None:
    """Ctrl-C inside a destructor, of the compiler's objects for example, is ignored by Python: it comes once more."""
    if issubclass(problem.exc_type, KeyboardInterrupt):
        threading.Timer(0.05, _thread.interrupt_main).start()  # not here, where it would be ignored as well
    else:
        sys.__unraisablehook__(problem)
