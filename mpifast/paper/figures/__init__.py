"""The figures of the paper, one file each: the experiments, what is measured, the drawing."""
