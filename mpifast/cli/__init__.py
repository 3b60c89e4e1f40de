"""The command line: ``mpifast COMMAND``. Exit code 0 is success, 1 breaches or damage found, 2 a mistake in the call or
its surroundings, 130 Ctrl-C.

Little is imported before `main` runs, so that Ctrl-C ends the command in one line while the rest is imported, too.
"""

from __future__ import annotations

import sys
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
