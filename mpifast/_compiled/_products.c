/* The matrix products of the hot loops, for float and double and for each instruction set. What they compute is said in
   products.py, which chooses among the copies.

   Strides are in bytes, shapes in numbers. Rows are padded to groups of 64 bytes. Each element of c is summed in the
   order of k, by fused multiply-adds where the instruction set has them (-ffp-contract=fast), so its bits depend neither
   on the shape of c nor on where c is cut.

   The file includes itself: the third part, the kernels, once for each copy and type of number. */

#if !defined(COPY) /* ---------------------------------------------------------------- the copies and the module */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

typedef Py_ssize_t size;

#if defined(__GNUC__) /* and Clang */
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
#define PLAIN_BYTES 16
#else
#define INLINE static __inline
#define UNROLL
#define PLAIN_BYTES 0
#endif

#define JOIN_(function, bits, copy) function##_##bits##_##copy
#define JOIN(function, bits, copy) JOIN_(function, bits, copy)
#define NAME(function) JOIN(function, BITS, COPY)

/* Lane l of pair sums of vectors x (lanes without `bit`) and y (those with it): HERE + THERE. */
#define HERE(l, bit) ((l) & (bit) ? LANES + ((l) ^ (bit)) : (l))
#define THERE(l, bit) ((l) & (bit) ? LANES + (l) : (l) ^ (bit))
#define LIST_2(f, bit) f(0, bit), f(1, bit)
#define LIST_4(f, bit) LIST_2(f, bit), f(2, bit), f(3, bit)
#define LIST_8(f, bit) LIST_4(f, bit), f(4, bit), f(5, bit), f(6, bit), f(7, bit)
#define LIST_16(f, bit) \
    LIST_8(f, bit), f(8, bit), f(9, bit), f(10, bit), f(11, bit), f(12, bit), f(13, bit), f(14, bit), f(15, bit)
#define LIST_(lanes, f, bit) LIST_##lanes(f, bit)
#define LIST(lanes, f, bit) LIST_(lanes, f, bit)
#if defined(__clang__)
#define SHUFFLE(x, y, f, bit) __builtin_shufflevector(x, y, LIST(LANES, f, bit))
#else /* GCC has the other one only since version 12 */
#define SHUFFLE(x, y, f, bit) __builtin_shuffle(x, y, (NAME(lanes)){LIST(LANES, f, bit)})
#endif

#define EACH_2(f) f(1) f(2)
#define EACH_4(f) EACH_2(f) f(3) f(4)
#define EACH_8(f) EACH_4(f) f(5) f(6) f(7) f(8)
#define EACH_16(f) EACH_8(f) f(9) f(10) f(11) f(12) f(13) f(14) f(15) f(16)
#define EACH_(most, f) EACH_##most(f)
#define EACH(most, f) EACH_(most, f)

/* Of each copy: BYTES of a vector register, 0 where the compiler has none (MSVC); LENGTH groups of c that stay in
   registers, of one row or of HEIGHT rows; DOTS scalar products that are summed at once. */
#define COPY plain
#define TARGET /* the least of the architecture: SSE2 or NEON */
#define BYTES PLAIN_BYTES
#if defined(__aarch64__)
#define HEIGHT 4
#define LENGTH 4
#else
#define HEIGHT 2
#define LENGTH 2
#endif
#define DOTS 2
#include "_products.c"

#if defined(__GNUC__) && defined(__x86_64__)
#define WIDE
#define COPY avx2
#define TARGET __attribute__((target("avx2,fma")))
#define BYTES 32
#define HEIGHT 4
#define LENGTH 4
#define DOTS 4
#include "_products.c"

#define COPY avx512
#define TARGET __attribute__((target("avx512f,fma")))
#define BYTES 64
#define HEIGHT 8
#define LENGTH 16
#define DOTS 8
#include "_products.c"
#endif

#define ADDRESS(function, bits, copy) {#function "_" #bits "_" #copy, (void (*)(void))JOIN(function, bits, copy)}
#define ADDRESSES(bits, copy) \
    ADDRESS(multiply_add, bits, copy), ADDRESS(multiply_add_transposed, bits, copy), ADDRESS(sum_rows, bits, copy)

static const struct {
    const char *name;
    void (*function)(void);
} kernels[] = {
    ADDRESSES(32, plain), ADDRESSES(64, plain),
#if defined(WIDE)
    ADDRESSES(32, avx2), ADDRESSES(64, avx2), ADDRESSES(32, avx512), ADDRESSES(64, avx512),
#endif
};

/* The module has the address of each kernel by its name, "multiply_add_32_avx512". */
static int fill(PyObject *module)
{
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++) {
        PyObject *address = PyLong_FromVoidPtr((void *)kernels[k].function);
        int failed = address == NULL || PyObject_SetAttrString(module, kernels[k].name, address) < 0;
        Py_XDECREF(address);
        if (failed)
            return -1;
    }
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)fill},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_products", .m_doc = "Addresses of the matrix products.", .m_slots = slots};

PyMODINIT_FUNC PyInit__products(void) { return PyModuleDef_Init(&definition); }

#elif !defined(REAL) /* ------------------------------------------------------------------- one copy: both types */

#define REAL float
#define INDEX int32_t
#define BITS 32
#include "_products.c"
#define REAL double
#define INDEX int64_t
#define BITS 64
#include "_products.c"
#undef COPY
#undef TARGET
#undef BYTES
#undef HEIGHT
#undef LENGTH
#undef DOTS

#else /* ------------------------------------------------------------------------------------------- the kernels */

#define GROUP 64 /* bytes */
#if BYTES == 0
#define LANES 1
#elif BYTES * 8 / BITS == 2
#define LANES 2
#elif BYTES * 8 / BITS == 4
#define LANES 4
#elif BYTES * 8 / BITS == 8
#define LANES 8
#else
#define LANES 16
#endif
#define NUMBERS (GROUP * 8 / BITS) /* in a group */
#define COUNT (NUMBERS / LANES)    /* vectors in a group */
#define STEP (LANES * BITS / 8)    /* bytes from vector to vector */
#define VECTOR NAME(vector)

#if LANES > 1
typedef REAL VECTOR __attribute__((vector_size(BYTES), aligned(BITS / 8), may_alias));
typedef INDEX NAME(lanes) __attribute__((vector_size(BYTES)));
#else
typedef REAL VECTOR;
#endif

/* c[rows, count] += a[rows, :] b[:, count] in registers; rows and count, in vectors, are constants where it is called. */
INLINE TARGET void NAME(tile)(
    int rows, int count, size depth, char *c, size c_row, const char *a, size a_row, size a_column, const char *b,
    size b_row)
{
    VECTOR total[LENGTH * COUNT], right[LENGTH * COUNT];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < count; v++)
            total[r * count + v] = *(const VECTOR *)(c + r * c_row + v * STEP);
    for (size k = 0; k < depth; k++, a += a_column, b += b_row) {
        UNROLL for (int v = 0; v < count; v++)
            right[v] = *(const VECTOR *)(b + v * STEP);
        UNROLL for (int r = 0; r < rows; r++) {
            REAL left = *(const REAL *)(a + r * a_row);
            UNROLL for (int v = 0; v < count; v++)
                total[r * count + v] += left * right[v];
        }
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int v = 0; v < count; v++)
            *(VECTOR *)(c + r * c_row + v * STEP) = total[r * count + v];
}

/* c[0, :] = sum over k of tables[k, index[k], :], `groups` groups of which the last has `tail` numbers in c. */
INLINE TARGET void NAME(row_sum)(
    int groups, size tail, size depth, char *c, const unsigned char *index, const char *tables, size table, size row)
{
    const int count = groups * COUNT;
    VECTOR total[LENGTH * COUNT];
    UNROLL for (int v = 0; v < count; v++)
        total[v] = (VECTOR){0};
    for (size k = 0; k < depth; k++, tables += table) {
        const char *line = tables + index[k] * row;
        UNROLL for (int v = 0; v < count; v++)
            total[v] += *(const VECTOR *)(line + v * STEP);
    }
    UNROLL for (int v = 0; v < count - COUNT; v++)
        *(VECTOR *)(c + v * STEP) = total[v];
    c += (groups - 1) * GROUP;
    if (tail == NUMBERS) {
        UNROLL for (int v = 0; v < COUNT; v++)
            *(VECTOR *)(c + v * STEP) = total[count - COUNT + v];
        return;
    }
    char last[GROUP], *from = last;
    UNROLL for (int v = 0; v < COUNT; v++)
        memcpy(last + v * STEP, &total[count - COUNT + v], STEP);
    UNROLL for (int part = NUMBERS / 2; part > 0; part /= 2)
        if (tail & part) {
            memcpy(c, from, part * sizeof(REAL));
            c += part * sizeof(REAL);
            from += part * sizeof(REAL);
        }
}

/* c[0, group] += a[0, :] . b[group, :], `steps` groups long: sums lane by lane first, then of neighbouring lanes. */
INLINE TARGET void NAME(dots)(size steps, char *c, const char *a, const char *b, size b_row)
{
    VECTOR total[NUMBERS * COUNT], sums[COUNT], w[LANES];
    for (int first = 0; first < NUMBERS; first += DOTS) {
        VECTOR part[DOTS * COUNT];
        const char *line = b + first * b_row;
        UNROLL for (int i = 0; i < DOTS * COUNT; i++)
            part[i] = (VECTOR){0};
        for (size k = 0; k < steps * GROUP; k += GROUP)
            UNROLL for (int v = 0; v < COUNT; v++) {
                VECTOR left = *(const VECTOR *)(a + k + v * STEP);
                UNROLL for (int d = 0; d < DOTS; d++)
                    part[d * COUNT + v] += left * *(const VECTOR *)(line + d * b_row + k + v * STEP);
            }
        UNROLL for (int i = 0; i < DOTS * COUNT; i++)
            total[first * COUNT + i] = part[i];
    }
    for (int group = 0; group < COUNT; group++) {
        UNROLL for (int v = 0; v < COUNT; v++) {
            UNROLL for (int l = 0; l < LANES; l++)
                w[l] = total[(group * LANES + l) * COUNT + v];
#define FOLD(bit) \
    UNROLL for (int i = 0; i < LANES / 2 / (bit); i++) \
        w[i] = SHUFFLE(w[2 * i], w[2 * i + 1], HERE, bit) + SHUFFLE(w[2 * i], w[2 * i + 1], THERE, bit)
#if LANES > 1
            FOLD(1);
#endif
#if LANES > 2
            FOLD(2);
#endif
#if LANES > 4
            FOLD(4);
#endif
#if LANES > 8
            FOLD(8);
#endif
            sums[v] = w[0];
        }
        UNROLL for (int half = COUNT / 2; half > 0; half /= 2)
            UNROLL for (int v = 0; v < half; v++)
                sums[v] = sums[2 * v] + sums[2 * v + 1];
        *(VECTOR *)(c + group * STEP) += sums[0];
    }
}

/* HEIGHT rows together, then the rest row by row, in parts of equal length: a short one would wait for its own sums. */
static TARGET void NAME(multiply_add)(
    size rows, size columns, size depth, char *c, size c_row, const char *a, size a_row, size a_column, const char *b,
    size b_row)
{
    const size width = LENGTH / HEIGHT, groups = columns / NUMBERS, whole = rows - rows % HEIGHT;
    for (size first = 0; first < groups; first += width)
        for (size row = 0; row < whole; row += HEIGHT) {
            char *corner = c + row * c_row + first * GROUP;
            if (groups - first >= width)
                NAME(tile)(HEIGHT, LENGTH / HEIGHT * COUNT, depth, corner, c_row, a + row * a_row, a_row, a_column,
                           b + first * GROUP, b_row);
            else
                NAME(tile)(HEIGHT, COUNT, depth, corner, c_row, a + row * a_row, a_row, a_column, b + first * GROUP, b_row);
        }
    const size parts = (groups + LENGTH - 1) / LENGTH;
    for (size part = 0; part < parts; part++) {
        const size first = groups * part / parts, last = groups * (part + 1) / parts;
        for (size row = whole; row < rows; row++)
            switch (last - first) {
#define ROW(n) \
    case n: \
        NAME(tile)(1, n * COUNT, depth, c + row * c_row + first * GROUP, c_row, a + row * a_row, a_row, a_column, \
                   b + first * GROUP, b_row); \
        break;
                EACH(LENGTH, ROW)
            }
    }
}

/* From the last column to the first: what a product with the same matrix has just read is in the cache still. */
static TARGET void NAME(multiply_add_transposed)(
    size rows, size columns, size depth, char *c, size c_row, const char *a, size a_row, size a_column, const char *b,
    size b_row)
{
    for (size group = columns / NUMBERS - 1; group >= 0; group--)
        for (size row = 0; row < rows; row++)
            NAME(dots)(depth / NUMBERS, c + row * c_row + group * GROUP, a + row * a_row, b + group * NUMBERS * b_row, b_row);
    (void)a_column;
}

static TARGET void NAME(sum_rows)(
    size rows, size columns, size depth, char *c, size c_row, const unsigned char *index, size index_row,
    const char *tables, size table, size table_row)
{
    const size groups = (columns + NUMBERS - 1) / NUMBERS, parts = (groups + LENGTH - 1) / LENGTH;
    for (size part = 0; part < parts; part++) {
        const size first = groups * part / parts, last = groups * (part + 1) / parts, rest = columns - (last - 1) * NUMBERS;
        for (size row = 0; row < rows; row++)
            switch (last - first) {
#define SUM(n) \
    case n: \
        NAME(row_sum)(n, rest < NUMBERS ? rest : NUMBERS, depth, c + row * c_row + first * GROUP, index + row * index_row, \
                      tables + first * GROUP, table, table_row); \
        break;
                EACH(LENGTH, SUM)
            }
    }
}

#undef REAL
#undef INDEX
#undef BITS
#undef GROUP
#undef LANES
#undef NUMBERS
#undef COUNT
#undef STEP
#undef VECTOR
#undef FOLD
#undef ROW
#undef SUM
#endif
