"""The only place that watches a process's system calls: Linux's ptrace, as strace does, without needing strace.

One thread is watched, the process's first; calls are seen in their order.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import sys
from collections.abc import Iterator

from attrs import frozen

NUMBERS = {
    "x86_64": {1: "write", 74: "fsync", 75: "fdatasync"},
    "aarch64": {64: "write", 82: "fsync", 83: "fdatasync"},
}

_SEIZE, _INTERRUPT, _SYSCALL, _GET_SYSCALL_INFO = 0x4206, 0x4207, 24, 0x420E
_TRACE_SYSCALLS_VISIBLY, _KILL_WITH_US = 0x1, 0x100000
_EVERY_CHILD = 0x40000000
_ENTRY = 1


@frozen
class Call:
    """A call about a file, by the file's name."""

    name: str
    file: str


def can_watch() -> bool:
    """Whether this machine is one whose calls we know by number."""
    return sys.platform == "linux" and platform.machine() in NUMBERS


def calls_of(pid: int) -> Iterator[Call]:
    """What a child of ours that waits for a word asks the system, until it ends; the word comes from the caller.

    The first `next` begins to watch, and answers when the child goes on: a call named "watching".

    Raises:
        PermissionError: the system lets nobody watch.
    """
    names = NUMBERS[platform.machine()]
    _ptrace(_SEIZE, pid, 0, _TRACE_SYSCALLS_VISIBLY | _KILL_WITH_US)
    _ptrace(_INTERRUPT, pid, 0, 0)
    os.waitpid(pid, _EVERY_CHILD)
    yield Call("watching", "")
    to_deliver = 0
    while True:
        _ptrace(_SYSCALL, pid, 0, to_deliver)
        _, status = os.waitpid(pid, _EVERY_CHILD)
        if not os.WIFSTOPPED(status):
            return
        stopped_by, is_event = os.WSTOPSIG(status), status >> 16
        to_deliver = 0
        if stopped_by == signal.SIGTRAP | 0x80:
            entered = _entered(pid)
            if entered is not None and entered[0] in names:
                number, descriptor = entered
                yield Call(names[number], _file(pid, descriptor))
        elif not is_event:
            to_deliver = stopped_by


def _entered(pid: int) -> tuple[int, int] | None:
    """The call that begins here and its first argument; None where one ends."""
    answer = ctypes.create_string_buffer(88)
    _ptrace(_GET_SYSCALL_INFO, pid, len(answer), ctypes.addressof(answer))
    operation = answer.raw[0]
    if operation != _ENTRY:
        return None
    number, first = struct.unpack_from("=QQ", answer.raw, 24)
    return number, first


def _file(pid: int, descriptor: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/fd/{descriptor}")
    except OSError:
        return ""


def _ptrace(request: int, pid: int, address: int, data: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(request, pid, address, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
