# SPDX-License-Identifier: Apache-2.0
"""Redirects lead somewhere new, a few times; a directory's slash is added on the server that was asked."""

from __future__ import annotations

import pytest

from ugr.errors import EndpointError, Misbehaved
from ugr.plugin.web import Trail, origin

HERE = "https://dav.example.org:1094/store/a%20b"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Dav.Example.org/x", "https://dav.example.org:443"),
        ("http://dav.example.org:8080", "http://dav.example.org:8080"),
        ("http://[2001:DB8::1]:1094/x?y", "http://[2001:db8::1]:1094"),
        ("HTTPS://10.0.0.1", "https://10.0.0.1:443"),
        ("ftp://dav.example.org", None),
        ("https://user@dav.example.org", None),
        ("https://dav.example.org:0", None),
        ("https://dav.example.org:99999", None),
        ("https://dav.example.org:port", None),
        ("https:///x", None),
        ("https://[::1", None),
        ("/x", None),
    ],
)
def test_an_origin_has_one_spelling(url, expected):
    assert origin(url) == expected


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/elsewhere?token=a%2Bb", "https://dav.example.org:1094/elsewhere?token=a%2Bb"),
        ("https://pool.example.org/x#y", "https://pool.example.org/x"),
        ("http://[::ffff:10.0.0.1]:1094/x?n=A B", "http://[::ffff:10.0.0.1]:1094/x?n=A%20B"),
        ("c", "https://dav.example.org:1094/store/c"),
        ("//pool.example.org", "https://pool.example.org/"),
        ("https://pool.example.org/café", "https://pool.example.org/caf%C3%A9"),
    ],
)
def test_a_location_is_resolved_and_encoded(location, url):
    trail = Trail(HERE)
    assert trail.goes_on(307, location)
    assert trail.url == url
    assert not trail.slashed


@pytest.mark.parametrize("location", ["ftp://x/y", "https://u:p@x/y", "https://x:0/", "/" + "x" * 20000, "https://[x/"])
def test_a_location_that_cannot_be_asked_is_an_error(location):
    with pytest.raises(EndpointError, match="no URL of http") as caught:
        Trail(HERE).goes_on(302, location)
    assert location not in caught.value.message


@pytest.mark.parametrize(("status", "location"), [(200, "/x"), (207, "/x"), (304, "/x"), (301, None)])
def test_what_is_no_redirect_is_the_end(status, location):
    trail = Trail(HERE)
    assert not trail.goes_on(status, location)
    assert trail.url == HERE


@pytest.mark.parametrize(
    "location", ["/store/a%20b/", f"{HERE}/", "http://backend.internal:8080/store/a%20b/", "/store/a b/"]
)
def test_the_slash_of_a_directory_is_added_where_we_are(location):
    trail = Trail(HERE)
    assert trail.goes_on(301, location)
    assert trail.url == f"{HERE}/"
    assert trail.slashed


def test_a_circle_is_misbehaviour():
    trail = Trail(HERE)
    assert trail.goes_on(302, "/one")
    with pytest.raises(Misbehaved, match="circle"):
        trail.goes_on(302, HERE)


def test_a_way_without_end_is_misbehaviour():
    trail = Trail(HERE)
    for number in range(5):
        assert trail.goes_on(302, f"/{number}")
    with pytest.raises(Misbehaved, match="more than 5 times"):
        trail.goes_on(302, "/again")
