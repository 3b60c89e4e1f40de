"""Scanners on a grid in MDF files: their acquisition written, and read back."""
