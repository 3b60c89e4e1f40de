"""Regularised solvers of u = S c. Imports physics and what is before it."""
