# SPDX-License-Identifier: Apache-2.0
"""What is measured against what: nginx as the peer, nginx as storage that has every object."""

from __future__ import annotations

from pathlib import Path

from tests.servers.nginx import Nginx
from tests.servers.process import HOST, free_port, free_ports

LOCATION = (
    "https://storage-endpoint.example.org/bucket/atlas/data/file.root?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z"
    "&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=" + "0123456789abcdef" * 4
)
"""About as long as a signed URL really is."""


def peer(directory: Path) -> Nginx:
    """Return nginx that answers everything with a redirect: the least that a redirect can cost."""
    port = free_port()
    answer = f"location / {{ return 302 {LOCATION}; }}"
    server = f"server {{ listen {HOST}:{port}; access_log off; keepalive_requests 100000000; {answer} }}"
    return Nginx(_made(directory / "peer"), server, name="bench-peer", port=port)


def stores(directory: Path, count: int) -> tuple[Nginx, list[int]]:
    """Return nginx that plays ``count`` object stores, each of which has every object, one byte long."""
    ports = free_ports(count)
    empty = '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>'
    answers = (
        f"if ($args ~ list-type) {{ return 200 '{empty}'; }} "
        'add_header Last-Modified "Thu, 01 Jan 2026 00:00:00 GMT"; return 200 "x";'
    )
    body = "\n".join(
        f"server {{ listen {HOST}:{port}; access_log off; keepalive_requests 100000000; location / {{ {answers} }} }}"
        for port in ports
    )
    return Nginx(_made(directory / f"stores{count}"), body, name="bench-stores", port=ports[0]), ports


def s3_federation(ports: list[int], directory: Path) -> str:
    """Return a federation of S3 endpoints at some ports, one far from the other."""
    secret = directory / "secret"
    secret.write_text("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n")
    secret.chmod(0o600)
    endpoints = "\n".join(
        f"[endpoint:s{number}]\ntype = s3\nurl = http://{HOST}:{port}\nbucket = bench\naddressing = path\n"
        f"access_key = AKIAIOSFODNN7EXAMPLE\nsecret_key_file = {secret}\nposition = {10 + number * 5}, {number * 10}\n"
        for number, port in enumerate(ports)
    )
    return f"""
[health]
enabled = no
[network:here]
addresses = 127.0.0.0/8
position = 10, 0
[acl:/]
read = anonymous
list = anonymous
{endpoints}"""


def file_federation(directory: Path, entries: int, endpoints: int = 3) -> str:
    """Return a federation of directories that hold the same ``entries`` files in ``/big``."""
    sections = []
    for number in range(endpoints):
        root = directory / f"store{number}"
        (root / "big").mkdir(parents=True)
        for name in range(entries):
            (root / "big" / f"HITS.{name:08d}._{name:06d}.pool.root.1").touch()
        sections.append(f"[endpoint:f{number}]\ntype = file\npath = {root}\n")
    return "[acl:/]\nread = anonymous\nlist = anonymous\n" + "\n".join(sections)


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True)
    return directory
