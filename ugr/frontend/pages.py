# SPDX-License-Identifier: Apache-2.0
"""Pages for people: templates filled in, with the headers that every page has.

Knows: the templates, how a browser is told to treat a page. Refuses to know: what pages are about.

Pages need no script and nothing from elsewhere, so the policy forbids everything but their one
style sheet, which stands in the page and is named by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from ugr.frontend import replies
from ugr.frontend.replies import Pairs, Reply

HTML = ("Content-Type", "text/html; charset=utf-8")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


class Pages:
    """The templates of the front end."""

    def __init__(self, environment: Environment) -> None:
        environment.trim_blocks = True
        environment.lstrip_blocks = True
        environment.filters["size"] = size
        environment.filters["when"] = when
        self._environment = environment
        style = environment.get_template("style.css").render()
        self._style = Markup(style)  # noqa: S704  # a file of ours, without variables
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.headers: Pairs = (
            HTML,
            (
                "Content-Security-Policy",
                f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
                "base-uri 'none'; frame-ancestors 'none'",
            ),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Robots-Tag", "noindex, nofollow"),
        )

    def html(self, template: str, *headers: tuple[str, str], status: int = 200, **values: Any) -> Reply:
        """Answer with a page."""
        text = self._environment.get_template(template).render(style=self._style, **values)
        return Reply(status, (*headers, *self.headers), text.encode("utf-8", "replace"))

    def streamed(self, template: str, headers: Pairs, close: Callable[[], None], **values: Any) -> Reply:
        """Answer with a page that is made while it is sent; ``close`` is called at its end."""
        pieces: Iterator[str] = self._environment.get_template(template).generate(style=self._style, **values)
        return replies.streamed(200, (*headers, *self.headers), pieces, close)


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
    """Return seconds since 1970 as ``2026-01-31 12:00:00``, UTC; "" when unknown."""
    if seconds is None:
        return ""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
    except (ValueError, OverflowError, OSError):
        return ""
