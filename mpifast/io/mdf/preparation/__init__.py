"""What is done to measured data before they become a linear system: selection, background, leakage, averages."""
