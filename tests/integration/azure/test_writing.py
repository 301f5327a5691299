# SPDX-License-Identifier: Apache-2.0
"""What the plugin changes in containers."""

from __future__ import annotations

import zlib

import pytest

from tests.integration.objects import WritingTests
from ugr.plugin import Conflict


class TestWriting(WritingTests):
    """What is the same on every object storage."""


@pytest.fixture
def here(site):
    return site()


def test_a_file_with_snapshots_is_kept_and_the_reason_told(here):
    here.put("file")
    here.client.get_blob_client("file").create_snapshot()
    with pytest.raises(Conflict, match="snapshots"):
        here.ask("delete", "/file")
    assert here.objects() == ["file"]


def test_a_file_that_somebody_leased_is_kept_and_the_reason_told(here):
    here.put("file")
    here.client.get_blob_client("file").acquire_lease()
    with pytest.raises(Conflict, match="lease"):
        here.ask("delete", "/file")


def test_a_checksum_is_kept_beside_what_else_is_known(here):
    here.put("file", b"hello", metadata={"owner": "me"})
    adler32 = f"{zlib.adler32(b'hello'):08x}"
    here.ask("store_checksum", "/file", "adler32", adler32)
    assert here.ask("checksum", "/file", "adler32") == adler32
    blob = here.client.get_blob_client("file").get_blob_properties()
    assert blob.metadata == {"owner": "me", "adler32": adler32}
