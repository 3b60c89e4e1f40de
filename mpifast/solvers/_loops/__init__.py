"""The compiled loops of Kaczmarz' method: of one spectrum, of many, and what both share."""
