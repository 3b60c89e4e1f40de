"""Networks: what turns spectra into network inputs, the networks, their training and their files. Imports data and what
is before it.
"""
