"""Compiled loops of the iterative solvers."""
