"""How loops are compiled, and what compiled loops share. Imports nothing of mpifast but the checks."""
