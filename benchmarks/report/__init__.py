"""What is written about a run: records and verdicts, and the pages and tables made of them."""
