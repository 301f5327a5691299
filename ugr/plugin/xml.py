# SPDX-License-Identifier: Apache-2.0
"""XML from a storage, read piece by piece, by a reader that does not trust it.

Knows: expat, and what an XML answer can do to whoever reads it. Refuses to know: any vocabulary;
a subclass says what the elements mean.

A document type is refused, so there are no entities to expand and nothing to fetch. Depth, text
and the length of a single token are bounded; the length of the whole is the transport's
``max_body``. What breaks a bound, or the grammar, is Misbehaved.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from xml.parsers import expat

from ugr.errors import Misbehaved

MAX_TEXT = 8192
"""Characters in one element, without those of its children."""

MAX_DEPTH = 64

MAX_TOKEN = 1 << 20
"""Bytes, in UTF-8, of one tag or one comment."""

_WORD = re.compile(r"(?:.*\|)?([A-Za-z_][A-Za-z0-9._-]{0,63})\Z", re.DOTALL)
_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_DECLARATION = 256
"""Bytes within which the declaration, if there is one, names the encoding."""

_ENCODING = re.compile(r"utf-?8|(?:us-)?ascii|utf-16|iso-8859-\d{1,2}|latin-?1|windows-125\d")
"""Encodings that are read. They are decoded here, because expat knows four of them."""

_FORBIDDEN = bytes(0xFF if code < 32 and code not in (9, 10, 13) else code for code in range(256))
"""Control characters, which XML cannot hold, as a byte that UTF-8 cannot hold."""

REPLACED = "\ufffd"
"""What stands for bytes that were not text, in a document that was mended."""


class XmlReader:
    """Reads one document: ``feed`` it, then ``close`` it. Subclasses override ``begin`` and ``end``.

    With ``namespaces``, names are ``NAMESPACE|local``, and plain ``local`` outside any namespace;
    without, they are as written. With ``mend``, what cannot be in a UTF-8 document (other bytes,
    control characters) is read as U+FFFD instead of ending it: for storages that put file names into
    it as they are.
    """

    def __init__(self, *, namespaces: bool = False, mend: bool = False, max_text: int = MAX_TEXT) -> None:
        parser = self._parser = expat.ParserCreate("utf-8", "|" if namespaces else None)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_document_type
        self._listen(max_text)
        self.attributes: Mapping[str, str] = {}
        """Those of the element that began last, for ``begin``; named as elements are."""
        self._given = 0
        self._mend = mend
        self._start = b""
        self._decoder: codecs.IncrementalDecoder | None = None

    def _listen(self, max_text: int) -> None:
        """Have expat call; these run for every tag, so what they need is in their cells and not in attributes."""
        begun, ended = self.begin, self.end
        depth, text = 0, ""

        def begin(name: str, attributes: dict[str, str]) -> None:
            nonlocal depth, text
            depth += 1
            if depth > MAX_DEPTH:
                raise Misbehaved(f"the answer is XML of more than {MAX_DEPTH} levels")
            text = ""
            self.attributes = attributes
            begun(name, depth)

        def characters(data: str) -> None:
            nonlocal text
            text += data
            if len(text) > max_text:
                raise Misbehaved(f"an element of the answer is longer than {max_text} characters")

        def end(name: str) -> None:
            nonlocal depth, text
            said, text = text, ""
            ended(name, depth, said)
            depth -= 1

        self._parser.StartElementHandler = begin
        self._parser.CharacterDataHandler = characters
        self._parser.EndElementHandler = end

    def begin(self, name: str, depth: int) -> None:
        """Take the beginning of an element; ``depth`` is 1 for the root."""

    def end(self, name: str, depth: int, text: str) -> None:
        """Take the end of an element; ``text`` is what stands in it after its last child, all without children."""

    def feed(self, piece: bytes) -> None:
        """Take the next bytes, of any number."""
        decoder = self._decoder
        if decoder is None:
            self._start += piece
            if len(self._start) < _DECLARATION:
                return
            decoder, piece = self._begun()
        self._parse(self._decoded(decoder, piece), last=False)

    def close(self) -> None:
        """Take the end; Misbehaved when the document is not complete."""
        decoder, rest = (self._decoder, b"") if self._decoder is not None else self._begun()
        self._parse(self._decoded(decoder, rest, last=True), last=True)

    def _begun(self) -> tuple[codecs.IncrementalDecoder, bytes]:
        """Choose a decoder by how the document begins; return it, and the beginning without white space before it."""
        start = self._start.lstrip(b" \t\r\n").removeprefix(codecs.BOM_UTF8)
        declared = _DECLARED.match(start)
        name = declared[1].decode("ascii").lower() if declared else "utf-8"
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            name = "utf-16"
        if not _ENCODING.fullmatch(name):
            raise Misbehaved("the answer is XML in an encoding that is not read here; UTF-8 is")
        if name in ("us-ascii", "ascii"):
            name = "utf-8"
        self._mend = self._mend and name in ("utf-8", "utf8")
        try:
            decoder = codecs.getincrementaldecoder(name)("replace" if self._mend else "strict")
        except LookupError:
            raise Misbehaved("the answer is XML in an encoding that nobody knows") from None
        self._decoder, self._start = decoder, b""
        return decoder, start

    def _decoded(self, decoder: codecs.IncrementalDecoder, piece: bytes, *, last: bool = False) -> str:
        if self._mend:
            text = decoder.decode(piece.translate(_FORBIDDEN), last)
            return text.replace("\ufffe", REPLACED).replace("\uffff", REPLACED)
        try:
            return decoder.decode(piece, last)
        except UnicodeDecodeError:
            raise Misbehaved("the answer is not text in the encoding that it names") from None

    def _parse(self, text: str, *, last: bool) -> None:
        parser = self._parser
        self._given += len(text) if text.isascii() else len(text.encode())
        try:
            parser.Parse(text, last)
        except expat.ExpatError as error:
            raise Misbehaved(f"the answer is not well-formed XML: {expat.errors.messages[error.code]}") from None
        # expat stands at the beginning of what it cannot take yet
        if not last and self._given - parser.CurrentByteIndex > MAX_TOKEN:
            raise Misbehaved(f"the answer has {MAX_TOKEN} bytes of XML without an end of a tag")


class Facts(XmlReader):
    """Reads a flat document: ``facts`` maps the root's children to their text, the last of a name."""

    def __init__(self, root: str, *, max_text: int = MAX_TEXT) -> None:
        super().__init__(max_text=max_text)
        self._root = root
        self.facts: dict[str, str] = {}

    def begin(self, name: str, depth: int) -> None:
        """See whether it is the document that was expected."""
        if depth == 1 and name != self._root:
            raise Misbehaved(f"{shown(self._root)} was expected, and {shown(name)} came")

    def end(self, name: str, depth: int, text: str) -> None:
        """Take one fact."""
        if depth == 2:
            self.facts[name] = text


def shown(name: str) -> str:
    """Return a name for a message: ``<name>``, or other words for one that must not be repeated."""
    word = _WORD.match(name)
    return f"<{word[1]}>" if word else "something else"


def _refuse_document_type(*_: object) -> None:
    raise Misbehaved("the answer has a document type, which no storage needs")
