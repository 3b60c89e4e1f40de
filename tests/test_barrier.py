"""Threads that meet: they see what the others wrote, in every meeting, and on timeout, one slot works alone."""

import numpy as np
import pytest
from numba import njit

from mpifast._compiled import barrier
from mpifast._compiled.barrier import attend, buffer, meet, new_flags, offers
from mpifast._compiled.jit import OPTIONS
from mpifast._compiled.loop import Loop

SLOTS = 2


def _add_in_turns(total, steps, room, flags, slots, slot):
    """Each slot adds its number to a sum that all of them keep, ``steps`` times; total[slot] is the sum it has got."""
    together = attend(flags, slot, slots)
    own = slot if together == slots else 0
    for step in range(steps if together else 0):
        now = buffer(flags, own)
        for part in range(own, slots if together == 1 else own + 1):
            room[now, part] = (part + 1) * step
        meet(flags, own, together)
        for part in range(slots):
            total[own] += room[now, part]


add_in_turns = Loop(_add_in_turns)


def turns(threads, slots=SLOTS, steps=20_000):
    total, flags = np.zeros(slots, np.int64), new_flags(slots)
    add_in_turns(total, steps, np.zeros((2, slots), np.int64), flags, slots, threads=threads)
    return total.tolist(), offers(flags), slots * (slots + 1) // 2 * steps * (steps - 1) // 2


def test_threads_see_what_the_others_wrote():
    for _ in range(8):
        total, waits, expected = turns(threads=SLOTS)
        assert total in ([expected] * SLOTS, [expected, 0])  # together; alone if the other thread came too late
        if total[1] == 0:
            assert waits >= barrier.OFFERS


@pytest.mark.loops
@pytest.mark.parametrize("slots", [1, 2, 5])
def test_slots_that_share_a_thread_do_not_wait_for_each_other(slots):
    total, _, expected = turns(threads=1, slots=slots, steps=20)
    assert total == [expected] + [0] * (slots - 1)


def test_waiting_in_vain_is_counted():
    assert turns(threads=1)[1] == barrier.OFFERS
    assert turns(threads=1, slots=1)[1] == 0


def test_who_comes_late_finds_the_work_taken():
    flags = new_flags(3)
    come = njit(**OPTIONS)(lambda flags: (attend(flags, 0, 3), attend(flags, 1, 3), attend(flags, 2, 3)))
    assert come(flags) == (1, 0, 0)
