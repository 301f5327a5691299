# SPDX-License-Identifier: Apache-2.0
"""Bodies that a server cannot read to their end."""

from __future__ import annotations

import pytest

from tests.unit.frontend.fake import Client


class Broken:
    """An input that fails as servers do, each with exceptions of its own."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self, size: int) -> bytes:
        """Fail."""
        raise self._error


class ServersOwnError(Exception):
    """What a server raises for a malformed chunk."""


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ServersOwnError("invalid chunk size: b'zz'"), 400, "bad-body"),
        (OSError("gone"), 400, "bad-body"),
        (TimeoutError("slow"), 408, "too-slow"),
    ],
)
def test_body_that_cannot_be_read_is_the_clients_fault(ask: Client, error: Exception, status: int, code: str) -> None:
    environ = ask.environ("PROPFIND", "/fed/atlas/", {"Depth": "0"}, b"")
    environ |= {"wsgi.input": Broken(error), "wsgi.input_terminated": True}
    answered, _, body = ask.open(environ)
    assert (answered, b"".join(body).partition(b":")[0].decode()) == (status, f"{status} {code}")
