"""What a wrong tracer costs: the study, its text and its figure."""
