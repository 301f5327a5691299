# SPDX-License-Identifier: Apache-2.0
"""The writer and the reader of PROPFIND documents, for any name and any question."""

from __future__ import annotations

from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.federation.answers import Shortfall
from ugr.frontend import headers, multistatus
from ugr.frontend.multistatus import ALLPROP, Query, Writer
from ugr.model import FileInfo

D = "{DAV:}"
ANY_NAMES = st.text(min_size=1, max_size=20)
CLEAN_NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/"), min_size=1, max_size=20
).filter(lambda name: name not in (".", ".."))
INFOS = st.builds(
    FileInfo,
    name=ANY_NAMES,
    directory=st.booleans(),
    size=st.none() | st.integers(0, 2**63),
    mtime=st.none() | st.floats(allow_nan=True),
)


def document(infos: list[FileInfo], query: Query, base: str = "/fed/d/") -> ElementTree.Element:
    """Write a listing and parse it."""
    pieces = multistatus.listing(Writer(query), "", base, [infos] if infos else [], Shortfall())
    return ElementTree.fromstring("".join(pieces))


@given(st.lists(INFOS, max_size=5))
def test_listing_of_any_names_is_well_formed_with_one_response_each(infos: list[FileInfo]) -> None:
    root = document(infos, Query())
    assert len(root.findall(f"{D}response")) == len(infos)


@given(CLEAN_NAMES, st.booleans())
def test_href_leads_back_to_the_name_and_a_directory_ends_in_a_slash(name: str, directory: bool) -> None:
    (response,) = document([FileInfo(name, directory, None if directory else 1)], Query()).findall(f"{D}response")
    href = response.findtext(f"{D}href")
    assert href is not None
    assert href.isascii()
    assert unquote(href, errors="strict") == "/fed/d/" + name + ("/" if directory else "")
    assert headers.decode_path(href) == unquote(href)
    assert response.findtext(f"{D}propstat/{D}prop/{D}displayname") == multistatus_text(name)


def multistatus_text(name: str) -> str:
    """Return what an XML parser makes of a name: non-characters replaced."""
    return name.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


XML_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,10}", fullmatch=True)
NAMESPACES = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12).filter(
    lambda text: "w3.org" not in text and "}" not in text  # ElementTree cannot read the latter
)


@given(st.lists(st.tuples(NAMESPACES, XML_NAMES), min_size=1, max_size=5, unique=True))
def test_unknown_properties_come_back_as_they_were_asked(names: list[tuple[str, str]]) -> None:
    asked = "".join(f'<{local} xmlns="{multistatus.escape(space)}"/>' for space, local in names)
    query = multistatus.parse([f'<p:propfind xmlns:p="DAV:"><p:prop>{asked}</p:prop></p:propfind>'.encode()])
    (_, unknown) = document([FileInfo("f", size=1)], query).findall(f"{D}response/{D}propstat")
    assert unknown.findtext(f"{D}status") == "HTTP/1.1 404 Not Found"
    assert [item.tag for item in unknown.findall(f"{D}prop/*")] == [f"{{{space}}}{local}" for space, local in names]


def test_braces_in_a_namespace_are_nothing_special() -> None:
    query = multistatus.parse([b'<p:propfind xmlns:p="DAV:"><p:prop><a xmlns="u:{}{0}"/></p:prop></p:propfind>'])
    assert '<a xmlns="u:{}{0}"/>' in Writer(query).response("/f", "f", FileInfo("f", size=1))


@given(st.binary(max_size=200), st.integers(1, 20))
def test_any_body_is_a_question_or_a_value_error(body: bytes, step: int) -> None:
    try:
        query = multistatus.parse(body[start : start + step] for start in range(0, len(body), step))
    except ValueError:
        return
    assert query == Query() or body


def test_no_body_at_all_asks_for_everything() -> None:
    assert multistatus.parse([]) == Query()
    assert multistatus.parse([b""]) == Query(ALLPROP, frozenset(), False)


def test_body_is_read_piece_by_piece() -> None:
    body = b'<?xml version="1.0"?><propfind xmlns="DAV:"><prop><displayname/><x xmlns="u:"/></prop></propfind>'
    expected = (("DAV:", "displayname"), ("u:", "x"))
    assert multistatus.parse(bytes([byte]) for byte in body).properties == expected


def test_doctype_ends_the_reading_at_once() -> None:
    def body() -> object:
        yield b'<!DOCTYPE a [<!ENTITY b "c">'
        raise AssertionError("read on after the DOCTYPE")

    with pytest.raises(ValueError, match="DOCTYPE"):
        multistatus.parse(body())  # type: ignore[arg-type]


def test_elements_inside_a_property_are_not_asked_for() -> None:
    body = b'<propfind xmlns="DAV:"><prop><a><displayname/></a></prop><prop xmlns="u:"><b/></prop></propfind>'
    assert multistatus.parse([body]).properties == (("DAV:", "a"),)


def test_facts_that_differ_between_entries_are_each_written_right() -> None:
    infos = [
        FileInfo("a", size=1, mtime=0.0),
        FileInfo("b", size=2),
        FileInfo("c", True, mtime=0.0),
        FileInfo("d", True),
    ]
    query = multistatus.parse([b'<propfind xmlns="DAV:"><prop><getcontentlength/><getlastmodified/></prop></propfind>'])
    found = [
        [
            (stat.findtext(f"{D}status", "")[9:12], [item.tag[6:] for item in stat.findall(f"{D}prop/*")])
            for stat in response
        ]
        for response in ([*r.findall(f"{D}propstat")] for r in document(infos, query).findall(f"{D}response"))
    ]
    size, date, kind = "getcontentlength", "getlastmodified", "resourcetype"
    assert found == [
        [("200", [kind, size, date])],
        [("200", [kind, size]), ("404", [date])],
        [("200", [kind, date]), ("404", [size])],
        [("200", [kind]), ("404", [size, date])],
    ]
