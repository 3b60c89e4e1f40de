"""Acquired: frames as a scanner takes them, raw, with background frames, in periods that are patches."""
