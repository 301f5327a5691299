# SPDX-License-Identifier: Apache-2.0
"""The front servers of etc/, started before something that listens on a Unix socket of this host.

Knows: which there are, how each is told of the socket. Refuses to know: what listens there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.deploy import shipped
from tests.integration.deploy.upstream import Upstream
from tests.servers.haproxy import Haproxy
from tests.servers.nginx import Nginx
from tests.servers.pki import Holder
from tests.servers.process import Daemon, free_port

KINDS = ("nginx", "haproxy")


def pem(holder: Holder, place: Path) -> Path:
    """Write a certificate and its key into one file, as HAProxy has it."""
    file = place / "federation.pem"
    file.write_bytes(holder.certificate.read_bytes() + holder.key.read_bytes())
    return file


def front(kind: str, place: Path, socket: Path, certificate: Holder) -> Nginx | Haproxy:
    """Return a front server, not started; its files go to ``place``."""
    port = free_port()
    if kind == "nginx":
        text = shipped.nginx(port, socket, certificate.certificate, certificate.key)
        return Nginx(place, text, port=port, name="nginx-deployed")
    text = shipped.haproxy(port, [f"unix@{socket}"], pem(certificate, place))
    return Haproxy(place, text, port=port, name="haproxy-deployed")


@contextmanager
def before_upstream(kind: str, place: Path, certificate: Holder) -> Iterator[tuple[int, Upstream, Daemon]]:
    """Run a front server before something that is not ugr; give its port, that, and the front server."""
    socket = place / "bad.sock"
    with Upstream(socket) as upstream, front(kind, place, socket, certificate) as server:
        yield server.port, upstream, server
