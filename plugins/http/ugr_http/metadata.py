# SPDX-License-Identifier: Apache-2.0
"""The headers of an answer to what is known of a file.

Knows: which headers describe a whole file, and which only the part that came. Refuses to know:
requests, errors.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from ugr.plugin import Answer
from ugr.plugin.objects import http_date, length
from ugr.plugin.web import digests

_RANGE = re.compile(r"bytes (?:\d+-\d+|\*)/(\d{1,18})\Z")
_MD5_BYTES = 16


def size(answer: Answer) -> int | None:
    """Return the bytes of the whole file; None when the answer does not say.

    206 and 416 say it in Content-Range (RFC 9110, 14.4), others in Content-Length.
    """
    if answer.status in (206, 416):
        match = _RANGE.match(answer.header("content-range") or "")
        return int(match[1]) if match else None
    return length(answer)


def mtime(answer: Answer) -> float | None:
    """Return when the file was last modified, seconds since 1970."""
    return http_date(answer.header("last-modified"))


def checksums(answer: Answer) -> Mapping[str, str]:
    """Return the checksums that the headers tell of the whole file.

    Repr-Digest and Digest are of the whole file, also on a part of it; Content-MD5 (RFC 2616, 14.15)
    is of what came, and so counts on 200 only.
    """
    found = digests(answer)
    if answer.status == 200 and "md5" not in found:
        try:
            md5 = base64.b64decode((answer.header("content-md5") or "").encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError):
            return found
        if len(md5) == _MD5_BYTES:
            found["md5"] = md5.hex()
    return found
