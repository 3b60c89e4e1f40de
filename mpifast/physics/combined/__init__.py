"""Combined: systems made of systems, several patches, several tracers, fewer equations."""
