# SPDX-License-Identifier: Apache-2.0
"""The Range header: which bytes of a file a client asks for.

Knows: the grammar and meaning of byte ranges, RFC 9110 section 14. Refuses to know: files,
conditions (``If-Range``), how an answer is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_RANGES = 256
"""Parts of one answer at most. Vector reads of physics clients fill a header with ranges (about 8 KiB,
a few hundred), and the alternative is to send them the whole file. Ranges that together ask for more
bytes than the file has are joined first, so that many never cost more than one (RFC 9110 section 17.15)."""

_UNBOUNDED = 1 << 63
_SPECIFIER = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=(.*)", re.ASCII | re.DOTALL)
_SPEC = re.compile(r"([0-9]*)-([0-9]*)")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``start`` to ``stop`` of a file, counted from 0, ``stop`` not included; never empty."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        """Return the value of Content-Range for a file of ``size`` bytes (RFC 9110 section 14.4)."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def _position(digits: str) -> int:
    """Turn digits into a number, however many there are: nothing is longer than 2**63 bytes."""
    digits = digits.lstrip("0")
    return min(int(digits or "0"), _UNBOUNDED) if len(digits) < 20 else _UNBOUNDED


def _span(first: str, last: str, size: int) -> Span | None:
    """Return the bytes of one range-spec, None when it is not satisfiable (RFC 9110 section 14.1.2)."""
    if not first:
        length = min(_position(last), size)
        return Span(size - length, size) if length else None
    start = _position(first)
    stop = min(_position(last) + 1, size) if last else size
    return Span(start, stop) if start < size else None


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap; what is left is in ascending order."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if joined and span.start < joined[-1].stop:
            joined[-1] = Span(joined[-1].start, max(joined[-1].stop, span.stop))
        else:
            joined.append(span)
    return joined


def select(value: str, size: int) -> tuple[Span, ...] | None:
    """Return the bytes that a Range header asks for of a file of ``size`` bytes.

    None means that the header is to be ignored (RFC 9110 section 14.2): another unit, not the
    grammar, a last position before the first, more than ``MAX_RANGES`` parts, or a suffix of an
    empty file, which no Content-Range could describe. An empty tuple means that no range is
    satisfiable (416). Otherwise the spans lie within the file and are together no longer than it:
    exactly what was asked for, in that order, because some clients look for each range that they
    sent; or, when that would be more bytes than the file has, what is left after joining those
    that overlap, ascending.
    """
    match = _SPECIFIER.fullmatch(value)
    if match is None or match[1].lower() != "bytes":
        return None
    spans: list[Span] = []
    specs = [spec for element in match[2].split(",") if (spec := element.strip(" \t"))]
    if not specs:
        return None
    for spec in specs:
        parts = _SPEC.fullmatch(spec)
        if parts is None or spec == "-":
            return None
        first, last = parts[1], parts[2]
        if first and last and _position(last) < _position(first):
            return None
        if size == 0 and not first and _position(last):
            return None
        span = _span(first, last, size)
        if span is not None:
            spans.append(span)
    if sum(span.length for span in spans) > size:
        spans = _joined(spans)
    return tuple(spans) if len(spans) <= MAX_RANGES else None
