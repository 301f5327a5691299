# SPDX-License-Identifier: Apache-2.0
"""The names that files have in the suite: the ones that break URL building, their neighbours, and worse ones.

Knows: strings. Refuses to know: why a storage would stumble over one.
"""

from __future__ import annotations

import unicodedata

import pytest

from ugr.testing.store import Store

NAMES = {
    "plain": "plain.root",
    "hidden": ".hidden",
    "two-dots": "..dots",
    "space": "two words",
    "percent": "100%",
    "percent-slash": "a%2Fb",
    "percent-letter": "%41",
    "hash": "run#7",
    "question": "what?",
    "query": "a?b=c&d=e",
    "ampersand": "a&b",
    "plus": "1+1",
    "colon": "a:b",
    "semicolon": "a;b",
    "equals": "a=b",
    "comma": "a,b",
    "at": "me@here",
    "single-quote": "it's",
    "double-quote": 'so "called"',
    "angles": "<b>&amp;",
    "brackets": "[x]{y}(z)",
    "backslash": "a\\b",
    "tilde": "~user^|`$!*",
    "utf8-composed": unicodedata.normalize("NFC", "café"),
    "utf8-decomposed": unicodedata.normalize("NFD", "café"),
    "utf8-wide": "データ-\N{ROCKET}",
    "long": "x" * 200,
    "deep": "/".join(f"level{depth}" for depth in range(12)) + "/leaf",
}
"""Name of the case -> path of a file, relative to the test's directory."""

PREFIXES = {"a": b"one", "a.b": b"two..", "ab": b"three..", "dir.txt": b"four", "directory": b"five."}
"""Files whose names are prefixes of each other's, and of the directory ``dir``."""

ODD = {
    # XML 1.0 does not have them: core refuses them itself, but a name may come from elsewhere
    "no-xml": "a\ufffeb\uffff",
    "noncharacters": "\ufdd0\U0001fffe",
    "replacement": "\ufffd",
    "byte-order-mark": "\ufeff",
    "right-to-left": "\u202egpj.exe",
    "combining": "\u0301",
    "markup": "]]>-->&#0;&a;<a b='",
    "percent": "%00%zz%2e%2e%2F..%0d%0aX:y%",
    "template": "{0}%s$(x)`x`\\..\\x",
    "blank": " ",
    "no-break": "\u00a0",
    "dots": "....",
    "component-256": "x" * 256,
    "component-4096": "x" * 4096,
    "component-wide": "\N{ROCKET}" * 1900,
    "deep": "/".join(["x"] * 3900),
    "deep-and-long": "/".join(["x" * 200] * 38),
}
"""Name of the case -> name that is nowhere, and that a storage may refuse; core lets paths have 8 KiB."""

every_name = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
"""Run a test once for each name."""


def content(path: str) -> bytes:
    """Return bytes that no other path has."""
    return b"the bytes of " + path.encode()


def possible(store: Store, directory: str) -> list[str]:
    """Return the paths in a directory of all names that the storage can hold."""
    paths = [f"{directory}/{name}" for name in NAMES.values()]
    return [path for path in paths if store.impossible(path) is None]


def require_possible(store: Store, path: str) -> None:
    """Skip the test when the storage cannot hold the name."""
    reason = store.impossible(path)
    if reason is not None:
        pytest.skip(f"this storage cannot hold {path!r}: {reason}")


def put_named(store: Store, path: str) -> bytes:
    """Put a file with bytes of its own; skip the test when the storage cannot hold the name."""
    require_possible(store, path)
    store.put(path, content(path))
    return content(path)
