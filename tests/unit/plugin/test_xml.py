# SPDX-License-Identifier: Apache-2.0
"""XML is read in any pieces, in the encodings that storages use, within bounds, and never with entities."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.errors import Misbehaved
from ugr.plugin.xml import MAX_DEPTH, MAX_TEXT, MAX_TOKEN, Facts, XmlReader, shown


class Noting(XmlReader):
    """Notes what it is told."""

    def __init__(self, **how: bool) -> None:
        super().__init__(**how)
        self.notes: list[object] = []

    def begin(self, name: str, depth: int) -> None:
        self.notes.append((name, depth))

    def end(self, name: str, depth: int, text: str) -> None:
        self.notes.append((name, depth, text))


def noted(data: bytes, size: int = 1 << 22, **how: bool) -> list[object]:
    reader = Noting(**how)
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
    reader.close()
    return reader.notes


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_elements_come_in_order_with_their_depth_and_text(size):
    data = b"<a>x<b>one &amp; two</b>y<c/>z</a>"
    assert noted(data, size) == [
        ("a", 1),
        ("b", 2),
        ("b", 2, "one & two"),
        ("c", 2),
        ("c", 2, ""),
        ("a", 1, "z"),
    ]


def test_names_have_their_namespace_when_that_is_wanted():
    data = b'<p:a xmlns:p="urn:x"><b xmlns=""/></p:a>'
    assert [note[0] for note in noted(data, namespaces=True)] == ["urn:x|a", "b", "b", "urn:x|a"]
    assert [note[0] for note in noted(data)] == ["p:a", "b", "b", "p:a"]


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("UTF-8", "utf-8"),
        ("utf8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("ISO-8859-1", "latin-1"),
        ("iso-8859-15", "iso-8859-15"),
        ("windows-1252", "cp1252"),
        ("UTF-16", "utf-16"),
    ],
)
def test_encodings_that_storages_use_are_read(declared, encoding, size):
    data = f"<?xml version='1.0' encoding='{declared}'?><a>é{'x' * 300}</a>".encode(encoding)
    assert noted(data, size)[-1] == ("a", 1, f"é{'x' * 300}")


def test_white_space_before_the_declaration_is_left_out():
    assert noted(b"\r\n <?xml version='1.0'?><a/>", 1) == [("a", 1), ("a", 1, "")]


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_what_is_not_text_is_replaced_only_when_that_is_wanted(size):
    data = b"<a>lat\xe9 \x01\x00 \xed\xa0\x80 \xef\xbf\xbf</a>"
    assert noted(data, size, mend=True)[-1] == ("a", 1, "lat\ufffd \ufffd\ufffd \ufffd\ufffd\ufffd \ufffd")
    with pytest.raises(Misbehaved, match="not text in the encoding"):
        noted(data, size)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not well-formed"),
        (b"<a>", "not well-formed"),
        (b"<a></b>", "not well-formed"),
        (b"<a>&b;</a>", "not well-formed"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x"><a/>', "document type"),
        (b"<?xml version='1.0' encoding='utf-7'?><a/>", "encoding that is not read"),
        (b"<?xml version='1.0' encoding='rot13'?><a/>", "encoding that is not read"),
        (b"<?xml version='1.0' encoding='iso-8859-99'?><a/>", "encoding that nobody knows"),
        (b"<a>" * (MAX_DEPTH + 1), "levels"),
        (b"<a>" + b"x" * (MAX_TEXT + 1), "longer than"),
        (b"<a>" + b"<![CDATA[x]]>" * (MAX_TEXT + 1), "longer than"),
        (b"<a b='" + b"x" * (2 * MAX_TOKEN), "without an end of a tag"),
        (b"<!--" + b"x" * (2 * MAX_TOKEN), "without an end of a tag"),
    ],
    ids=lambda value: str(value[:24]),
)
def test_an_unsound_document_is_misbehaviour(data, why):
    with pytest.raises(Misbehaved, match=why):
        noted(data, 1 << 16)


@given(st.binary(max_size=300), st.booleans(), st.booleans())
def test_any_bytes_are_a_document_or_misbehaviour(data, namespaces, mend):
    try:
        noted(data, 7, namespaces=namespaces, mend=mend)
    except Misbehaved:
        return


def test_a_flat_document_is_facts():
    reader = Facts("key", max_text=9)
    reader.feed(b"<key><id>a</id><deep><value>no</value> </deep><value>123456789</value></key>")
    reader.close()
    assert reader.facts == {"id": "a", "deep": " ", "value": "123456789"}
    for other, why in ((b"<html/>", "<key> was expected, and <html> came"), (b"<key>0123456789", "longer than 9")):
        reader = Facts("key", max_text=9)
        with pytest.raises(Misbehaved, match=why):
            reader.feed(other + b" " * 300)


@pytest.mark.parametrize(
    ("name", "text"),
    [("html", "<html>"), ("DAV:|href", "<href>"), ("x" * 65, "something else"), ("a\n", "something else")],
)
def test_a_name_is_shown_when_it_is_a_word(name, text):
    assert shown(name) == text
