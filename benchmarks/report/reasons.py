"""Why marks are missed: a sentence for BENCHMARKS.md, and what was tried for the documentation."""

WHY = {
    "P1": "The kernel sums rows of look-up tables at the rate at which the L2 cache delivers them.",
    "P2": "The sums of table rows are those of P1.",
    "P3": "Drawing the noise takes more time than the spectra.",
    "P4": "Parity halves the work, but the exponential of the portable Cython kernel is not vectorised; the peer's is.",
    "P5": "The per-sample delta rule also needs the scalar products of every sixteen samples, which the peer does not.",
    "P6": "The pass is that of P5; the peer's time is the dispatch of PyTorch's calls.",
    "P7": "Each sample reads the second layer twice, and cannot start before the previous sample has ended.",
    "P9": "With an empty cache Numba compiles every loop; CONTRIBUTING.md (traps of the loops) says what was tried.",
    "P11": "With an empty cache Numba compiles the loops of spectra and training (P9).",
    "P12": "Writing alone is as fast as the peer; meanwhile the spectra are made on the core that writes back.",
    "P13": "The outputs take exponentials beside the product of the peer.",
    "N1": "The weakest rows need coefficients to rounding, and for them more Gaussians than strong rows.",
    "N3": "Half of the time finds the tensors of each row, in NumPy.",
    "N4": "Two threads share the eight parities of one image, whose loops take only some milliseconds.",
    "N5": "A third of the time finds out how many samples the tolerance needs; the peer is told the number.",
    "N6": "On 19^3 voxels a tile of rows takes a few microseconds, after which two threads meet.",
    "N8": "One thread takes twice as long to subtract, split and sort the rows as to read them.",
    "N9": "The product has an eighth of the peer's multiplications, and both run at the rate of SGEMM.",
    "N10": "Half of the time is the random sketch that shortens the conjugate gradients.",
    "sizes": "At the same absolute error, large particles, however few, need more Gaussians and many more orders.",
    "small": "A call checks arguments and dispatches a loop, which takes longer than NumPy's whole product.",
}

TRIED = """\
- **One and seven samples.** A call checks its arguments and dispatches a loop. NumPy's product has ended by then.
- **P1, P2.** The kernel sums rows of look-up tables at the rate at which the L2 cache delivers them. Smaller tables, of
  three or four voxels, fit into the L1 cache but need more additions, which cost what they save in loads; this was
  tried with one to thirteen vectors of columns at a time. Tables of six voxels do not fit into the L2 cache. Writing
  the spectra alone takes a seventh of the time.
- **P4.** Parity halves the work of mpifast. The peer's transform takes as long for each number, and NumPy vectorises
  its tanh, whereas the exponential of the portable Cython kernel is not vectorised. Subtracting the nearest poles of
  coth in closed form would need a quarter of the nodes; it was not tried.
- **P5.** Beside the two products of the peer, the delta rule needs the scalar products of every sixteen samples and the
  steps among them. Each of two threads loads and scales all spectra; preparing them once for both would save less than
  a tenth. Transposed copies of the weights were slower. Noise-free spectra have 129 coordinates instead of 200, which
  saves a third of a pass. The transform itself takes as long as a pass, so it is used from four passes on, as the row
  "10 training passes" shows.
- **P6.** The pass is that of P5. The peer's time is the dispatch of PyTorch's calls.
- **P7.** Each sample reads the weights of the second layer twice, forward and back, and cannot start before the
  previous sample has ended. Two threads have half of the hidden units each and meet once a sample. The way back begins
  with the weights that the way forward has left in the cache.
- **P12.** A store of the same block again and again takes the time of the plain write, checksums included. Making the
  spectra takes two fifths of the time of writing them and runs beside it, on the core that the kernel also needs to
  write back: together they take half as long again.
- **P13.** The 129 outputs take nine vectors, and each vector an exponential.
- **N1.** The weakest rows need coefficients to rounding, which takes 19 Gaussians in float64; rows above 1e-3 of the
  largest need 14. The peer mirrors a quadrant, which is right for tensors and wrong for rows by up to 1e-4 of the
  largest, so only its quadrant is verified.
- **N4.** Two threads share the eight parities of one image; the loops take a few milliseconds.
- **N5.** Spherical harmonics take 20 ns a vector, a fifth of the time of quadrature with the same Bessel functions as
  polynomials. A third of the time finds out how many samples the tolerance needs, by computing several voxels more than
  once; the peer is told the number and takes as many. Most voxels need fewer samples, and would be faster in
  proportion. A table in (xi_p, xi_o) was not built: each voxel has its own alpha, and a tensor of Chebyshev
  polynomials to 1e-12 for a single alpha has more terms than there are harmonics.
- **N6.** One spectrum takes as long as reading its matrix: tiles of four rows go through the L2 cache once, with the
  steps of one tile and the products of the next in one pass, and each thread has fixed segments of the voxels. A plain
  projection has a complex image, twice the numbers of a real one, in tiles of one complex row. Two threads meet after
  each tile, which costs them half of their gain. Asking for the first lines of the next tile before the meeting made
  it slower. Tiles of two rows, or of eight, which halve the meetings and need 28 products among themselves, were not
  tried.
- **N7.** Tiles of 64 equations: two products, and the triangle of the Gram matrix of the tile, which is kept.
- **N8.** One thread takes twice as long to subtract, split and sort the rows as to read them; a third of that is the
  first touch of the result's memory. Two threads share the rows.
- **N9.** The product has an eighth of the peer's multiplications: the spectra of cosine drives have one real part, and
  rows are even or odd along y. Both products run at the rate of SGEMM. A form with fewer multiplications was tried, but
  tensors of quadrants and their sparse sums have as many in two dimensions, because each row needs about five tensors
  of its own; the operator of the Kronecker form has more.
- **N10.** Half of the time is a random sketch of 256 to 384 vectors, which shortens the conjugate gradients. The sketch
  grows as long as another block of vectors saves iterations. A sketch twice as large took 1.4 times the peer's time.
- **sizes.** The weights contain the sum over the sizes, whatever the number of sizes. To the same absolute error,
  however, large particles, even if few, need up to twice the Gaussians and many more orders along each axis. A row sums
  nine times the terms at sigma = 0.2 and twice the terms at 0.1; at 0.05 it costs as much as one size."""
