# SPDX-License-Identifier: Apache-2.0
"""What may be sent, and what is made of the heads of answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.errors import BadRequest
from ugr.transport.syntax import check_header, checked, host_of, parse_head

OK = b"HTTP/1.1 200 OK\r\n"
END = b"\r\n"


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\nX: 1", "GET\n", "GÉT", "GET/", "CONNECT", "GET\x00"])
def test_a_method_that_is_no_token_is_refused(method):
    with pytest.raises(BadRequest):
        checked(method, "http://h/", (), None)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "h/",
        "ftp://h/",
        "file:///etc/passwd",
        "HTTP://h/",
        "http:///x",
        "http://",
        "http://h/a b",
        "http://h/a\r\nX: 1",
        "http://h/a\n",
        "http://h/\x00",
        "http://h/é",
        "http://h/a#b",
        "http://h/a?b#c",
        "http://u:p@h/",
        "http://u@h/",
        "http://h:port/",
        "http://h:0/",
        "http://h:65536/",
        "http://h:123456/",
        "http://h%2fx/",
        "http://[::1/",
        "http://::1/",
        "http://h\\x/",
        "http://h?x y",
    ],
)
def test_a_url_that_cannot_be_sent_is_refused(url):
    with pytest.raises(BadRequest):
        checked("GET", url, (), None)


def test_the_refusal_of_a_url_shows_neither_query_nor_password():
    for url in ("http://h/p?sig=geheim#x", "http://u:geheim@h/", "http://h/p?sig=geheim é", "http://u:ge#heim@h/"):
        with pytest.raises(BadRequest) as caught:
            checked("GET", url, (), None)
        assert "geheim" not in str(caught.value)
        assert "heim" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("http://h", "http://h", "/"),
        ("https://h:8443/a/../b/%2e%2e/c", "https://h:8443", "/a/../b/%2e%2e/c"),
        ("http://h?x=1", "http://h", "/?x=1"),
        ("http://h/?a=/b?c", "http://h", "/?a=/b?c"),
        ("http://[2001:db8::1]:80//x", "http://[2001:db8::1]:80", "//x"),
        ("http://[fe80::1%25eth0]/x", "http://[fe80::1%25eth0]", "/x"),
        ("http://a_b.example-1.org./%c3%a9", "http://a_b.example-1.org.", "/%c3%a9"),
    ],
)
def test_a_url_is_split_and_kept_as_it_is(url, origin, target):
    request = checked("GET", url, (), None)
    assert (request.origin, request.target) == (origin, target)


def test_the_name_of_a_host_has_its_port():
    assert host_of("http://h") == "h:80"
    assert host_of("https://h") == "h:443"
    assert host_of("https://h:8443") == "h:8443"
    assert host_of("https://[::1]") == "[::1]:443"
    assert host_of("https://[::1]:1") == "[::1]:1"


@pytest.mark.parametrize("name", ["", "X Y", "X:", "X\r\nY", "X\n", "Ä", "X\x00"])
def test_a_header_name_that_is_no_token_is_refused(name):
    with pytest.raises(BadRequest):
        checked("GET", "http://h/", [(name, "v")], None)


@pytest.mark.parametrize("value", ["a\r\nY: 1", "a\n", "a\r", "\x00", "\x7f", "é", "a\x0bb"])
def test_a_header_value_with_control_or_other_characters_is_refused_and_not_shown(value):
    with pytest.raises(BadRequest) as caught:
        checked("GET", "http://h/", [("Authorization", "geheim" + value)], None)
    assert "geheim" not in str(caught.value)
    assert "Authorization" in str(caught.value)


@pytest.mark.parametrize("name", ["Transfer-Encoding", "connection", "Expect", "TE", "Upgrade", "Trailer"])
def test_headers_of_the_connection_are_the_engines_own(name):
    with pytest.raises(BadRequest):
        check_header(name, "x")


def test_a_content_length_must_be_that_of_the_body_and_is_not_sent_twice():
    assert checked("PUT", "http://h/", [("Content-Length", "3")], b"abc").lines == ["Expect:", "Content-Type:"]
    assert checked("PUT", "http://h/", [("Content-Length", "0")], None).body == b""
    for value, body in (("4", b"abc"), ("3", None), ("", b""), ("+3", b"abc")):
        with pytest.raises(BadRequest):
            checked("PUT", "http://h/", [("Content-Length", value)], body)


def test_header_lines_are_written_so_that_libcurl_sends_them():
    request = checked("PUT", "http://h/", [("A", "b"), ("Empty", ""), ("Blank", " \t"), ("Content-Type", "t")], b"")
    assert request.lines == ["A: b", "Empty;", "Blank;", "Content-Type: t", "Expect:"]


def test_a_head_request_has_no_body():
    with pytest.raises(BadRequest):
        checked("HEAD", "http://h/", (), b"")


@given(st.text(), st.text(), st.text(), st.text())
def test_whatever_is_accepted_has_no_line_break(method, path, name, value):
    try:
        request = checked(method, "http://h/" + path, [(name, value)], None)
    except BadRequest:
        return
    for text in (request.method, request.target, *request.lines):
        assert text.isascii()
        assert not any(character < " " and character != "\t" for character in text)


def test_a_head_is_parsed_in_order_with_names_in_lower_case():
    lines = [OK, b"ETag: \"x\"\r\n", b"X-A:  1 \t\r\n", b"x-a:2\r\n", b"Empty:\r\n", END]
    assert parse_head(lines) == (200, (("etag", '"x"'), ("x-a", "1"), ("x-a", "2"), ("empty", "")))


def test_a_head_with_bare_line_feeds_is_read():
    assert parse_head([b"HTTP/1.0 404 No\n", b"A: b\n", b"\n"]) == (404, (("a", "b"),))


@pytest.mark.parametrize(
    "line",
    [
        b"X : 1\r\n",
        b" X: 1\r\n",
        b"X\x01: 1\r\n",
        b"X: a\x01b\r\n",
        b"X: a\rb\r\n",
        b"X: \x7f\r\n",
        b"X: \xc3\xa9\r\n",
        b"X: \x85\r\n",
        b": 1\r\n",
        b"X\r\n",
    ],
)
def test_a_field_that_must_not_be_echoed_is_dropped_and_the_others_stay(line):
    assert parse_head([OK, b"A: 1\r\n", line, b"B: 2\r\n", END]) == (200, (("a", "1"), ("b", "2")))


def test_interim_heads_and_trailers_are_left_out():
    early = [b"HTTP/1.1 103 Early Hints\r\n", b"Link: x\r\n", END]
    trailers = [b"X-Trailer: 1\r\n", b"HTTP/1.1 500 Fake: 1\r\n", END]
    assert parse_head([*early, *early, OK, b"A: 1\r\n", END, *trailers]) == (200, (("a", "1"),))


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [OK],
        [OK, b"Content-Le"],
        [OK, b"A: 1\r\n"],
        [b"HTTP/1.1 100 Continue\r\n", END],
        [b"HTTP/1.1 100 Continue\r\n", END, OK],
        [b"HTTP/3.1 200 OK\r\n", END],
        [b"HTTP/1.1 20 OK\r\n", END],
        [b"220 ready\r\n", END],
        [END],
    ],
)
def test_a_head_that_is_cut_off_or_not_http_1_is_an_error(lines):
    with pytest.raises(ValueError, match=r"cut off|not HTTP"):
        parse_head(lines)


def test_a_length_beside_chunked_is_dropped():
    lines = [OK, b"Content-Length: 20\r\n", b"Transfer-Encoding: Chunked\r\n", END]
    assert parse_head(lines) == (200, (("transfer-encoding", "Chunked"),))


@pytest.mark.parametrize("value", [b"gzip, chunked", b"\xff", b"xchunked", b"chunked, chunked", b""])
def test_a_transfer_coding_other_than_chunked_is_an_error(value):
    with pytest.raises(ValueError, match="transfer coding"):
        parse_head([OK, b"Transfer-Encoding: " + value + b"\r\n", END])


def test_a_transfer_encoding_with_a_space_before_its_colon_is_an_error():
    with pytest.raises(ValueError, match="transfer coding"):
        parse_head([OK, b"Transfer-Encoding : chunked\r\n", END])


@pytest.mark.parametrize("values", [[b"2", b"2"], [b"2, 2"], [b"2,2", b" 2 "]])
def test_equal_lengths_are_one(values):
    lines = [b"Content-Length: " + value + b"\r\n" for value in values]
    assert parse_head([OK, *lines, b"A: 1\r\n", END]) == (200, (("a", "1"), ("content-length", "2")))


@pytest.mark.parametrize("values", [[b"2", b"3"], [b"2, 3"], [b"-2"], [b"2x"], [b"0x2"], [b""], [b"9" * 19]])
def test_lengths_that_contradict_or_are_no_numbers_are_an_error(values):
    with pytest.raises(ValueError, match="content-length"):
        parse_head([OK, *(b"Content-Length: " + value + b"\r\n" for value in values), END])


@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_give_clean_fields_or_a_value_error(lines):
    try:
        _, fields = parse_head([OK, *lines, END])
    except ValueError:
        return
    for name, value in fields:
        assert name == name.lower()
        assert value.isascii()
        assert not any(character < " " and character != "\t" for character in name + value)
