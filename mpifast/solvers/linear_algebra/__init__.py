"""Direct and iterative methods of linear algebra behind the solvers."""
