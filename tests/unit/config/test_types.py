# SPDX-License-Identifier: Apache-2.0
"""The types of options: what is accepted, what is said otherwise, and the way back."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ugr.config import types
from ugr.config.types import (
    PARSERS,
    Address,
    Addresses,
    Duration,
    LogPlace,
    Networks,
    Path,
    Secret,
    Size,
    Unshowable,
    Url,
    Words,
    written,
)
from ugr.model import Position


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Duration, "500ms", 0.5),
        (Duration, "1.5s", 1.5),
        (Duration, "10 s", 10.0),
        (Duration, "5m", 300.0),
        (Duration, "2h", 7200.0),
        (Duration, "1d", 86400.0),
        (Duration, "0s", 0.0),
        (Size, "100B", 100),
        (Size, "64KiB", 65536),
        (Size, "1.5MB", 1_500_000),
        (Size, "5GiB", 5 << 30),
        (bool, "yes", True),
        (bool, "False", False),
        (bool, "ON", True),
        (int, "0", 0),
        (int, "42", 42),
        (float, "-1.5e3", -1500.0),
        (Url, "https://s3.example.org/atlas/", "https://s3.example.org/atlas"),
        (Url, "http://[::1]:8080", "http://[::1]:8080"),
        (Url, "https://s3.example.org/a@b", "https://s3.example.org/a@b"),
        (Address, "127.0.0.1:8080", "127.0.0.1:8080"),
        (Address, "[::]:80", "[::]:80"),
        (Address, "unix:/run/ugr/ugr.sock", "unix:/run/ugr/ugr.sock"),
        (Addresses, "", ()),
        (Addresses, "a.example:1, [::1]:2\nunix:/run/m", ("a.example:1", "[::1]:2", "unix:/run/m")),
        (Path, "/srv/data/", "/srv/data"),
        (Path, "/srv//a/../b", "/srv/b"),
        (LogPlace, "off", "off"),
        (LogPlace, "/var/log//ugr/access.log", "/var/log/ugr/access.log"),
        (Words, "a, b\n c", ("a", "b", "c")),
        (Words, "", ()),
        (Networks, "192.0.2.0/24 ::1", (ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("::1/128"))),
        (Position, "46.23, 6.05", Position(46.23, 6.05)),
        (Position, "-90 180", Position(-90.0, 180.0)),
    ],
)
def test_what_is_written_right_has_one_value(kind: Any, text: str, value: object) -> None:
    assert PARSERS[kind](text) == value


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (Duration, "10", "not a duration; write a number and a unit: 500ms, 10s, 5m, 2h, 1d"),
        (Duration, "-1s", "not a duration; write a number and a unit: 500ms, 10s, 5m, 2h, 1d"),
        (Duration, "1m30s", "not a duration; write a number and a unit: 500ms, 10s, 5m, 2h, 1d"),
        (Duration, "٣s", "not a duration; write a number and a unit: 500ms, 10s, 5m, 2h, 1d"),
        (Duration, "9" * 400 + "s", "not a duration; write a number and a unit: 500ms, 10s, 5m, 2h, 1d"),
        (Size, "10", "not a size; write a number and a unit: 100B, 64KiB, 5GiB, 1TB"),
        (Size, "10kb", "not a size; write a number and a unit: 100B, 64KiB, 5GiB, 1TB"),
        (bool, "1", "neither yes nor no"),
        (int, "1.5", "not a whole number"),
        (int, "-1", "not a whole number"),
        (int, "٣", "not a whole number"),
        (float, "nan", "not a number"),
        (float, "1e999", "not a number"),
        (float, "ten", "not a number"),
        (Url, "s3.example.org", "must start with http:// or https://"),
        (Url, "ftp://s3.example.org", "must start with http:// or https://"),
        (Url, "https:///atlas", "names no host"),
        (Url, "https://host:99999", "not a URL: Port out of range 0-65535"),
        (Url, "https://host/a b", "contains characters that must be percent-encoded"),
        (Address, "8080", "not an address; write host:port, [v6]:port or unix:/path"),
        (Address, "host:65536", "not an address; write host:port, [v6]:port or unix:/path"),
        (Addresses, "a:1 b", "b: not an address; write host:port, [v6]:port or unix:/path"),
        (Addresses, "a:1 b:2 a:1", "a:1 is named twice"),
        (LogPlace, "stderr", 'neither stdout, nor off, nor the absolute path of a file, which starts with "/"'),
        (LogPlace, "/var/log/", 'neither stdout, nor off, nor the absolute path of a file, which starts with "/"'),
        (Path, "data", 'must be an absolute path, starting with "/"'),
        (
            Networks,
            "192.0.2.1/24",
            "not a network: 192.0.2.1/24 has host bits set; write for example 192.0.2.0/24",
        ),
        (Position, "46.23", "not a position; write latitude, longitude in degrees: 46.23, 6.05"),
        (Position, "nan, 0", "not on Earth: latitude is -90 to 90, longitude -180 to 180"),
        (Position, "91, 0", "not on Earth: latitude is -90 to 90, longitude -180 to 180"),
    ],
)
def test_what_is_written_wrong_is_told_what_would_be_right(kind: Any, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        PARSERS[kind](text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text",
    [
        "https://user:s3kr1t@host",
        "ftp://user:s3kr1t@host",
        "https://user:s3kr1t@host:notaport/",
        "user:s3kr1t@host",
        "https://host/?authz=s3kr1t",
        "https://host/#s3kr1t",
    ],
)
def test_a_url_that_may_hold_a_secret_is_not_repeated(text: str) -> None:
    with pytest.raises(Unshowable) as caught:
        types.url(text)
    assert "s3kr1t" not in str(caught.value)


def problem(kind: Any, text: str) -> str | None:
    try:
        PARSERS[kind](text)
    except ValueError as error:
        return str(error)
    return None


@given(st.sampled_from(sorted(PARSERS, key=str)), st.text())
@settings(deadline=None)
def test_any_text_has_a_value_or_a_value_error(kind: Any, text: str) -> None:
    assert problem(kind, text) != ""


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Duration, 0.0, "0ms"),
        (Duration, 0.5, "500ms"),
        (Duration, 1.5, "1500ms"),
        (Duration, 90.0, "90s"),
        (Duration, 3600.0, "1h"),
        (Size, 1 << 20, "1MiB"),
        (Size, 1_500_000, "1500000B"),
        (bool, True, "yes"),
        (float, 10.0, "10"),
        (int, 1_000_000, "1000000"),
        (Words, ("a", "b"), "a b"),
        (Networks, (ipaddress.ip_network("::1/128"),), "::1/128"),
        (Position, Position(46.23, -6.05), "46.23, -6.05"),
        (str, "text", "text"),
    ],
)
def test_a_value_is_written_as_an_administrator_would(kind: Any, value: object, text: str) -> None:
    assert written(value, kind) == text


@given(st.integers(0, 10**12))
@settings(deadline=None)
def test_written_durations_and_sizes_read_back(number: int) -> None:
    assert types.size(written(number, Size)) == number
    assert types.duration(written(number / 1000, Duration)) == pytest.approx(number / 1000)


@given(st.floats(-90, 90), st.floats(-180, 180))
@settings(deadline=None)
def test_written_positions_read_back(latitude: float, longitude: float) -> None:
    assert types.position(written(Position(latitude, longitude), Position)) == Position(latitude, longitude)


def test_a_secret_shows_its_source_and_never_its_value(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UGR_TEST_KEY", "s3kr1t")
    (tmp_path / "key").write_text("s3kr1t\n")
    for secret in (Secret(environment="UGR_TEST_KEY"), Secret(file=str(tmp_path / "key")), Secret(literal="s3kr1t")):
        assert secret.value == "s3kr1t"
        assert "s3kr1t" not in f"{secret!r} {secret} {written(secret, Secret)}"


def test_secrets_are_equal_when_their_sources_are(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UGR_TEST_KEY", "same")
    path = tmp_path / "key"
    path.write_text("same")
    one = Secret(file=str(path))
    path.write_text("renewed value")
    two = Secret(file=str(path))
    assert one.value != two.value
    assert one == two
    assert hash(one) == hash(two)
    assert one != Secret(environment="UGR_TEST_KEY")
    assert Secret(literal="a") == Secret(literal="a")
    assert Secret(literal="a") != Secret(literal="b")
    assert one != "same"


def test_a_renewed_secret_is_picked_up_when_asked_to(tmp_path: FilePath) -> None:
    path = tmp_path / "key"
    path.write_text("old")
    secret = Secret(file=str(path))
    assert (secret.reload(), secret.version) == (False, 1)
    path.write_text("renewed")
    assert (secret.reload(), secret.value, secret.version) == (True, "renewed", 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"\xff", "not UTF-8 text"), (b"x" * 70000, "is longer than 64KiB")],
)
def test_a_secret_that_cannot_be_one_is_refused(tmp_path: FilePath, content: bytes, message: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        Secret(file=str(path))


def test_a_secret_whose_source_is_missing_is_refused(tmp_path: FilePath) -> None:
    with pytest.raises(ValueError, match=r"cannot read the secret in .*/key: No such file or directory"):
        Secret(file=str(tmp_path / "key"))
    assert "UGR_NO_SUCH" not in os.environ
    with pytest.raises(ValueError, match="the environment variable UGR_NO_SUCH is empty or not set"):
        Secret(environment="UGR_NO_SUCH")
