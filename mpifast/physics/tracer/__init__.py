"""Tracers: how the magnetisation follows from the field."""
