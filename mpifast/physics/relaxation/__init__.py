"""How the magnetisation follows the field with a delay."""
