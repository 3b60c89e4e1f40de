"""What holds the missed marks back, in words: the end of a part of BENCHMARKS.md."""

TRIED = """What holds the missed marks back, and what was tried:

- **One and seven samples.** The call: arguments are checked and a loop is dispatched while NumPy's product is over
  already.
- **P1, P2.** Sums of table rows, at the rate at which an L2 cache delivers them. Tables of three or four voxels,
  which an L1 cache holds, take as much longer in additions as they save in loads, with one to thirteen vectors of
  columns at a time; of six voxels they would leave the L2 cache. Writing the spectra alone takes a seventh of the
  time.
- **P4.** Parity halves our work; but the peer's transform costs as much a number as ours, and NumPy's tanh is
  vectorised, which the exponential of the portable Cython kernel is not. Subtracting the nearest poles of coth in
  closed form would need a quarter of the nodes; not tried.
- **P5.** Beside its two products the delta rule needs the scalar products of every sixteen samples and the steps
  among them. On two threads each loads and scales all spectra; preparing them once for both would save less than a
  tenth. Transposed copies of the weights were slower. Noise-free spectra have 129 coordinates instead of 200, which
  saves a third; to transform them first takes as long as a pass, so it is done from four passes on, and "10 training
  passes" shows it.
- **P6.** The pass is P5's. The peer's time is the dispatch of PyTorch's calls.
- **P7.** Each sample reads the second layer's weights twice, forward and back, and cannot start before the one before
  it has ended. Two threads have half of the hidden units each, meet once a sample, and the way back begins with the
  weights that the way forward has left in the cache.
- **P13.** 129 outputs take nine vectors, and each of them an exponential.
- **N1.** The weakest rows need coefficients to rounding, which takes 19 Gaussians in float64 where the rows above 1e-3
  of the largest need 14. The peer mirrors a quadrant, which is right for tensors and wrong for rows by up to 1e-4 of
  the largest; only its quadrant is verified.
- **N4.** On two threads the eight parities of one image are shared out; the loops take a few milliseconds.
- **N5.** Spherical harmonics take 20 ns a vector, a fifth of quadrature with the same Bessel functions as polynomials.
  A third of the time finds out how many samples the tolerance needs, by voxels that are computed several times; the
  peer is told, and takes as many. With fewer of them, which do for most voxels, it would be faster in proportion. A
  table in (xi_p, xi_o) was not built: each voxel has its own alpha, and for one alpha a tensor of Chebyshev
  polynomials to 1e-12 has more terms than the harmonics.
- **N6.** One spectrum is as fast as its matrix is read: tiles of four rows go through the second-level cache once,
  the steps of one tile and the products of the next in one pass; the voxels are shared out in fixed segments. A plain
  projection has a complex image, twice the numbers of a real one, in tiles of one complex row, after each of which two
  threads meet: that costs them half of what they gain. Two rows a tile were not tried.
- **N7.** Tiles of 64 equations: two products, and the triangle of their Gram matrix, which is kept.
- **N8.** One thread takes twice as long to subtract, split and sort the rows as to read them; a third of that is the
  first touch of the result's memory. Two threads share the rows.
- **N10.** Half of the time is a random sketch of 256 to 384 vectors, which makes the conjugate gradients short. It is
  made as large as a block of it saves iterations: a sketch twice as large took 1.4 times the peer's time.
- **N9.** Our product has an eighth of the peer's multiplications: the spectra of cosine drives have one real part, and
  rows are even or odd along y. Both products run at the rate of SGEMM. A form with fewer multiplications was tried:
  tensors of quadrants and their sparse sums have as many in two dimensions, because each row needs about five tensors
  of its own; the operator of the Kronecker form has more.
- **sizes.** The sum over the sizes is in the weights, whatever their number. But to the same absolute error the large
  sizes, however few, need up to twice the Gaussians and many more orders along each axis, and a row sums nine times
  the terms at sigma = 0.2, twice at 0.1; at 0.05 the cost is that of one size."""
