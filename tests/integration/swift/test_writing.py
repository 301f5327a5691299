# SPDX-License-Identifier: Apache-2.0
"""What the plugin changes in containers."""

from __future__ import annotations

import zlib

import pytest

from tests.integration.objects import WritingTests
from ugr.plugin import NoSpace


class TestWriting(WritingTests):
    """What is the same on every object storage."""


@pytest.fixture
def here(site):
    return site()


def test_a_copy_that_the_quota_does_not_allow_is_no_space(here):
    here.put("file", b"x" * 60)
    here.client.post_container(here.container, {"X-Container-Meta-Quota-Bytes": "100"})
    with pytest.raises(NoSpace):
        here.ask("copy", "/file", "/copy", False)
    assert here.objects() == ["file"]


def test_a_checksum_is_kept_beside_what_else_is_known(here):
    headers = {"X-Object-Meta-Owner": "me", "Content-Encoding": "gzip", "X-Delete-At": "4000000000"}
    here.put("file", b"hello", headers=headers, content_type="text/plain")
    before = here.client.head_object(here.container, "file")
    adler32 = f"{zlib.adler32(b'hello'):08x}"
    here.ask("store_checksum", "/file", "adler32", adler32)
    assert here.ask("checksum", "/file", "adler32") == adler32
    after = here.client.head_object(here.container, "file")
    assert after["x-object-meta-adler32"] == adler32
    for kept in ("x-object-meta-owner", "content-encoding", "x-delete-at", "content-type", "etag", "content-length"):
        assert after[kept] == before[kept], kept
