# SPDX-License-Identifier: Apache-2.0
"""What the plugin changes in real buckets."""

from __future__ import annotations

import re
import zlib

import pytest

from tests.integration.objects import WritingTests
from tests.integration.opened import Fetched
from ugr.plugin import Call, MultipartStep, Transfer

PART = b"five MiB, the least that a part but the last may have".ljust(5 << 20)


class TestWriting(WritingTests):
    """What is the same on every object storage."""


@pytest.fixture
def here(site):
    return site()


def test_a_checksum_is_kept_beside_what_else_is_known(here):
    here.put(
        "d/my file",
        b"hello",
        Metadata={"owner": "me", "note": "two  spaces", "empty": ""},
        ContentType="text/plain",
        CacheControl="no-cache",
        ContentDisposition="attachment",
    )
    before = here.client.head_object(Bucket=here.container, Key="d/my file")
    adler32 = f"{zlib.adler32(b'hello'):08x}"
    here.ask("store_checksum", "/d/my file", "adler32", adler32)
    assert here.ask("checksum", "/d/my file", "adler32") == adler32
    after = here.client.head_object(Bucket=here.container, Key="d/my file")
    assert after["Metadata"] == {**before["Metadata"], "adler32": adler32}
    for kept in ("ContentType", "CacheControl", "ContentDisposition", "ContentLength", "ETag"):
        assert after[kept] == before[kept], kept
    assert here.read("d/my file") == b"hello"


class Upload:
    """An upload in parts, made by a client that has nothing but the locations."""

    def __init__(self, site, path):
        self.site, self.path, self.id = site, path, None
        started = self.fetch(*self.step(MultipartStep.START))
        assert started.status == 200
        self.id = re.search(rb"<UploadId>([^<]+)</UploadId>", started.body)[1].decode()

    def step(self, step, parts=1):
        asked = self.site.endpoint.multipart(self.path, step, Transfer(), Call.until(5), upload_id=self.id, parts=parts)
        return self.site.loop.run(asked, 10).locations

    @staticmethod
    def fetch(location, body=None):
        return Fetched(location.url, location.method.value, body)

    def put(self, *parts):
        """Send the parts; return the list of them that ends the upload."""
        answers = [
            self.fetch(location, data)
            for location, data in zip(self.step(MultipartStep.PARTS, len(parts)), parts, strict=True)
        ]
        assert [answer.status for answer in answers] == [200] * len(parts)
        listed = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{answer.headers['etag']}</ETag></Part>"
            for number, answer in enumerate(answers, 1)
        )
        return f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()


@pytest.mark.parametrize("path", ["/d/file", "/d/ü + %20?uploads"])
def test_a_client_uploads_in_parts_with_nothing_but_the_locations(here, path):
    upload = Upload(here, path)
    done = upload.fetch(*upload.step(MultipartStep.COMPLETE), upload.put(PART, b"the end"))
    assert (done.status, here.ask("stat", path).size) == (200, len(PART) + 7)
    assert Fetched(here.redirect(path).url).body == PART + b"the end"


def test_an_upload_in_parts_that_is_given_up_leaves_nothing(here):
    upload = Upload(here, "/d/file")
    upload.put(b"a part")
    assert upload.fetch(*upload.step(MultipartStep.ABORT)).status == 204
    assert here.objects() == []
    assert "Uploads" not in here.client.list_multipart_uploads(Bucket=here.container)


def test_a_location_of_one_step_is_good_for_no_other(here):
    upload, other = Upload(here, "/file"), Upload(here, "/file")
    (part,) = upload.step(MultipartStep.PARTS)
    for changed in (
        part.url.replace("partNumber=1", "partNumber=2"),
        part.url.replace(upload.id, other.id),
        part.url.replace("/file?", "/other?"),
    ):
        assert Fetched(changed, "PUT", b"evil").status == 403
    (abort,) = upload.step(MultipartStep.ABORT)
    assert Fetched(abort.url.replace(f"uploadId={upload.id}&", ""), "DELETE").status == 403
