# SPDX-License-Identifier: Apache-2.0
"""Counting what happens, in numbers that all processes of a host add up.

Knows: rows of numbers under a key, in a file of each process that the others read. Refuses to
know: what is counted, who wants to know, in what form.

A row counts one kind of event: how often it happened, how long it took (in classes bounded by
``BOUNDS``, and together), and some amount that goes with it. Its key is a tuple of words. Keys must
be bounded: names from the configuration and from tables of ours, never a path or a client's word.

``counts`` is the process's own. Until ``attach`` gives it a directory it counts for itself alone.
With one, what it counts is in a file there from that moment on, so that nothing is lost when the
process is killed. Files of processes that have ended are added into one. Whoever asks sees sums
that never go back, whichever process is asked. A forked process begins with nothing.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import secrets
import struct
import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BOUNDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
"""Upper bounds of the classes of duration, in seconds; the last class has none."""

Key = tuple[str | int, ...]

OVERFLOW: Key = ("overflow",)
"""Where events are counted when there are more keys than ``MOST_ROWS``."""

MOST_ROWS = 20_000

DIRECTORY = "counts"
"""Name of the directory of the files, below the one that is shared."""

_WORD = 8
_MAGIC = b"ugrcount"
_LAYOUT = 1
_HEAD = struct.Struct("=8sQQ")
_END = 2
"""The word that says how many words of the file are in use."""

_FIRST = 8
_NANOSECONDS = len(BOUNDS) + 1
_AMOUNT = _NANOSECONDS + 1
_NUMBERS = _AMOUNT + 1
_START = 32 * 1024
"""Words of a fresh file: 256 KiB, about a thousand rows."""

_LOCK, _ENDED = "lock", "ended"


@dataclass(frozen=True, slots=True)
class Row:
    """What was counted under one key: events in each class of duration, seconds, and the amount."""

    classes: tuple[int, ...]
    seconds: float
    amount: int

    @property
    def count(self) -> int:
        """How many events there were."""
        return sum(self.classes)

    def __add__(self, other: Row) -> Row:
        classes = tuple(map(int.__add__, self.classes, other.classes))
        return Row(classes, self.seconds + other.seconds, self.amount + other.amount)


class Counts:
    """The rows of one process. Safe to use from any thread."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        """Begin with nothing, in memory of this process."""
        self._lock = threading.Lock()
        self._rows: dict[Key, int] = {}
        self._file: _File | None = None
        self._words = memoryview(bytearray(_START * _WORD)).cast("Q")
        self._end = _FIRST

    def begin_in_child(self) -> None:
        """Begin with nothing in a process that was forked; the file is the parent's."""
        file = self._file
        self._begin()
        if file is not None:
            file.close()

    def add(self, key: Key, seconds: float = 0.0, amount: int = 0) -> None:
        """Count one event that took so long, with the amount that goes with it."""
        place = bisect_left(BOUNDS, seconds)
        with self._lock:
            at = self._rows.get(key)
            if at is None:
                at = self._row(key)
            words = self._words
            words[at + place] += 1
            words[at + _NANOSECONDS] += int(seconds * 1e9)
            if amount:
                words[at + _AMOUNT] += amount

    def attach(self, directory: Path) -> None:
        """Count in a file of this process below a directory from now on. Raises OSError.

        Does nothing when that is so already. What was counted before is taken along.
        """
        place = directory / DIRECTORY
        with self._lock:
            if self._file is not None and self._file.directory == place:
                return
            place.mkdir(mode=0o700, exist_ok=True)
            with _locked(place, fcntl.LOCK_EX):
                _gather(place)
                file = _File(place, max(_START, 2 * self._end))
            file.words[: self._end] = self._words[: self._end]
            file.publish(self._end)
            if self._file is not None:
                self._file.remove()
            self._file, self._words = file, file.words

    @property
    def alone(self) -> bool:
        """Say whether nobody else can see what is counted here."""
        return self._file is None

    def totals(self) -> dict[Key, Row]:
        """Return what all processes counted; those that have ended, too."""
        file = self._file
        if file is not None and file.directory.is_dir():
            with _locked(file.directory, fcntl.LOCK_SH):
                return _sum(_files(file.directory))
        with self._lock:
            return dict(_read(self._words[: self._end].tobytes()))

    def processes(self) -> int:
        """Return how many processes are counting at this moment."""
        file = self._file
        if file is None or not file.directory.is_dir():
            return 1
        return sum(map(_in_use, _files(file.directory)))

    def _row(self, key: Key) -> int:
        """Return the place of a new row's numbers."""
        if len(self._rows) >= MOST_ROWS and key != OVERFLOW:
            return self._rows.get(OVERFLOW) or self._row(OVERFLOW)
        text = json.dumps(key).encode()
        text += b" " * (-len(text) % _WORD)
        start, width = self._end, 1 + len(text) // _WORD + _NUMBERS
        if start + width > len(self._words):
            self._grow()
        words = self._words
        words[start] = len(text)
        words[start + 1 : start + 1 + len(text) // _WORD] = memoryview(text).cast("Q")
        self._end = start + width
        if self._file is not None:
            self._file.publish(self._end)
        at = self._rows[key] = self._end - _NUMBERS
        return at

    def _grow(self) -> None:
        if self._file is not None:
            self._file.grow(2 * len(self._words))
            self._words = self._file.words
        else:
            words = memoryview(bytearray(2 * len(self._words) * _WORD)).cast("Q")
            words[: self._end] = self._words[: self._end]
            self._words = words


class _File:
    """The file of this process: locked as long as it lives, so that others see whether it does."""

    def __init__(self, directory: Path, words: int) -> None:
        self.directory = directory
        self._path = directory / f"{os.getpid()}-{secrets.token_hex(4)}"
        self._descriptor = -1
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self.grow(words)

    def grow(self, words: int) -> None:
        """Make it at least so many words long. Raises OSError."""
        # Allocated, not sparse: a full disk is an error here, and not a signal in the middle of a write.
        os.posix_fallocate(self._descriptor, 0, words * _WORD)
        self.words = memoryview(mmap.mmap(self._descriptor, words * _WORD)).cast("Q")

    def publish(self, end: int) -> None:
        """Let others see the rows up to a word."""
        os.pwrite(self._descriptor, _HEAD.pack(_MAGIC, _LAYOUT, end), 0)

    def remove(self) -> None:
        """Remove it: what it had is elsewhere."""
        self._path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go of it; safe to call twice. It stays, and stays locked as long as another process holds it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()


def clear(directory: Path) -> None:
    """Remove what processes that have ended counted below a directory, unless one still counts there.

    For whoever starts a service anew. Raises OSError.
    """
    place = directory / DIRECTORY
    if not place.is_dir():
        return
    with _locked(place, fcntl.LOCK_EX):
        paths = _files(place)
        if not any(map(_in_use, paths)):
            for path in paths:
                path.unlink(missing_ok=True)


def _files(place: Path) -> list[Path]:
    """Return the files of all processes, and the one of those that have ended."""
    return [path for path in place.iterdir() if path.name != _LOCK and not path.name.startswith(".")]


@contextmanager
def _locked(place: Path, how: int) -> Iterator[None]:
    """Keep other processes from gathering files meanwhile, or from reading when ``how`` is exclusive."""
    descriptor = os.open(place / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _gather(place: Path) -> None:
    """Add the files of processes that have ended into one."""
    ended = [path for path in _files(place) if not _in_use(path)]
    if all(path.name == _ENDED for path in ended):
        return
    rows = _sum(ended)
    written = Counts()
    for key, row in rows.items():
        at = written._row(key)
        written._words[at : at + _NUMBERS] = memoryview(
            struct.pack(f"={_NUMBERS}Q", *row.classes, int(row.seconds * 1e9), row.amount)
        ).cast("Q")
    data = bytearray(written._words[: written._end].tobytes())
    _HEAD.pack_into(data, 0, _MAGIC, _LAYOUT, written._end)
    making = place / f".{_ENDED}"
    making.write_bytes(data)
    making.replace(place / _ENDED)
    for path in ended:
        if path.name != _ENDED:
            path.unlink(missing_ok=True)


def _in_use(path: Path) -> bool:
    """Say whether the process whose file this is lives."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _sum(paths: Iterable[Path]) -> dict[Key, Row]:
    found: dict[Key, Row] = {}
    for path in paths:
        for key, row in _read(_contents(path)):
            known = found.get(key)
            found[key] = row if known is None else known + row
    return found


def _contents(path: Path) -> bytes:
    """Return the rows of a file, nothing when it is not what it should be."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return b""
            magic, layout, end = _HEAD.unpack(head)
            if (magic, layout) != (_MAGIC, _LAYOUT):
                return b""
            return head + stream.read(min(end * _WORD, path.stat().st_size) - _HEAD.size)
    except OSError:
        return b""


def _read(data: bytes) -> Iterator[tuple[Key, Row]]:
    """Yield the rows of a file; what is not whole ends it."""
    words = memoryview(data[: len(data) - len(data) % _WORD]).cast("Q")
    at = _FIRST
    while at < len(words):
        length = words[at] // _WORD
        first = at + 1 + length
        if first + _NUMBERS > len(words):
            return
        try:
            key = tuple(json.loads(data[(at + 1) * _WORD : first * _WORD]))
        except ValueError:
            return
        numbers = words[first : first + _NUMBERS]
        yield key, Row(tuple(numbers[:_NANOSECONDS]), numbers[_NANOSECONDS] / 1e9, numbers[_AMOUNT])
        at = first + _NUMBERS


def by_name(rows: Mapping[Key, Row], name: str) -> Iterator[tuple[Key, Row]]:
    """Yield the rows whose key begins with a word, the rest of the key with each."""
    for key, row in rows.items():
        if key[0] == name:
            yield key[1:], row


counts = Counts()
"""What this process counts."""

os.register_at_fork(after_in_child=counts.begin_in_child)
