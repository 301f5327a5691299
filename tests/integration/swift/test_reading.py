# SPDX-License-Identifier: Apache-2.0
"""Files and directories of containers, as the plugin sees them."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

import pytest

from tests.integration.objects import ReadingTests
from tests.integration.opened import Fetched
from ugr.plugin import FileInfo, Unsupported, Usage

DATA = b"hello federation"


class TestReading(ReadingTests):
    """What is the same on every object storage."""


def large(here, kind: str) -> None:
    """Make ``large``, whose bytes are those of two objects of another container."""
    here.client.put_container(f"{here.container}-segments")
    segments = [(f"{here.container}-segments", f"large/{number}", DATA) for number in range(2)]
    for container, name, data in segments:
        here.client.put_object(container, name, data)
    if kind == "dynamic":
        here.put("large", b"", headers={"X-Object-Manifest": f"{here.container}-segments/large/"})
    else:
        manifest = [{"path": f"/{container}/{name}"} for container, name, _ in segments]
        here.put("large", json.dumps(manifest).encode(), query_string="multipart-manifest=put")


@pytest.mark.parametrize("kind", ["dynamic", "static"])
def test_a_large_object_has_the_bytes_of_its_segments_and_no_md5(site, kind):
    here = site()
    large(here, kind)
    here.put("empty", b"")
    info = here.ask("stat", "/large")
    assert (info.size, info.checksums) == (32, {})
    assert {one.name: one.size for one in here.list("/")} == {"large": 32, "empty": 0}
    with pytest.raises(Unsupported, match="md5"):
        here.ask("checksum", "/large", "md5")
    assert Fetched(here.redirect("/large").url).body == DATA * 2


def test_a_static_large_object_goes_with_its_segments(site):
    here = site()
    large(here, "static")
    here.ask("delete", "/large")
    assert here.objects() == []
    assert here.objects(f"{here.container}-segments") == []


def test_a_static_large_object_moves_without_its_segments_moving(site):
    here = site()
    large(here, "static")
    here.ask("move", "/large", "/moved", False)
    assert here.objects() == ["moved"]
    assert here.read("moved") == DATA * 2
    assert len(here.objects(f"{here.container}-segments")) == 2
    here.ask("delete", "/moved")
    assert here.objects(f"{here.container}-segments") == []


def test_a_copy_of_a_static_large_object_outlives_it(site):
    here = site()
    large(here, "static")
    here.ask("copy", "/large", "/copy", False)
    here.ask("delete", "/large")
    assert here.read("copy") == DATA * 2


def test_names_that_are_no_paths_are_left_out_and_do_no_harm(site, caplog):
    here = site()
    url, token = here.client.get_auth()
    for name in ("ok", "a//b", "/led", "tab\there", "../up", "./dot", "dir/..", "ends//"):
        # clients tidy paths up
        put = Fetched(f"{url}/{here.container}/{quote(name)}", "PUT", b"x", **{"X-Auth-Token": token})
        assert put.status == 201
    assert here.names() == {"a/", "dir/", "ends/", "ok"}
    assert here.list("/a") == []
    assert here.ask("stat", "/a").directory
    assert "4 keys in / cannot be names" in caplog.text


def test_a_large_directory_comes_page_by_page_and_whole(site):
    here = site(page=50)
    names = {f"f{number:03}" for number in range(120)}
    for name in names:
        here.put(f"big/{name}")
    here.put("big/sub/x")
    _ = here.list("/big", most=1), here.methods
    assert here.names("/big") == names | {"sub/"}
    assert here.methods == ["GET"] * 4
    assert len(here.list("/big", most=10)) == 10
    assert here.methods == ["GET"]


def test_usage_is_that_of_the_container_and_its_quota(site):
    here = site()
    here.put("file", DATA)
    deadline = time.monotonic() + 10
    while here.ask("usage", "/") != Usage(16, None) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert here.ask("usage", "/") == Usage(16, None)
    here.client.post_container(here.container, {"X-Container-Meta-Quota-Bytes": "100"})
    assert here.ask("usage", "/") == Usage(16, 84)
    assert here.ask("usage", "/d") == Usage(None, 84)


def test_a_container_that_is_open_to_all_needs_neither_token_nor_key(site):
    here = site()
    here.put("d/file", DATA)
    here.client.post_container(here.container, {"X-Container-Read": ".r:*,.rlistings"})
    open_ = site(
        container=here.container, auth="none", auth_url=None, user=None, key=None, temp_url_key=None, writable=False
    )
    assert open_.ask("stat", "/d/file").size == 16
    assert open_.names("/d") == {"file"}
    location = open_.redirect("/d/file")
    assert (location.signed, location.expires) == (False, None)
    assert Fetched(location.url).body == DATA


def test_what_is_typed_as_a_directory_is_one(site):
    here = site()
    here.put("typed", b"", content_type="application/directory")
    here.put("typed too", b"", content_type="application/directory")
    here.put("typed too/file")
    assert here.names() == {"typed/", "typed too/"}
    assert here.ask("stat", "/typed") == FileInfo("typed", directory=True)
    assert here.list("/typed") == []
    here.ask("delete", "/typed")
    assert here.objects() == ["typed too", "typed too/file"]
