# SPDX-License-Identifier: Apache-2.0
"""Servers that cannot be told to listen on one address only: each in a network of its own.

Knows: Linux network namespaces. Refuses to know: what runs in one. In there is nothing but a
loopback, so "listen on every address" is "listen on 127.0.0.1", and nobody outside can connect but
through a socket that is made here. That takes root; without it the test is skipped.
"""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.servers.process import HOST, require

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
NOBODY = "65534"


def apart(argv: Iterable[str | Path]) -> list[str]:
    """Return a command that runs ``argv`` as nobody, with a loopback of its own and no other network."""
    unshare = require("unshare", package="util-linux")
    ip = require("ip", package="iproute2")
    if os.geteuid() != 0:
        pytest.skip("needs root: the server listens on all addresses, so it gets a network of its own")
    script = f'{ip} link set lo up && exec "$@"'
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig", "KILL"]
    return [unshare, "--net", "--", "/bin/sh", "-c", script, "sh", *as_nobody, *map(str, argv)]


def connected(pid: int, port: int) -> socket.socket:
    """Return a connection to a port in the network of a process; OSError when there is none.

    A thread can be in another network than its process, and a socket stays in the one where it was made.
    """
    made: list[socket.socket | OSError] = []
    thread = threading.Thread(target=lambda: made.append(_made(pid, port)), name="network-of-its-own", daemon=True)
    thread.start()
    thread.join()
    found = made[0]
    if isinstance(found, OSError):
        raise found
    return found


def _made(pid: int, port: int) -> socket.socket | OSError:
    try:
        with open(f"/proc/{pid}/ns/net", "rb") as network:
            if _LIBC.setns(network.fileno(), _CLONE_NEWNET) != 0:
                return OSError(ctypes.get_errno(), "cannot enter the network of the server")
        return socket.create_connection((HOST, port), timeout=2.0)
    except OSError as error:
        return error
