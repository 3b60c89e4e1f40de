"""``python -m mpifast`` is the command ``mpifast``."""

import sys

from mpifast.cli import main

sys.exit(main())
