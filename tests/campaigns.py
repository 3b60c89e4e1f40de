"""The long campaigns behind the promises of trust: each takes a count and a seed, and returns what happened.

The ordinary tests run them with small counts; ``python tests/campaigns.py`` runs them whole and writes docs/trust.md.
"""

import argparse
import re
import sys
import tempfile
from datetime import date
from importlib.metadata import version
from pathlib import Path

from campaign_calls import crowd, leak
from campaign_interrupts import interrupt
from campaign_kills import kill_saving, kill_training
from campaign_mdf import fuzz_mdf, fuzz_members_of_mdf, fuzz_patches_of_mdf
from campaign_networks import fuzz_network_members, fuzz_networks
from campaign_stores import fuzz_members_of_hdf5, fuzz_members_of_zarr, fuzz_stores

SEED = 20261122
FILES = None  # the count is --files
CAMPAIGNS = {
    kill_training: 100,
    kill_saving: 100,
    interrupt: 200,
    fuzz_networks: FILES,
    fuzz_network_members: FILES,
    fuzz_mdf: FILES,
    fuzz_stores: FILES,
    fuzz_members_of_mdf: 20_000,
    fuzz_patches_of_mdf: FILES,
    fuzz_members_of_hdf5: 20_000,
    fuzz_members_of_zarr: 20_000,
    crowd: 200,
    leak: 10_000,
}
HEAD = """# The last run of the campaigns

Written by `python tests/campaigns.py`; the ordinary tests run the same with smaller counts. What a campaign finds is
mended and stays as a test (`test_network_file`, `test_hdf5`, `test_mdf_read`, `test_store`).
"""


def section(campaign, result):
    """A campaign in the report."""
    facts = ", ".join(f"{key} {value:,.0f}" if value >= 1000 else f"{key} {value:.3g}" for key, value in result.items())
    packages = ", ".join(f"{package} {version(package)}" for package in ("numpy", "scipy", "numba", "mpifast"))
    about = f"{date.today()}, Python {sys.version.split()[0]}, {packages}, seed {SEED}."
    return f"## `{campaign.__name__}`\n\n{campaign.__doc__.splitlines()[0]}\n\n**{facts}.** {about}\n"


def main():
    """Run campaigns at full count and write the report; sections of those that are not run stay."""
    names = {campaign.__name__: campaign for campaign in CAMPAIGNS}
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/trust.md"), help="the report (default: %(default)s)")
    parser.add_argument(
        "--files", type=int, default=100_000, help="damaged files for each kind of reader (default: %(default)s)"
    )
    parser.add_argument("--only", nargs="+", choices=names, default=list(names), help="campaigns to run (default: all)")
    options = parser.parse_args()
    sections = dict(
        re.findall(r"(?ms)^## `(\w+)`$(.*?)(?=^## |\Z)", options.out.read_text() if options.out.exists() else "")
    )
    sections = {name: f"## `{name}`{text.rstrip()}\n" for name, text in sections.items()}
    for name in options.only:
        campaign, count = names[name], CAMPAIGNS[names[name]] or options.files
        with tempfile.TemporaryDirectory() as folder:
            result = campaign(*[count] if campaign in (crowd, leak) else [count, SEED, Path(folder)])
        print(name, result, flush=True)
        sections[name] = section(campaign, result)
        options.out.write_text("\n".join([HEAD, *(sections[name] for name in names if name in sections)]))


if __name__ == "__main__":
    main()
