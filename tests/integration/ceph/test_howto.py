# SPDX-License-Identifier: Apache-2.0
"""What the page about S3 buckets says, on a real gateway: the rights suffice, the answers are those that it shows."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import DOCS, blocks
from tests.docs.shell import Howto
from tests.servers.ceph import Ceph
from tests.servers.process import environment, require
from tests.servers.ugr import ask

PAGE = DOCS / "howto/store-s3.rst"
READER, BUCKET = "ugr-howto", "howto-atlas"
ACCESS_KEY, SECRET_KEY = "UGRHOWTO", "howto/secret"
ELSEWHERE = ("aws ",)


class Bucket:
    """The page's bucket on a real gateway, and the user that the page makes for ugr."""

    def __init__(self, ceph: Ceph, place: Path) -> None:
        self.client: Any = ceph.client(0)
        self.secret = place / "s3.key"
        ceph.bucket(0, BUCKET)
        for key in ("data/raw/run-1.dat", "others/private"):
            self.client.put_object(Bucket=BUCKET, Key=key, Body=b"x" * 1000)
        keys = (f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}")
        ceph.admin("user", "create", f"--uid={READER}", "--display-name=ugr", "--max-buckets=-1", *keys)
        here = {
            "https://s3.example.org/atlas": f"{ceph.gateways[0].url}/{BUCKET}",
            "https://s3.example.org": ceph.gateways[0].url,
            "bucket = atlas": f"bucket = {BUCKET}",
            "AKIAEXAMPLE": ACCESS_KEY,
            "/etc/ugr": str(place),
        }
        self.howto = Howto(PAGE, place, here)
        self.well()

    def well(self) -> None:
        """Set the policy as the page has it, with the reader for whom it is; and the right key."""
        (text,) = (block.text for block in blocks("json") if block.page == PAGE)
        self.allow(json.loads(text.replace("arn:aws:s3:::atlas", f"arn:aws:s3:::{BUCKET}"))["Statement"])
        self.secret.write_text(SECRET_KEY, encoding="utf-8")

    def allow(self, statements: list[dict[str, Any]]) -> None:
        """Grant rights to ugr's user."""
        for statement in statements:
            statement["Principal"] = {"AWS": [f"arn:aws:iam:::user/{READER}"]}
        policy = {"Version": "2012-10-17", "Statement": statements}
        self.client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))


@pytest.fixture(scope="module")
def bucket(ceph: Ceph, tmp_path_factory: pytest.TempPathFactory) -> Bucket:
    """Make the bucket and the user."""
    return Bucket(ceph, tmp_path_factory.mktemp("howto-s3"))


def test_the_answers_are_those_that_the_page_shows(bucket: Bucket) -> None:
    assert bucket.howto.follow({"the policy is set": bucket.well}, elsewhere=ELSEWHERE) == 3


def test_the_rights_are_for_reading_below_the_prefix_only(bucket: Bucket) -> None:
    with bucket.howto.served() as ugr:
        location = ugr.ask("/fed/atlas/raw/run-1.dat").location
    assert ask(location).body == b"x" * 1000
    outside = location.replace("data/raw/run-1.dat", "others/private")
    assert ask(outside).status == 403
    assert ask(location, "DELETE").status == 403


def test_what_the_page_says_of_refusals_is_what_is_said(bucket: Bucket) -> None:
    bucket.secret.write_text("wrong", encoding="utf-8")
    assert bucket.howto.reason() in bucket.howto.reasons
    bucket.well()
    for changed in ({"access_key": "NOBODYS"}, {"bucket": "howto-missing"}):
        assert bucket.howto.reason(**changed) in bucket.howto.reasons, changed
    bucket.allow([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}])
    assert bucket.howto.reason() in bucket.howto.reasons
    bucket.well()


def test_a_condition_on_the_prefix_makes_missing_names_unknown(bucket: Bucket) -> None:
    one = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}
    bucket.allow([one | {"Condition": {"StringLike": {"s3:prefix": ["data/*"]}}}])
    assert "503 Service Unavailable" in bucket.howto.shell.run("ugr locate /atlas/raw/nothing")
    bucket.well()


@pytest.fixture(scope="module")
def url(bucket: Bucket) -> Iterator[str]:
    """Give the URL of the file at a service with the page's configuration."""
    with bucket.howto.served() as ugr:
        yield f"{ugr.url}/fed/atlas/raw/run-1.dat"


@pytest.mark.parametrize(
    ("words", "package", "works"),
    [
        (("curl", "-sSfL", "-o", "got"), "curl", True),
        (("wget", "-q", "-O", "got"), "wget", False),
        (("davix-get",), "davix", False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_who_sends_a_token_along_is_refused(
    url: str, tmp_path: Path, words: tuple[str, ...], package: str, works: bool
) -> None:
    program, *options = words
    target = [str(tmp_path / "got")] if program == "davix-get" else []
    header = "-H" if program != "wget" else "--header"
    command = [require(program, package=package), *options, header, "Authorization: Bearer nonsense", url, *target]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, timeout=60, check=False)

    assert (done.returncode == 0) == works, done.stderr
    assert not works or (tmp_path / "got").read_bytes() == b"x" * 1000
