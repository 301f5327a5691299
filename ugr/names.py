# SPDX-License-Identifier: Apache-2.0
"""What a name in a path may be; the one definition, for paths that come in and listings that go out.

Knows: characters. Refuses to know: paths, storages.

A name that could not be asked for must not be listed, and one that is listed must be fit for every
way of showing it: headers, XML 1.0, a terminal.
"""

from __future__ import annotations

import re

FORBIDDEN = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff"
"""The inside of a character class: control characters, line separators, surrogates (no UTF-8), and the
non-characters that XML 1.0 does not have (section 2.2)."""

unspeakable = re.compile(f"[{FORBIDDEN}]").search
"""Return a match when text has a character that no name may have."""


def speakable(name: str) -> bool:
    """Say whether text can be the name of a file or directory: not empty, "." or "..", no "/", nothing forbidden."""
    return name not in ("", ".", "..") and "/" not in name and unspeakable(name) is None
