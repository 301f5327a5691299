# SPDX-License-Identifier: Apache-2.0
"""The names that files have in the suite: the ones that break URL building, and their neighbours.

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
