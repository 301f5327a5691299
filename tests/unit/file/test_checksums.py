# SPDX-License-Identifier: Apache-2.0
"""Checksums of files: right for every algorithm, obeying the deadline, honest about changes."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from ugr_file import FileEndpoint
from ugr_file.checksums import BLOCK, Adler32, checksum

from ugr.plugin import Call, Conflict, DeadlineExceeded, IsADirectory, NotFound, Unsupported

EXPECTED: dict[str, Callable[[bytes], str]] = {
    "adler32": lambda content: f"{zlib.adler32(content):08x}",
    "md5": lambda content: hashlib.md5(content, usedforsecurity=False).hexdigest(),
    "sha1": lambda content: hashlib.sha1(content, usedforsecurity=False).hexdigest(),
    "sha256": lambda content: hashlib.sha256(content).hexdigest(),
    "sha512": lambda content: hashlib.sha512(content).hexdigest(),
}


@pytest.mark.parametrize("algorithm", EXPECTED)
@pytest.mark.parametrize("content", [b"", b"a", os.urandom(2 * BLOCK + 5)], ids=["empty", "one", "blocks"])
def test_the_checksum_is_that_of_the_bytes(
    endpoint: FileEndpoint, root: Path, call: Call, algorithm: str, content: bytes
) -> None:
    (root / "f").write_bytes(content)
    assert endpoint.checksum("/f", algorithm, call) == EXPECTED[algorithm](content)


def test_adler32_has_eight_digits(endpoint: FileEndpoint, root: Path, call: Call) -> None:
    (root / "f").write_bytes(b"")
    assert endpoint.checksum("/f", "adler32", call) == "00000001"


@pytest.mark.parametrize("algorithm", ["crc32c", "MD5", "md4", "", "shake_128"])
def test_an_unknown_algorithm_is_unsupported_and_the_known_ones_are_named(
    endpoint: FileEndpoint, root: Path, call: Call, algorithm: str
) -> None:
    (root / "f").touch()
    with pytest.raises(Unsupported, match="use one of adler32, md5, sha1, sha256, sha512"):
        endpoint.checksum("/f", algorithm, call)


def test_what_is_no_file_has_no_checksum(endpoint: FileEndpoint, root: Path, call: Call) -> None:
    with pytest.raises(IsADirectory):
        endpoint.checksum("/", "md5", call)
    with pytest.raises(NotFound):
        endpoint.checksum("/x", "md5", call)


def test_a_checksum_ends_when_its_time_is_over(endpoint: FileEndpoint, root: Path) -> None:
    (root / "f").write_bytes(b"x")
    with pytest.raises(DeadlineExceeded):
        endpoint.checksum("/f", "md5", Call.until(-1))


@pytest.mark.parametrize("change", [b"longer", b""])
def test_a_file_that_changes_while_it_is_read_has_no_checksum(root: Path, call: Call, change: bytes) -> None:
    path = root / "f"
    path.write_bytes(bytes(2 * BLOCK))

    class Meddling(Adler32):
        def update(self, data: bytes, /) -> None:
            super().update(data)
            path.write_bytes(change)

    with path.open("rb") as stream, pytest.raises(Conflict, match="changed") as caught:
        checksum(stream.fileno(), Meddling, call)
    assert caught.value.retryable
