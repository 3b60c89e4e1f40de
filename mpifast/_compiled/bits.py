"""Binary phantoms as bits, 64 voxels in a word, the first in the lowest bit.

    to_bits(bits, phantoms, row)     bytes to bits
    to_bytes(phantoms, row, bits)    bits to bytes
    fields(index, row, bits)         every five bits as a number

A word is a vector of 64 flags, which vector units compare, widen and shift at once (written in LLVM IR). ``bits`` is
uint64[`words`], with zeros past the last voxel and a word of zeros at the end. Rows are numbered and not sliced: a
slice would count references.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from mpifast._compiled.jit import EMBEDDED, jit, jit_or_plain

WORD = 64
FIELD = 5  # bits
TOGETHER = 8  # fields cut out at once


@jit_or_plain
def words(voxels: int) -> int:
    """Words for a phantom."""
    return ((voxels + WORD - 1) >> 6) + 1


@jit
def to_bits(bits: np.ndarray, phantoms: np.ndarray, row: int) -> None:
    """Pack a phantom of zeros and ones, uint8[n, voxels]."""
    voxels = phantoms.shape[1]
    whole, rest = voxels >> 6, voxels & 63
    for w in range(whole):
        bits[w] = load_flags(phantoms, row, WORD * w)
    for w in range(whole, len(bits)):
        bits[w] = 0
    if rest > 0 and whole > 0:  # the last 64 voxels, without those that have been
        bits[whole] = load_flags(phantoms, row, voxels - WORD) >> np.uint64(WORD - rest)
    elif rest > 0:
        for v in range(np.uint64(rest)):
            bits[0] |= np.uint64(phantoms[row, v]) << np.uint64(v)


@jit
def to_bytes(phantoms: np.ndarray, row: int, bits: np.ndarray) -> None:
    """Unpack a phantom."""
    voxels = phantoms.shape[1]
    whole, rest = voxels >> 6, voxels & 63
    for w in range(whole):
        store_flags(phantoms, row, WORD * w, bits[w])
    if rest > 0 and whole > 0:
        store_flags(phantoms, row, voxels - WORD, cut(bits, voxels - WORD))
    elif rest > 0:
        for v in range(np.uint64(rest)):
            phantoms[row, v] = (bits[0] >> np.uint64(v)) & np.uint64(1)


@jit
def fields(index: np.ndarray, row: int, bits: np.ndarray) -> None:
    """index[row, j] = bits 5 j to 5 j + 4; uint8[m, a phantom's fields and as many more as fill the last eight]."""
    for start in range(0, index.shape[1], TOGETHER):
        store_fields(index, row, start, cut(bits, FIELD * start))


@jit
def cut(bits: np.ndarray, start: int) -> Any:
    """The 64 bits from ``start`` on."""
    w, shift = start >> 6, np.uint64(start & 63)
    return (bits[w] >> shift) | ((bits[w + 1] << np.uint64(1)) << (np.uint64(WORD - 1) - shift))


def load_flags(phantoms: np.ndarray, row: int, start: int) -> Any:
    """The 64 voxels from ``start`` on as a word."""
    return np.packbits(phantoms[row, start : start + WORD], bitorder="little").view("<u8")[0]


def store_flags(phantoms: np.ndarray, row: int, start: int, word: Any) -> None:
    """A word as the 64 voxels from ``start`` on."""
    phantoms[row, start : start + WORD] = [int(word) >> v & 1 for v in range(WORD)]


def store_fields(index: np.ndarray, row: int, start: int, word: Any) -> None:
    """The lowest eight fields of a word as index[row, start:start+8]."""
    index[row, start : start + TOGETHER] = [int(word) >> FIELD * j & 2**FIELD - 1 for j in range(TOGETHER)]


def _place(context: Any, builder: Any, signature: Any, args: Any, pointee: Any) -> Any:
    """Where array[row, start] is; the array is contiguous along its last axis."""
    array = context.make_array(signature.args[0])(context, builder, args[0])
    offset = builder.add(builder.mul(args[1], builder.extract_value(array.strides, 0)), args[2])
    return builder.bitcast(builder.gep(array.data, [offset]), pointee.as_pointer())


def _vector(bits: int, count: int = WORD) -> Any:
    return ir.VectorType(ir.IntType(bits), count)


@intrinsic
def _load_flags(typing_context: Any, phantoms: Any, row: Any, start: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = builder.load(_place(context, builder, signature, args, _vector(8)), align=1)
        return builder.bitcast(
            builder.icmp_unsigned("!=", values, ir.Constant(_vector(8), [0] * WORD)), ir.IntType(WORD)
        )

    return types.uint64(phantoms, types.intp, types.intp), codegen


@intrinsic
def _store_flags(typing_context: Any, phantoms: Any, row: Any, start: Any, word: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        flags = builder.bitcast(args[3], _vector(1))
        builder.store(builder.zext(flags, _vector(8)), _place(context, builder, signature, args, _vector(8)), align=1)
        return context.get_dummy_value()

    return types.void(phantoms, types.intp, types.intp, types.uint64), codegen


@intrinsic
def _store_fields(typing_context: Any, index: Any, row: Any, start: Any, word: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = _vector(WORD, TOGETHER)
        first = builder.insert_element(ir.Constant(vector, ir.Undefined), args[3], ir.Constant(ir.IntType(32), 0))
        copies = builder.shuffle_vector(first, first, ir.Constant(_vector(32, TOGETHER), [0] * TOGETHER))
        shifted = builder.lshr(copies, ir.Constant(vector, [FIELD * j for j in range(TOGETHER)]))
        found = builder.trunc(
            builder.and_(shifted, ir.Constant(vector, [2**FIELD - 1] * TOGETHER)), _vector(8, TOGETHER)
        )
        builder.store(found, _place(context, builder, signature, args, _vector(8, TOGETHER)), align=1)
        return context.get_dummy_value()

    return types.void(index, types.intp, types.intp, types.uint64), codegen


INLINE = {**EMBEDDED, "forceinline": True}


@overload(load_flags, jit_options=INLINE, strict=False)
def _load_flags_overload(phantoms: Any, row: Any, start: Any) -> Any:
    return lambda phantoms, row, start: _load_flags(phantoms, row, start)


@overload(store_flags, jit_options=INLINE, strict=False)
def _store_flags_overload(phantoms: Any, row: Any, start: Any, word: Any) -> Any:
    return lambda phantoms, row, start, word: _store_flags(phantoms, row, start, word)


@overload(store_fields, jit_options=INLINE, strict=False)
def _store_fields_overload(index: Any, row: Any, start: Any, word: Any) -> Any:
    return lambda index, row, start, word: _store_fields(index, row, start, word)
