# SPDX-License-Identifier: Apache-2.0
"""The files in etc/ do what they say: nginx in front of ugr, and ugr as a service of systemd."""

import http.client
import json
import re
import socket
import ssl
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.docs.blocks import ROOT
from tests.docs.test_examples import commands
from tests.servers.nginx import Nginx
from tests.servers.process import HOST, Daemon, environment, free_port, run

UNIT = (ROOT / "etc/systemd/ugr.service").read_text(encoding="utf-8")
NGINX = (ROOT / "etc/nginx/ugr.conf").read_text(encoding="utf-8")


def configuration(directory: Path) -> Path:
    """Write a federation of one directory, listening on a Unix socket; return its file."""
    (directory / "data").mkdir()
    (directory / "run").mkdir()
    (directory / "data" / "f").write_text("data\n", encoding="utf-8")
    file = directory / "ugr.conf"
    file.write_text(
        f"[ugr]\nlisten = unix:{directory}/ugr.sock\ntrusted_sockets = yes\n"
        f"runtime_dir = {directory}/run\nworkers = 1\n"
        "[acl:/]\nread = anonymous\nlist = anonymous\n"
        f"[endpoint:disk]\ntype = file\npath = {directory}/data\n",
        encoding="utf-8",
    )
    return file


def answers(place: str) -> bool:
    """Say whether something accepts connections on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(place) == 0


def served(directory: Path, **env: str) -> Daemon:
    """Return the service of that federation, not started."""
    return Daemon(
        "ugr-etc",
        [sys.executable, "-m", "ugr", "serve", "-c", configuration(directory)],
        ready=lambda: answers(f"{directory}/ugr.sock"),
        stop_limit=10.0,
        env=environment(**env),
    )


def certificate(directory: Path) -> Path:
    """Write a self-signed certificate and its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "federation.example.org")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = directory / "host.pem"
    pem, pkcs8, bare = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, pkcs8, bare))
    return file


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve a federation behind the nginx of etc/nginx/ugr.conf; give nginx's port."""
    directory, port = tmp_path_factory.mktemp("front"), free_port()
    text = NGINX.replace("/run/ugr/ugr.sock", f"{directory}/ugr.sock")
    text = text.replace("listen 443 ssl", f"listen {HOST}:{port} ssl").replace("listen [::]:443 ssl;", "")
    text = re.sub(r"/etc/grid-security/host\w+\.pem", str(certificate(directory)), text)
    with served(directory), Nginx(directory, text, port=port, name="nginx-etc"):
        yield port


def endpoints(place: str) -> list[str]:
    """Return the names of the endpoints that a service on a Unix socket knows."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(10.0)
    connection.sock.connect(place)
    connection.request("GET", "/-/endpoints", headers={"Accept": "application/json"})
    names = [endpoint["name"] for endpoint in json.loads(connection.getresponse().read())["endpoints"]]
    connection.close()
    return names


def ask(port: int, target: str, **headers: str) -> http.client.HTTPResponse:
    """Ask nginx from an address of its own; the answer is read and closed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection(HOST, port, context=context, source_address=("127.0.1.7", 0))
    connection.request("GET", target, headers={"Host": f"federation.example.org:{port}", **headers})
    answer = connection.getresponse()
    answer.body = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


def test_nginx_hands_on_scheme_and_host(front: int) -> None:
    answer = ask(front, "/fed/f")

    assert answer.status == 302
    assert (answer.getheader("Location") or "").startswith(f"https://federation.example.org:{front}/-/data/disk/f?")


def test_nginx_hands_on_the_address_and_not_the_claim_of_the_client(front: int) -> None:
    answer = ask(front, "/-/locate?path=/f", Accept="application/json", **{"X-Forwarded-For": "192.0.2.9"})

    assert json.loads(answer.body)["client"]["address"] == "127.0.1.7"  # type: ignore[attr-defined]


@pytest.mark.parametrize("target", ["/fed//f", "/fed/x%2Ff", "/fed/x/../f", "/fed/%2e%2e/f"])
def test_nginx_hands_on_the_path_as_it_was_written(front: int, target: str) -> None:
    answer = ask(front, target, Accept="application/json")

    assert answer.status == 400
    assert json.loads(answer.body)["code"] == "bad-path"  # type: ignore[attr-defined]


def test_the_service_tells_systemd_when_it_is_ready(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"{tmp_path}/notify")
        manager.settimeout(10.0)
        with served(tmp_path, NOTIFY_SOCKET=f"{tmp_path}/notify"):
            told = manager.recv(4096)

    assert b"READY=1" in told
    assert "\nType=notify\n" in UNIT


def test_the_reload_of_the_unit_brings_a_changed_configuration_into_effect(tmp_path: Path) -> None:
    with served(tmp_path):
        assert endpoints(f"{tmp_path}/ugr.sock") == ["disk"]
        with (tmp_path / "ugr.conf").open("a", encoding="utf-8") as file:
            file.write(f"[endpoint:second]\ntype = file\npath = {tmp_path}/data\n")
        run(sys.executable, "-m", "ugr", "reload", "-c", tmp_path / "ugr.conf")

        assert endpoints(f"{tmp_path}/ugr.sock") == ["disk", "second"]
    assert "\nExecReload=/opt/ugr/bin/ugr reload\n" in UNIT


def test_the_unit_runs_commands_that_exist() -> None:
    words = re.findall(r"(?m)^Exec\w+=/opt/ugr/bin/ugr ([\w-]+)$", UNIT)

    assert "serve" in words
    assert set(words) <= commands()
