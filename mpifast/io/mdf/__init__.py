"""MDF, the field's file format: read, write, check, and systems and images from such files."""
