"""Fields: scanners whose fields are known at any place and time, and the frequencies that they produce."""
