"""Data: phantoms, their spectra, noise and the scaling of network inputs. Imports physics and nothing to its right."""
