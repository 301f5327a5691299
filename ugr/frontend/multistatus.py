# SPDX-License-Identifier: Apache-2.0
"""PROPFIND in XML: what is asked (RFC 4918 14.20), and the answer as blocks of text (14.16).

Knows: DAV properties and how each is written. Refuses to know: requests, namespaces.

The question is read by expat as it arrives; a DOCTYPE ends it, so no entity is ever expanded. The
answer is plain text from templates that are made once per question: for a directory of many
entries nothing but one ``str.format`` is done for each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from xml.parsers import expat

from ugr.federation.answers import Shortfall
from ugr.frontend.conditions import date
from ugr.frontend.headers import encode_name
from ugr.model import FileInfo

DAV = "DAV:"
LCGDM = "LCGDM:"
PREFIXES = {DAV: "D", "http://www.w3.org/XML/1998/namespace": "xml"}
"""Namespaces that need no declaration: ours, and the one that must not have another prefix."""

ENTRIES_PER_PIECE = 64
MAX_PROPERTIES = 100
MAX_NAMES = 16 * 1024
"""Characters of all property names and namespaces together: the answer repeats them for each entry."""
MAX_NESTING = 32

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">'
FINITE_DEPTH = b'<?xml version="1.0" encoding="utf-8"?>\n<D:error xmlns:D="DAV:"><D:propfind-finite-depth/></D:error>\n'

PropertyName = tuple[str, str]
"""Namespace ("" for none) and local name."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9\-._~:@+,;=$!*'()]+\Z").match
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Property:
    """How one property is written, with the fields of ``Writer.response``; None where it does not exist.

    ``on_file`` and ``on_directory`` are templates. ``needs`` is the number of the field without
    which the property is unknown.
    """

    on_file: str | None
    on_directory: str | None
    needs: int | None = None


HREF, SHOWN, SIZE, DATE, ETAG = range(5)
"""The fields of a template."""

PROPERTIES: Mapping[PropertyName, Property] = {
    (DAV, "resourcetype"): Property("<D:resourcetype/>", "<D:resourcetype><D:collection/></D:resourcetype>"),
    (DAV, "displayname"): Property("<D:displayname>{1}</D:displayname>", "<D:displayname>{1}</D:displayname>"),
    (DAV, "getcontentlength"): Property("<D:getcontentlength>{2}</D:getcontentlength>", None, SIZE),
    (DAV, "getlastmodified"): Property(
        "<D:getlastmodified>{3}</D:getlastmodified>", "<D:getlastmodified>{3}</D:getlastmodified>", DATE
    ),
    (DAV, "getetag"): Property("<D:getetag>{4}</D:getetag>", None, ETAG),
    (LCGDM, "mode"): Property('<L:mode xmlns:L="LCGDM:">100444</L:mode>', '<L:mode xmlns:L="LCGDM:">40555</L:mode>'),
}
"""What is known of a name (RFC 4918 15), and the mode that grid clients ask for, in octal with the type.

An entity tag is given only where the name itself was looked up: what a listing tells of a file may
be less than what its entity tag is made of."""

UNKNOWN = Property(None, None)

ALLPROP = tuple(name for name in PROPERTIES if name[0] == DAV)
"""What "all" means; the mode has to be asked for by name."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a PROPFIND asks for: these properties, or (``names_only``) the names of those that there are.

    ``explicit`` names were asked for one by one: what is not known of them is answered with 404.
    """

    properties: tuple[PropertyName, ...] = ALLPROP
    explicit: frozenset[PropertyName] = frozenset()
    names_only: bool = False


def parse(chunks: Iterable[bytes]) -> Query:
    """Read the body of a PROPFIND; none at all asks for all properties (RFC 4918 9.1).

    Raises ValueError for what is not well-formed, is not a propfind, has a DOCTYPE, or asks for too
    much.
    """
    reader = _Reader()
    empty = True
    try:
        for chunk in chunks:
            empty = empty and not chunk
            reader.parser.Parse(chunk, False)
        if empty:
            return Query()
        reader.parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        raise ValueError(f"the body is not well-formed XML: {error}") from None
    return reader.query()


class _Reader:
    """Collects the names below ``prop`` and ``include``; everything unknown is ignored (RFC 4918 17)."""

    def __init__(self) -> None:
        parser = self.parser = expat.ParserCreate(namespace_separator="\n")
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        self._path: list[PropertyName] = []
        self._kinds: set[str] = set()
        self._asked: dict[PropertyName, None] = {}
        self._length = 0

    def _doctype(self, *_: object) -> None:
        raise ValueError("the body has a DOCTYPE, which a PROPFIND must not have")

    def _start(self, name: str, _: object) -> None:
        namespace, _, local = name.rpartition("\n")
        path = self._path
        level = len(path)
        if level == 0 and (namespace, local) != (DAV, "propfind"):
            raise ValueError("the body is not a DAV: propfind element")
        if level == 1 and namespace == DAV and local in ("allprop", "propname", "prop"):
            self._kinds.add(local)
        if level == 2 and path[1] in ((DAV, "prop"), (DAV, "include")):
            self._ask(namespace, local)
        if level == MAX_NESTING:
            raise ValueError("the elements of the body are nested too deeply")
        path.append((namespace, local))

    def _ask(self, namespace: str, local: str) -> None:
        if (namespace, local) in self._asked:
            return
        self._asked[namespace, local] = None
        self._length += len(namespace) + len(local)
        if len(self._asked) > MAX_PROPERTIES or self._length > MAX_NAMES:
            raise ValueError(f"the body asks for too many properties; {MAX_PROPERTIES} are enough")

    def _end(self, _: str) -> None:
        self._path.pop()

    def query(self) -> Query:
        """Return the question; raise ValueError unless it is exactly one of the three kinds."""
        if len(self._kinds) != 1:
            raise ValueError("a propfind has exactly one of allprop, propname and prop")
        asked = tuple(self._asked)
        if "propname" in self._kinds:
            return Query(names_only=True, properties=tuple(PROPERTIES))
        if "allprop" in self._kinds:
            return Query(ALLPROP + tuple(name for name in asked if name not in ALLPROP), frozenset(asked))
        return Query(asked, frozenset(asked))


class Writer:
    """Writes the responses for one question."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._template = lru_cache(maxsize=None)(self._make_template)

    def response(self, href: str, shown: str, info: FileInfo, etag: str | None = None) -> str:
        """Return the response for one name; ``href`` is encoded, ``shown`` what people call it."""
        when = date(info.mtime)
        render = self._template(info.directory, info.size is not None, when is not None, etag is not None)
        return render(escape(href), escape(shown), info.size, when, etag and escape(etag))

    def responses(self, base: str, entries: Iterable[FileInfo]) -> str:
        """Return the responses for entries of a directory whose encoded path, with its "/", is ``base``."""
        base = escape(base)
        plain, template = _PLAIN_NAME, self._template
        written = []
        for info in entries:
            name = info.name
            if plain(name):
                href = shown = name
            else:
                href, shown = escape(encode_name(name)), escape(name)
            when = date(info.mtime)
            render = template(info.directory, info.size is not None, when is not None, False)
            written.append(render(base + href, shown, info.size, when))
        return "".join(written)

    def _make_template(self, directory: bool, size: bool, when: bool, etag: bool) -> Callable[..., str]:
        """Return what formats a response, for names of which these facts are known."""
        known = {SIZE: size, DATE: when, ETAG: etag, None: True}
        found: list[str] = []
        missing: list[str] = []
        names = list(self._query.properties)
        if (DAV, "resourcetype") not in names:  # without it clients take a directory for a file
            names.insert(0, (DAV, "resourcetype"))
        for name in names:
            entry = PROPERTIES.get(name, UNKNOWN)
            text = entry.on_directory if directory else entry.on_file
            if text is not None and known[entry.needs]:
                found.append(_empty(name) if self._query.names_only else text)
            elif name in self._query.explicit:
                missing.append(_empty(name))
        parts = ["<D:response><D:href>{0}", "/" if directory else "", "</D:href>"]
        parts += ["<D:propstat><D:prop>", *found, "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"]
        if missing:
            parts += ["<D:propstat><D:prop>", *missing]
            parts += ["</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>"]
        parts.append("</D:response>\n")
        return "".join(parts).format


def listing(
    writer: Writer, first: str, base: str, batches: Iterable[list[FileInfo]], shortfall: Shortfall
) -> Iterator[str]:
    """Yield a whole multistatus in pieces: the directory itself, its entries, and what is missing."""
    yield HEAD + first
    for batch in batches:
        for start in range(0, len(batch), ENTRIES_PER_PIECE):
            yield writer.responses(base, batch[start : start + ENTRIES_PER_PIECE])
    yield tail(shortfall_words(shortfall))


def single(response: str) -> str:
    """Return a whole multistatus of one response."""
    return HEAD + response + tail("")


def tail(description: str) -> str:
    """Return the end of a multistatus."""
    words = f"<D:responsedescription>{escape(description)}</D:responsedescription>" if description else ""
    return words + "</D:multistatus>\n"


def shortfall_words(shortfall: Shortfall) -> str:
    """Return in words what a listing misses, "" when nothing."""
    words = [f"{name}: {why}" for name, why in shortfall.missing.items()]
    words += [f"{name}: cut off after {count} entries" for name, count in shortfall.truncated.items()]
    return "incomplete: " + "; ".join(words) if words else ""


def escape(text: str) -> str:
    """Return text as XML character data; what XML 1.0 cannot hold becomes U+FFFD."""
    text = _NOT_XML.sub("\ufffd", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return text.replace("\r", "&#13;")


def _empty(name: PropertyName) -> str:
    """Return an empty element of that name, with its namespace, as part of a template."""
    namespace, local = name
    prefix = PREFIXES.get(namespace)
    element = f"<{prefix}:{local}/>" if prefix else f'<{local} xmlns="{_attribute(namespace)}"/>'
    return element.replace("{", "{{").replace("}", "}}")


def _attribute(text: str) -> str:
    """Return text as the value of an XML attribute, white space kept as it is."""
    return escape(text).replace("\t", "&#9;").replace("\n", "&#10;")
