"""Dynamics: how the magnetisation of one particle follows a field that changes with time."""
