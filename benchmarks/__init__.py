"""Speed, measured against peers in one run: ``python -m benchmarks.compare`` for the ratios, asv for their history."""
