# SPDX-License-Identifier: Apache-2.0
"""Pages for people: templates filled in, with the headers that every page has.

Knows: the templates, how a browser is told to treat a page. Refuses to know: what pages are about.

Pages need nothing from elsewhere, and say all they have to say without a script. The policy forbids
everything but their one style sheet and their one script, which stand in the page and are named by
their hashes, and the icon, which is in the page, too.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from ugr.frontend import replies
from ugr.frontend.replies import Pairs, Reply

HTML = ("Content-Type", "text/html; charset=utf-8")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_MINUTES = tuple(f" {minute // 60:02d}:{minute % 60:02d}" for minute in range(1440))
_LAST_SECOND = 253402300799
"""The end of the year 9999."""
_LONG = ((2 * 86400, 86400, "d"), (2 * 3600, 3600, "h"), (120, 60, "min"))
"""Seconds from which on a time is told in a unit, the unit's seconds and its name."""


class Pages:
    """The templates of the front end."""

    def __init__(self, environment: Environment) -> None:
        environment.trim_blocks = True
        environment.lstrip_blocks = True
        environment.filters["size"] = size
        environment.filters["when"] = when
        environment.filters["exactly"] = exactly
        environment.filters["lasting"] = lasting
        self._environment = environment
        style, script = (self._part(name) for name in ("style.css", "page.js"))
        self._parts = {"style": style, "script": script}
        self.headers: Pairs = (
            HTML,
            (
                "Content-Security-Policy",
                f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
                "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            ),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Robots-Tag", "noindex, nofollow"),
        )

    def html(self, template: str, *headers: tuple[str, str], status: int = 200, **values: Any) -> Reply:
        """Answer with a page."""
        text = self._environment.get_template(template).render(self._parts, status=status, **values)
        return Reply(status, (*headers, *self.headers), text.encode("utf-8", "replace"))

    def streamed(self, template: str, headers: Pairs, close: Callable[[], None], **values: Any) -> Reply:
        """Answer with a page that is made while it is sent; ``close`` is called at its end."""
        pieces: Iterator[str] = self._environment.get_template(template).generate(self._parts, **values)
        return replies.streamed(200, (*headers, *self.headers), pieces, close)

    def _part(self, name: str) -> Markup:
        return Markup(self._environment.get_template(name).render())  # noqa: S704  # ours, without variables


def _digest(text: str) -> str:
    """Return how a policy names text that stands in the page (CSP 3, section 2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def size(count: int | None) -> str:
    """Return a number of bytes for people: ``1.5 GiB``; "" when unknown."""
    if count is None:
        return ""
    value, unit = float(count), 0
    while value >= 1023.95 and unit < len(_UNITS) - 1:
        value /= 1024
        unit += 1
    return f"{count} B" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"


def when(seconds: float | None) -> str:
    """Return seconds since 1970 as ``2026-01-31 12:00``, UTC; "" when unknown, before that or after 9999."""
    if seconds is None or not 0 <= seconds <= _LAST_SECOND:
        return ""
    day, second = divmod(int(seconds), 86400)
    return _day(day) + _MINUTES[second // 60]


def exactly(seconds: float) -> str:
    """Return the same with seconds and the zone; the time must be one that ``when`` can write."""
    return f"{when(seconds)}:{int(seconds) % 60:02d} UTC"


@lru_cache(maxsize=4096)
def _day(day: int) -> str:
    parts = time.gmtime(day * 86400)
    return f"{parts.tm_year:04d}-{parts.tm_mon:02d}-{parts.tm_mday:02d}"


def lasting(seconds: float) -> str:
    """Return how long something lasts, for people: ``45 s``, ``3 h``; negative is taken for nothing."""
    for least, unit, name in _LONG:
        if seconds >= least:
            return f"{seconds // unit:.0f} {name}"
    return f"{max(0.0, seconds):.0f} s"
