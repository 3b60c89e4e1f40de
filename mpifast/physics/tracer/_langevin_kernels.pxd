"""The Langevin function and its derivative for one number: shared, inlined, by every Cython kernel.

Below |x| = 2 both are a ratio of two Taylor series whose terms are all positive, so nothing cancels:

    L(x)  = x [sum_{k>=1} 2k y^(k-1) / (2k+1)!] / [sum_{k>=0} y^k / (2k+1)!]                y = x^2
    L'(x) = [sum_{k>=2} s_k y^(k-2)] / [sum_{k>=1} s_k y^(k-1)],   s_k = 2^(2k-1) / (2k)!

(from L = (x cosh x - sinh x)/(x sinh x), L' = (sinh^2 x - x^2)/(x^2 sinh^2 x)). Above it the exponential forms lose at most one bit.
Twelve and fourteen terms leave less than 1e-17 at |x| = 2. The coefficients are scaled by 3 to make the leading ones exact.
"""

from libc.math cimport copysign, exp, expm1, fabs

cdef extern from *:
    """
    static const double LANGEVIN_UPPER[12] = {  /* 3 * 2k / (2k+1)!, k = 1.. */
        1.0, 1.0/10, 1.0/280, 1.0/15120, 1.0/1330560, 1.0/172972800, 1.0/31135104000.0, 1.0/7410154752000.0,
        1.0/2252687044608000.0, 1.0/851515702861824000.0, 1.0/391697223316439040000.0, 1.0/215433472824041472000000.0};
    static const double LANGEVIN_LOWER[13] = {  /* 3 / (2k+1)!, k = 0.. */
        3.0, 1.0/2, 1.0/40, 1.0/1680, 1.0/120960, 1.0/13305600, 1.0/2075673600.0, 1.0/435891456000.0,
        1.0/118562476032000.0, 1.0/40548366802944000.0, 1.0/17030314057236480000.0, 1.0/8617338912961658880000.0,
        1.0/5170403347776995328000000.0};
    static const double DERIVATIVE_TERMS[15] = {  /* 3 * 2^(2k-1) / (2k)!, k = 1.. */
        3.0, 1.0, 2.0/15, 1.0/105, 2.0/4725, 2.0/155925, 4.0/14189175, 1.0/212837625, 2.0/32564156625.0,
        2.0/3093594879375.0, 4.0/714620417135625.0, 2.0/49308808782358125.0, 4.0/16025362854266390625.0,
        4.0/3028793579456347828125.0, 8.0/1317525207063511305234375.0};
    """
    const double LANGEVIN_UPPER[12]
    const double LANGEVIN_LOWER[13]
    const double DERIVATIVE_TERMS[15]

cdef inline double polynomial(const double* coefficients, int count, double y) noexcept nogil:
    """Horner's rule, lowest coefficient first."""
    cdef double total = coefficients[count - 1]
    cdef int k
    for k in range(count - 2, -1, -1):
        total = total * y + coefficients[k]
    return total

cdef inline double langevin_of(double x) noexcept nogil:
    """coth x - 1/x, within 4 ulp for every double."""
    cdef double size = fabs(x), tail
    if size < 2.0:
        return x * (polynomial(LANGEVIN_UPPER, 12, x * x) / polynomial(LANGEVIN_LOWER, 13, x * x))
    # coth x = 1 + 2/(e^2x - 1); past 20 the second term is below half an ulp. NaN takes this branch and stays NaN.
    tail = 0.0 if size > 20.0 else 2.0 / expm1(2.0 * size)
    return copysign((1.0 - 1.0 / size) + tail, x)

cdef inline double langevin_derivative_of(double x) noexcept nogil:
    """1/x^2 - 1/sinh^2 x, within 4 ulp for every double."""
    cdef double size = fabs(x), reciprocal, decay
    if size < 2.0:
        return polynomial(&DERIVATIVE_TERMS[1], 14, x * x) / polynomial(DERIVATIVE_TERMS, 15, x * x)
    reciprocal = 1.0 / size
    decay = exp(-2.0 * size)
    # (1/x)/x and not 1/(x x), whose square overflows; 1/sinh^2 x = 4 e^-2x / (1 - e^-2x)^2.
    return reciprocal / size - 4.0 * decay / ((1.0 - decay) * (1.0 - decay))
