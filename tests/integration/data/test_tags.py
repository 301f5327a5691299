# SPDX-License-Identifier: Apache-2.0
"""The entity tag of a file that this service has itself: one and the same from the first answer to the last byte."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.ugr import Ugr, ask

SETTLED = 2.5
"""Seconds after which a file counts as unchanged: the deadline, and coarse clocks."""


@pytest.fixture
def ugr(tmp_path: Path) -> Iterator[Ugr]:
    """Return a service over one directory."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "f").write_bytes(b"0123456789")
    configuration = f"""
[acl:/]
read = anonymous
list = anonymous
[endpoint:disk]
type = file
path = {tmp_path}/files
url_lifetime = 90s
"""
    with Ugr(tmp_path, configuration, options="deadline = 300ms\naccess_log = off", name="tags") as ugr:
        yield ugr


def test_tag_of_the_federation_is_good_where_the_bytes_are(ugr: Ugr) -> None:
    time.sleep(SETTLED)
    told = ugr.ask("/fed/f", "HEAD").headers["etag"]
    sent = ugr.ask("/fed/f", headers={"If-Match": told})
    assert (sent.status, sent.headers["etag"]) == (302, told)
    found = ask(sent.location, headers={"If-Match": told})
    assert (found.status, found.body, found.headers["etag"]) == (200, b"0123456789", told)
    rest = ask(sent.location, headers={"If-Range": told, "Range": "bytes=4-"})
    assert (rest.status, rest.body) == (206, b"456789")


def test_tag_is_not_good_for_other_bytes_under_the_same_url(ugr: Ugr, tmp_path: Path) -> None:
    time.sleep(SETTLED)
    told = ugr.ask("/fed/f", "HEAD").headers["etag"]
    sent = ugr.ask("/fed/f").location
    (tmp_path / "files" / "f").write_bytes(b"abcdefghij")
    rest = ask(sent, headers={"If-Range": told, "Range": "bytes=4-"})
    assert (rest.status, rest.body) == (200, b"abcdefghij")
    assert rest.headers["etag"] != told


def test_url_is_good_for_as_long_as_the_endpoint_says(ugr: Ugr) -> None:
    expires = int(ugr.ask("/fed/f").location.partition("?e=")[2].partition("&")[0])
    assert 80 < expires - time.time() <= 91
