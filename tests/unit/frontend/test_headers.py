# SPDX-License-Identifier: Apache-2.0
"""Parsers and writers of the message head: values, and properties in both directions."""

from __future__ import annotations

import string
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ugr.errors import BadRequest
from ugr.frontend import conditions, headers
from ugr.frontend.conditions import date_value
from ugr.namespace.paths import normalise

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/"), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..")
)
PATHS = st.lists(NAMES, max_size=5).map(lambda names: "/" + "/".join(names))
RAW = st.text(st.characters(max_codepoint=255), max_size=60).map(lambda text: "/" + text)


@given(PATHS)
def test_encoded_path_decodes_to_itself(path: str) -> None:
    assert headers.decode_path(headers.encode_path(path)) == path


@given(PATHS)
def test_encoded_path_is_printable_ascii_without_what_a_url_cannot_hold(path: str) -> None:
    encoded = headers.encode_path(path)
    assert set(encoded) <= set(string.ascii_letters + string.digits + "-._~/:@+,;=&$!*'()%")


@given(PATHS)
def test_encoding_twice_the_decoded_path_changes_nothing(path: str) -> None:
    encoded = headers.encode_path(path)
    assert headers.encode_path(headers.decode_path(encoded)) == encoded


@given(NAMES)
def test_what_rfc_3986_lets_stand_in_a_path_stays_literal(name: str) -> None:
    encoded = headers.encode_name(name)
    for char in headers.LITERAL.replace("/", ""):
        assert encoded.count(char) == name.count(char)


@given(st.text(max_size=20))
def test_encoded_name_is_one_component_whatever_it_contains(name: str) -> None:
    encoded = headers.encode_name(name)
    assert "/" not in encoded
    assert headers.is_field_value(encoded)


@given(RAW)
def test_whatever_is_decoded_is_a_path_that_the_namespace_takes_or_refuses_itself(raw: str) -> None:
    try:
        path = headers.decode_path(raw)
    except ValueError:
        return
    assert path.startswith("/")
    assert not set(path) & {"\0", "\r", "\n"}
    try:
        lfn = normalise(path)
    except BadRequest:
        assume(False)
    assert lfn == (path.rstrip("/") or "/")


@given(RAW)
def test_a_decoded_path_is_the_bytes_that_were_sent(raw: str) -> None:
    try:
        path = headers.decode_path(raw)
    except ValueError:
        return
    assert path.encode() == unquote_to_bytes(raw.encode("latin-1"))


@pytest.mark.parametrize(
    "raw",
    [
        "", "a", "*", "//", "/a//b", "//a", "/.", "/..", "/a/../b", "/a/./b", "/a/..", "/%2e%2e/b", "/a/%2E", "/.%2e/",
        "/a%2Fb", "/a%2fb", "/a%00", "/a%0", "/a%", "/a%zz", "/a%u0041", "/%ff", "/%c0%ae%c0%ae/", "/%ed%a0%80",
        "/a b", "/a\tb", "/a\r\nb", "/a\0", "/a%0d%0aSet-Cookie:x", "/a%7f", "/a%c2%85", "/a#b", "/a?b", "/\xff",
        "/a%2f..%2fb",
    ],
)  # fmt: skip
def test_ambiguous_or_hostile_path_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="path"):
        headers.decode_path(raw)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/", "/"),
        ("/a/", "/a/"),
        ("/a%20b", "/a b"),
        ("/a+b", "/a+b"),
        ("/%41", "/A"),
        ("/a%3Fb%23c%25d", "/a?b#c%d"),
        ("/%C3%A9", "/é"),
        ("/\xc3\xa9", "/é"),
        ("/a%5Cb", "/a\\b"),
        ("/..a/.b/...", "/..a/.b/..."),
        ("/x:@+,;=&$!*'()~", "/x:@+,;=&$!*'()~"),
    ],
)
def test_path_is_decoded_once(raw: str, path: str) -> None:
    assert headers.decode_path(raw) == path


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("/a?b=c?d", (None, "/a", "b=c?d")),
        ("/a", (None, "/a", "")),
        ("http://h.example:80/a?b", ("h.example:80", "/a", "b")),
        ("HTTP://h.example", ("h.example", "/", "")),
        ("http://h.example?q", ("h.example", "/", "q")),
        ("h.example:443", (None, "h.example:443", "")),
        ("//evil/a", (None, "//evil/a", "")),
    ],
)
def test_request_target_is_taken_apart(raw: str, expected: tuple[str | None, str, str]) -> None:
    assert headers.target(raw) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Fed.Example", "fed.example"),
        ("fed.example:8080", "fed.example:8080"),
        ("fed.example:", "fed.example"),
        ("a_b:1", "a_b:1"),
        ("192.0.2.1:80", "192.0.2.1:80"),
        ("[2001:DB8::1]:443", "[2001:db8::1]:443"),
        ("[::1]", "[::1]"),
    ],
)
def test_well_formed_host_is_taken(value: str, expected: str) -> None:
    assert headers.host(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "a b", "a/b", "a@b", "a:b", "a:99999", "a:1:2", "[::1", "[zz]", "[1:2]", "a\r\nb", "a,b", "é", "a?b",
        "a#b", ":80", "a\n",
    ],
)  # fmt: skip
def test_malformed_host_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="Host"):
        headers.host(value)


@pytest.mark.parametrize(("value", "expected"), [("0", 0), ("1", 1), (" 1 ", 1), ("Infinity", None), (None, None)])
def test_depth_is_zero_one_or_infinity(value: str | None, expected: int | None) -> None:
    assert headers.depth(value) == expected


@pytest.mark.parametrize("value", ["", "2", "-1", "00", "1,noroot", "0,1", "٠", "one"])
def test_other_depth_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="Depth"):
        headers.depth(value)


@pytest.mark.parametrize(("value", "expected"), [(None, None), ("", None), ("0", 0), ("17", 17)])
def test_content_length_is_a_number(value: str | None, expected: int | None) -> None:
    assert headers.content_length(value) == expected


@pytest.mark.parametrize("value", ["-1", "+1", "1,1", "1 ", "0x1", "1e3", "٣", "9" * 19])
def test_other_content_length_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="Content-Length"):
        headers.content_length(value)


@pytest.mark.parametrize("value", ["abc", "A-b_c.9", "x" * 64])
def test_request_id_that_may_be_repeated_is_kept(value: str) -> None:
    assert headers.request_id(value) == value


@pytest.mark.parametrize("value", [None, "", "x" * 65, "a b", "a\n", "a\r\nX: y", "é", "<x>"])
def test_other_request_id_is_not(value: str | None) -> None:
    assert headers.request_id(value) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1:443 ", "192.0.2.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", None),
        ("", None),
        ("192.0.2.256", None),
        ("1" * 300, None),
    ],
)
def test_address_is_brought_into_its_usual_form(text: str, expected: str | None) -> None:
    assert headers.address(text) == expected


def trusted(address: str) -> bool:
    """Trust 10.x."""
    return address.startswith("10.")


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (None, "10.0.0.1"),
        ("", "10.0.0.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("198.51.100.9, 192.0.2.1", "192.0.2.1"),
        ("198.51.100.9, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("192.0.2.1, unknown, 10.0.0.2", "10.0.0.2"),
        ("unknown", "10.0.0.1"),
        ("x," * 5000 + "192.0.2.1", "192.0.2.1"),
    ],
)
def test_client_is_the_rightmost_address_that_is_no_proxy(forwarded: str | None, expected: str) -> None:
    assert headers.client_address("10.0.0.1", forwarded, trusted) == expected


@given(st.text(max_size=60))
def test_client_address_is_always_an_address(forwarded: str) -> None:
    found = headers.client_address("10.0.0.1", forwarded, trusted)
    assert found is not None
    assert headers.address(found) == found


OFFERS = ("text/html", "application/json")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "text/html"),
        ("", "text/html"),
        ("*/*", "text/html"),
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        ("application/*", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("text/html;q=0.5, */*;q=0.8", "application/json"),
        ("text/html, application/json;q=0.9", "text/html"),
        ("application/json;q=0", "text/html"),
        ("*/*, application/json;q=0.1", "text/html"),
        ("image/png", "text/html"),
        ("application/json;q=2, text/html;q=0.1", "text/html"),
        ("nonsense, /, */json, application/json", "application/json"),
    ],
)
def test_accept_chooses_among_what_is_offered(value: str | None, expected: str) -> None:
    assert headers.preferred(value, OFFERS) == expected


@given(st.text(max_size=300))
def test_any_accept_header_gives_an_offer(value: str) -> None:
    assert headers.preferred(value, OFFERS) in OFFERS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, False),
        ("*/*", False),
        ("text/*", False),
        ("text/html", True),
        ("a/b, TEXT/HTML;q=0.1", True),
        ("text/html;q=0", False),
    ],
)
def test_only_who_names_html_is_a_browser(value: str | None, expected: bool) -> None:
    assert headers.names_html(value) is expected


@given(st.integers(0, 253402300799))
def test_written_date_is_read_back(seconds: int) -> None:
    written = conditions.date(seconds)
    assert written is not None
    assert date_value(written) == seconds


@pytest.mark.parametrize("seconds", [None, -1, float("nan"), float("inf"), float("-inf"), 253402300800, 1e300])
def test_date_that_cannot_be_written_is_unknown(seconds: float | None) -> None:
    assert conditions.date(seconds) is None


def test_date_is_an_imf_fixdate_and_drops_the_fraction() -> None:
    assert conditions.date(784111777.9) == "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("none_match", "since", "expected"),
    [
        (None, None, False),
        ('"e"', None, True),
        ('W/"e"', None, True),
        ('"x", "e"', None, True),
        ("*", None, True),
        ('"x"', None, False),
        ("e", None, False),
        ('"x"', "Sun, 06 Nov 1994 08:49:37 GMT", False),
        (None, "Sun, 06 Nov 1994 08:49:37 GMT", True),
        (None, "Sun, 06 Nov 1994 08:49:36 GMT", False),
        (None, "yesterday", False),
    ],
)
def test_not_modified_follows_the_order_of_rfc_9110(none_match: str | None, since: str | None, expected: bool) -> None:
    assert conditions.not_modified(none_match, since, '"e"', 784111777.5) is expected


def test_what_is_not_known_is_never_not_modified() -> None:
    assert not conditions.not_modified('"e"', None, None, None)
    assert not conditions.not_modified(None, "Sun, 06 Nov 1994 08:49:37 GMT", None, None)


@given(st.text(max_size=40))
def test_any_text_can_be_made_a_header_value(text: str) -> None:
    value = headers.field_value(text)
    assert headers.is_field_value(value)
    assert value.isascii()


@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\r\n b", "a\0", "é", "\x7f"])
def test_what_could_break_a_header_is_no_value(value: str) -> None:
    assert not headers.is_field_value(value)
