# SPDX-License-Identifier: Apache-2.0
"""What servers answer for a directory, read piece by piece: JSON, or a page with links.

Knows: the JSON of nginx (ngx_http_autoindex_module, ``autoindex_format json``) and of ugr, and that
an index page is links to what is directly below. Refuses to know: requests. The server is not
trusted: every buffer is bounded, and what cannot be a name is left out and counted.
"""

from __future__ import annotations

import codecs
import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from ugr.plugin import FileInfo, Misbehaved, Unavailable, speakable
from ugr.plugin.objects import http_date
from ugr.plugin.web import origin
from ugr_http.names import resolved

MAX_ENTRY = 1 << 16
"""Characters of one entry, or before the first: a path of 8 KiB, each byte escaped, and then some."""

MAX_REST = 1 << 20
"""Characters that may stand after the entries."""

_SPACE = re.compile(r"[ \t\r\n]*")
_FEDERATION = re.compile(r'\s*\{\s*"path"\s*:\s*"[^"\\]*(?:\\.[^"\\]*)*"\s*,\s*"entries"\s*:\s*\[')
_LINK = re.compile(r"""<a\s(?:"[^"]*"|'[^']*'|[^'"<>])*>""", re.IGNORECASE)
_LINK_BEGINS = re.compile(r"<a\s", re.IGNORECASE)
_HREF = re.compile(r"""(?<![\w-])href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_PLAIN = re.compile(r"[^/?#:\\]+/?\Z")


class JsonIndex:
    """One directory in JSON. ``hidden`` counts the entries that cannot be names."""

    def __init__(self) -> None:
        self.hidden = 0
        self._text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._json = json.JSONDecoder()
        self._names: set[str] = set()
        self._read = self._before
        self._federation = False

    def feed(self, piece: bytes) -> Iterator[FileInfo]:
        """Take the next bytes; yield the entries that are complete. Misbehaved for anything else."""
        self._text += self._decoder.decode(piece)
        return self._read()

    def close(self) -> None:
        """Take the end. Misbehaved when it comes too early; Unavailable when it says that names are missing."""
        if self._read != self._after:
            raise Misbehaved("the index ends before its end, or is not JSON; check index")
        if not self._federation:
            if self._text.strip():
                raise Misbehaved("something follows the index")
            return
        try:
            told = json.loads("{" + self._text.lstrip(" \t\r\n,"))
        except ValueError:
            raise Misbehaved("the end of the index is not JSON") from None
        missing = [name for part in ("unasked", "missing", "truncated") for name in told.get(part) or ()]
        if missing:
            words = ", ".join(name for name in missing if isinstance(name, str) and speakable(name))
            raise Unavailable(f"the other federation's own listing is not complete ({words[:200]})")

    def _before(self) -> Iterator[FileInfo]:
        start = _SPACE.match(self._text).end()  # type: ignore[union-attr]  # it matches everything
        if self._text[start : start + 1] == "[":
            start += 1
        elif self._text[start : start + 1] in ("{", ""):
            match = _FEDERATION.match(self._text)
            if match is None:
                if len(self._text) > MAX_ENTRY:
                    raise Misbehaved("the index is JSON of a kind that is not known here")
                return
            self._federation = True
            start = match.end()
        else:
            raise Misbehaved("the server does not answer with an index in JSON; check index, and for a page of its own")
        self._text = self._text[start:]
        self._read = self._entries
        yield from self._entries()

    def _entries(self) -> Iterator[FileInfo]:
        text, at = self._text, 0
        while True:
            at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
            mark = text[at : at + 1]
            if mark == ",":
                at += 1
                continue
            if mark != "{":
                break
            try:
                entry, end = self._json.raw_decode(text, at)
            except ValueError:
                if len(text) - at > MAX_ENTRY:
                    raise Misbehaved("an entry of the index is not JSON, or longer than any name") from None
                break
            at = end
            info = self._described(entry)
            if info is not None:
                yield info
        self._text = text[at:]
        if mark == "]":
            self._text = self._text[1:]
            self._read = self._after
        elif mark not in ("{", ""):
            raise Misbehaved("the index has something that is not an entry")

    def _after(self) -> Iterator[FileInfo]:
        if len(self._text) > MAX_REST:
            raise Misbehaved("too much follows the entries of the index")
        return iter(())

    def _described(self, entry: Mapping[str, Any]) -> FileInfo | None:
        name, size, mtime = entry.get("name"), entry.get("size"), entry.get("mtime")
        kind = entry.get("type")
        if self._federation:
            kind = {True: "directory", False: "file"}.get(entry.get("directory"))  # type: ignore[arg-type]
        if not isinstance(name, str) or kind not in ("directory", "file", "other"):
            raise Misbehaved("an entry of the index has no name or no kind")
        if not speakable(name) or kind == "other":
            self.hidden += 1
            return None
        if name in self._names:
            return None
        self._names.add(name)
        when = http_date(mtime) if isinstance(mtime, str) else float(mtime) if isinstance(mtime, int | float) else None
        if kind == "directory":
            return FileInfo(name, directory=True, mtime=when)
        if type(size) is not int or size < 0:
            raise Misbehaved("a file of the index has no size")
        return FileInfo(name, size=size, mtime=when)


class PageIndex:
    """The links of one index page: names directly below ``url``, the directory's own URL with its slash."""

    def __init__(self, url: str) -> None:
        self.hidden = 0
        self._url = url
        self._origin = origin(url)
        self._base = unquote_to_bytes(urlsplit(url).path)
        self._text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._names: set[str] = set()

    def feed(self, piece: bytes) -> Iterator[tuple[str, bool]]:
        """Take the next bytes; yield name, and whether it is shown as a directory, for each link that is complete."""
        self._text += self._decoder.decode(piece)
        end = 0
        for link in _LINK.finditer(self._text):
            end = link.end()
            href = _HREF.search(link[0])
            if href is None:
                continue
            found = self._named(html.unescape(href[1] or href[2] or href[3] or "").strip())
            if found is None:
                continue
            name = found.rstrip("/")
            if name in self._names:
                continue
            if not speakable(name):
                self.hidden += 1
                continue
            self._names.add(name)
            yield name, found.endswith("/")
        begun = _LINK_BEGINS.search(self._text, end)
        rest = self._text[begun.start() if begun else max(end, len(self._text) - 2) :]
        if len(rest) > MAX_ENTRY:
            raise Misbehaved("the index page has a link that does not end")
        self._text = rest

    def _named(self, href: str) -> str | None:
        """Return what a link adds to the directory's URL, decoded; None when it leads elsewhere."""
        if _PLAIN.match(href):
            rest = unquote_to_bytes(href)
        else:
            try:
                joined = urlsplit(resolved(self._url, href))
            except ValueError:
                return None
            path = unquote_to_bytes(joined.path)
            if joined.query or origin(joined.geturl()) != self._origin or not path.startswith(self._base):
                return None
            rest = path[len(self._base) :]
        name = rest.decode("utf-8", "surrogateescape")
        return name if name.strip("/") and "/" not in name[:-1] and name not in ("./", "../", "..", ".") else None
