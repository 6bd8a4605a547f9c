"""The same bytes to many sockets at once.

A `send` in a loop gives the interpreter's lock away at every socket, and while another thread is at work
waits up to a switch interval to get it back: a round of 2,000 took seconds instead of 12 ms. Linux takes a
whole list of writes in one call (`io_submit`), and the lock is given away once a list. Where the system
refuses that call, and for short lists, it is the loop. Both write what a socket takes without waiting.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from _socket import socketpair
from array import array
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Protocol

BATCH = 256  # writes in one call, 1.5 ms: meanwhile nobody else's frame leaves
FEW = 8  # for so many the loop is as fast
PWRITE = 1
SYSCALLS = {  # io_setup, io_destroy, io_getevents, io_submit
    "x86_64": (206, 207, 208, 209),
    "aarch64": (0, 1, 4, 2),
}
JOB, EVENT = 8, 4  # sizes of struct iocb and struct io_event (linux/aio_abi.h) in words of 8 bytes


class Burst(Protocol):
    """A way to write to many non-blocking sockets. `batch`: how many writes take about 1.5 ms."""

    batch: int

    def write(self, descriptors: Sequence[int], data: bytes) -> Sequence[int]:
        """Write `data` to each; return for each how many bytes it took, or its errno, negative."""
        ...

    def close(self) -> None:
        """Give back what the kernel holds for it."""
        ...


class OneByOne:
    """The plain loop: works everywhere."""

    batch = BATCH

    def write(self, descriptors: Sequence[int], data: bytes) -> Sequence[int]:
        """As Burst has it."""
        return [_write(descriptor, data) for descriptor in descriptors]

    def close(self) -> None:
        """Nothing is held."""


class AtOnce:
    """Linux' asynchronous I/O: to non-blocking sockets it writes while the list is submitted, not later."""

    batch = BATCH

    def __init__(self) -> None:
        """Raises OSError where the system has no such call, refuses it, or has given all of it away."""
        if sys.platform != "linux" or sys.byteorder != "little" or platform.machine() not in SYSCALLS:
            raise OSError(errno.ENOSYS, "no asynchronous I/O is known for this system")
        setup, self._destroy, self._getevents, self._submit = SYSCALLS[platform.machine()]
        self._syscall = _syscall(ctypes.CDLL(None, use_errno=True))
        # To fetch results that are there takes microseconds: not worth the wait for the interpreter's lock.
        self._quick_syscall = _syscall(ctypes.PyDLL(None, use_errno=True))
        self._jobs = array("Q", bytes(8 * JOB * BATCH))
        self._jobs[0::JOB] = array("Q", range(BATCH))
        self._events = array("q", bytes(8 * EVENT * BATCH))
        first = self._jobs.buffer_info()[0]
        self._list = array("Q", range(first, first + 8 * JOB * BATCH, 8 * JOB))
        self._context = ctypes.c_ulong(0)
        _check(self._syscall(setup, ctypes.c_long(BATCH), ctypes.byref(self._context)))
        try:
            self._try()
        except OSError:
            self.close()
            raise

    def write(self, descriptors: Sequence[int], data: bytes) -> Sequence[int]:
        """As Burst has it."""
        if len(descriptors) < FEW:
            return [_write(descriptor, data) for descriptor in descriptors]
        taken: list[int] = []
        for at in range(0, len(descriptors), BATCH):
            taken += self._write(descriptors[at : at + BATCH], data)
        return taken

    def close(self) -> None:
        """Free the kernel's context; a second time changes nothing."""
        context, self._context = self._context, ctypes.c_ulong(0)
        if context.value:
            _check(self._syscall(self._destroy, context))

    def _try(self) -> None:
        """A sandbox may refuse what the kernel knows. Raises OSError."""
        ours, theirs = socketpair()
        with closing(ours), closing(theirs):
            ours.setblocking(False)
            taken = [0]
            self._describe([ours.fileno()], b"?")
            self._collect(self._start(0, 1), taken)
            if taken != [1] or theirs.recv(2) != b"?":
                raise OSError(errno.EIO, "asynchronous I/O does not write as it should")

    def _write(self, descriptors: Sequence[int], data: bytes) -> list[int]:
        """At most BATCH. The kernel has done with `data` when this returns."""
        number, done = len(descriptors), 0
        self._describe(descriptors, data)
        taken = [0] * number
        while done < number:
            try:
                started = self._start(done, number - done)
            except OSError:  # about the first one, such as no descriptor; a plain write will say it again
                taken[done] = _write(descriptors[done], data)
                started = 1
            else:
                self._collect(started, taken)
            done += started
        return taken

    def _describe(self, descriptors: Sequence[int], data: bytes) -> None:
        jobs, words = self._jobs, JOB * len(descriptors)
        address = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
        jobs[2:words:JOB] = array("Q", [(fd & 0xFFFFFFFF) << 32 | PWRITE for fd in descriptors])
        jobs[3:words:JOB] = array("Q", [address]) * len(descriptors)
        jobs[4:words:JOB] = array("Q", [len(data)]) * len(descriptors)

    def _start(self, at: int, number: int) -> int:
        """How many jobs the kernel has taken, at least one. Raises OSError."""
        place = ctypes.c_void_p(self._list.buffer_info()[0] + 8 * at)
        return _check(self._syscall(self._submit, self._context, ctypes.c_long(number), place))

    def _collect(self, number: int, taken: list[int]) -> None:
        """Note the results of `number` jobs, which are all there by now. Raises OSError."""
        place = ctypes.c_void_p(self._events.buffer_info()[0])
        while number:
            count = ctypes.c_long(number)
            came = _check(self._quick_syscall(self._getevents, self._context, count, count, place, None))
            words = EVENT * came
            for job, result in zip(self._events[0:words:EVENT], self._events[2:words:EVENT], strict=True):
                taken[job] = result
            number -= came


def _write(descriptor: int, data: bytes) -> int:
    try:
        return os.write(descriptor, data)
    except OSError as error:
        return -(error.errno or errno.EIO)


def _syscall(library: ctypes.CDLL) -> Any:
    call = library.syscall
    call.restype = ctypes.c_long
    return call


def _check(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
