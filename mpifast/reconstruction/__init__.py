"""Reconstruction: from spectra back to images. Imports physics and data, and nothing to its right."""
