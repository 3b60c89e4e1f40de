"""Files of the field and of other tools: MDF."""
