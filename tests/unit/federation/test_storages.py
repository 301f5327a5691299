# SPDX-License-Identifier: Apache-2.0
"""Which endpoint a URL is on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.federation.storages import Storages, wrong_aliases
from ugr.plugin.options import EndpointOptions

STORAGES = Storages(
    {
        "dpm": EndpointOptions(
            url="https://se.example.org/dpm/home",
            aliases=("srm://se.example.org:8446/srm/managerv2?SFN=/dpm/home", "root://se.example.org//dpm/home"),
        ),
        "inside": EndpointOptions(url="http://10.0.0.1:8080", public_url="https://pub.example.org/data"),
        "bucket": EndpointOptions(url="https://s3.example.org", aliases=("https://s3.example.org/atlas", "s3://atlas")),
        "none": EndpointOptions(),
    }
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://se.example.org/dpm/home/f", ("dpm", "/f")),
        ("davs://SE.example.org:443/dpm/home//a/f", ("dpm", "/a/f")),
        ("srm://se.example.org:8446/srm/managerv2?SFN=/dpm/home/a%20b", ("dpm", "/a b")),
        ("root://se.example.org//dpm/home/f", ("dpm", "/f")),
        ("http://10.0.0.1:8080/f?signature=x#y", ("inside", "/f")),
        ("https://pub.example.org/data/f/", ("inside", "/f")),
        ("https://s3.example.org/atlas/k", ("bucket", "/k")),
        ("https://s3.example.org/other/k", ("bucket", "/other/k")),
        ("s3://atlas/dir/k", ("bucket", "/dir/k")),
    ],
)
def test_the_longest_prefix_on_component_boundaries_tells(url, expected):
    assert STORAGES.place(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://se.example.org/dpm/homework/f",
        "http://se.example.org/dpm/home/f",
        "https://se.example.org:444/dpm/home/f",
        "https://se.example.org/dpm/home",
        "https://se.example.org/dpm/home/",
        "https://se.example.org/dpm/home/../../etc/passwd",
        "https://se.example.org/dpm/home/%2e%2e/f",
        "https://se.example.org/dpm/home/a%0Ab",
        "https://se.example.org/dpm/home/%ff",
        "https://other.example.org/dpm/home/f",
        "/dpm/home/f",
        "not a url",
        "",
    ],
)
def test_what_is_on_no_endpoint_or_no_path_is_nowhere(url):
    assert STORAGES.place(url) is None


@given(st.text())
def test_no_text_is_too_strange(text):
    assert STORAGES.place(text) is None or "://" in text
    place = STORAGES.place(f"https://se.example.org/dpm/home/{text}")
    assert place is None or (place[0] == "dpm" and place[1].startswith("/") and "//" not in place[1])


def test_aliases_that_are_no_urls_are_found():
    assert wrong_aliases(["srm://h:8446/x?SFN=/y", "s3://bucket", "/path", "host", "https://"]) == [
        "/path",
        "host",
        "https://",
    ]
