"""BENCHMARKS.md, the README's table and the pages `docs/speed*` of the last run: ``python -m benchmarks.table``."""

import json
from pathlib import Path

from benchmarks.report import overview, site, users
from benchmarks.report.records import Found

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "compare.json"
README = ROOT / "README.md"


def pages(found: Found) -> dict[Path, str]:
    """The text of each file that is made of a run."""
    return {
        ROOT / "BENCHMARKS.md": overview.page(found),
        README: users.readme(README.read_text(encoding="utf-8"), found),
        **{ROOT / "docs" / name: text for name, text in site.pages(found).items()},
    }


def write(found: Found) -> None:
    """All pages."""
    for path, text in pages(found).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(json.loads(RESULTS.read_text(encoding="utf-8")))
