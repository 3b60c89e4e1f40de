"""System matrices of scanners on a grid: one class, several routes to the same numbers."""
