"""Keeps this process, and all that it starts, from doing harm: for others' code."""

import ctypes
import os
import resource
from pathlib import Path

# Linux' Landlock: numbers of the system calls, and bits of what a process may do
CREATE, ADD, RESTRICT, PATH_BENEATH, VERSION = 444, 445, 446, 1, 1
WRITE, REFER, TRUNCATE = 0b1_1111_1111_0010, 1 << 13, 1 << 14
WRITE_FILE = 1 << 1
NEW_NETWORK_OF_A_NEW_USER = 0x40000000 | 0x10000000
NO_NEW_PRIVILEGES = 38


class Ruleset(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("files", "network", "scoped")]


class Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def limit(megabytes: int, file_megabytes: int = 100) -> None:
    """Bound this process's memory and the size of the files that it writes."""
    for what, most in (
        (resource.RLIMIT_DATA, megabytes << 20),
        (resource.RLIMIT_FSIZE, file_megabytes << 20),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def writes_can_be_confined() -> bool:
    """Whether this system can hold a process to a folder."""
    return os.uname().sysname == "Linux" and _version() >= 3


def confine(folder: Path) -> None:
    """From now on, and for good, write and delete in this folder only, and have no
    network.

    Raises:
        OSError: this system cannot hold a process to a folder.
    """
    if not writes_can_be_confined():
        raise OSError("this system has no Landlock")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.unshare(NEW_NETWORK_OF_A_NEW_USER)  # where it may not, TCP is refused below
    version, writing = _version(), WRITE | REFER | TRUNCATE
    rules = Ruleset(writing, 0b11 * (version >= 4), 0b11 * (version >= 6))
    size = 8 * (1 + (version >= 4) + (version >= 6))
    ruleset = _checked(libc.syscall(CREATE, ctypes.byref(rules), size, 0))
    for place, allowed in ((folder, writing), (Path("/dev"), WRITE_FILE)):
        beneath = Beneath(allowed, os.open(place, os.O_PATH))
        _checked(libc.syscall(ADD, ruleset, PATH_BENEATH, ctypes.byref(beneath), 0))
        os.close(beneath.folder)
    _checked(libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _checked(libc.syscall(RESTRICT, ruleset, 0))
    os.close(ruleset)


def _version() -> int:
    """Landlock's version, below 1 where there is none."""
    return ctypes.CDLL(None).syscall(CREATE, None, 0, VERSION)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
