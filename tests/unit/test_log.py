# SPDX-License-Identifier: Apache-2.0
"""Log lines: layout, no secrets, no control characters."""

from __future__ import annotations

import io
import logging
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ugr import log as log_module
from ugr.call import Call
from ugr.log import LONGEST_LINE, LineSink, about, configure, one_line, redact
from ugr.metrics import counts


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    stream = io.StringIO()
    configure("info", stream)
    yield logging.getLogger("ugr.test"), stream
    root.handlers[:], level = before
    root.setLevel(level)


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer s3kr1t",
        "authorization: Basic czNrcjF0s3kr1t==",
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIAs3kr1t/20260101/x, SignedHeaders=host, Signature=s3kr1t",
        "('Authorization', 'Bearer s3kr1t')",
        "{'authorization': 'Bearer s3kr1t', 'host': 'h'}",
        "(b'Authorization', b'Bearer s3kr1t')",
        "TransferHeaderAuthorization: Bearer s3kr1t",
        "X-Auth-Token: s3kr1t",
        "x-amz-security-token: s3kr1t",
        "Cookie: session=s3kr1t; other=s3kr1t",
        "https://h/p?authz=s3kr1t",
        "https://h/p?token=s3kr1t",
        "{'token': 's3kr1t', 'for': 'h'}",
        "https://h/p?authz=Bearer%20s3kr1t&x=1",
        "https://h/p?x=1&access_token=s3kr1t#f",
        "https://h/p?X-Amz-Credential=AKIAs3kr1t%2F20260101&X-Amz-Signature=s3kr1t",
        "https://h/p?x-amz-security-token=s3kr1t",
        "https://h/p?AWSAccessKeyId=s3kr1t&Signature=s3kr1t%3D&Expires=1",
        "https://h/p?sv=2020&sig=s3kr1t%2B",
        "https://h/v1/a/c/o?temp_url_sig=s3kr1t&temp_url_expires=1",
        "https://h/-/data/cern/atlas/f?e=1800000000&m=GET&s=s3kr1t",
        "https://h/login?next=https%3A%2F%2Fh%2Fp%3Fauthz%3Ds3kr1t%26x%3D1",
        "https://user:s3kr1t@h/p",
        "https://s3kr1t@h/p",
        "password=s3kr1t",
        'password = "x" password="s3 kr1t s3kr1t"',
        "{'password': 's3kr1t'}",
        '{"access_token": "s3kr1t", "expires_in": 1}',
        "client_secret=s3kr1t&grant_type=x",
        "refused bearer s3kr1ts3kr1ts3kr1t",
        "token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzM2tyMXQifQ.s3kr1t",
    ],
)
def test_secrets_are_hidden_and_the_text_around_stays(text: str) -> None:
    hidden = redact(f"before {text} after")
    assert "s3kr1t" not in hidden
    assert "***" in hidden
    assert hidden.startswith("before ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET https://h/p?authz=abc&x=1 failed", "GET https://h/p?authz=***&x=1 failed"),
        ("Authorization: Bearer abc from 10.0.0.1", "Authorization: *** from 10.0.0.1"),
        ("{'authorization': 'Bearer abc', 'host': 'h'}", "{'authorization': '***', 'host': 'h'}"),
        ("https://h/p%3Fauthz%3Dabc%26x%3D1", "https://h/p%3Fauthz%3D***%26x%3D1"),
        ("https://u:p@h:1/x", "https://***@h:1/x"),
        ('{"access_token": "abc", "n": 1}', '{"access_token": ***, "n": 1}'),
        ("/-/data/cern/f?e=1&m=GET&s=abc_-1 200", "/-/data/cern/f?e=1&m=GET&s=*** 200"),
    ],
)
def test_only_the_secret_is_hidden(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "endpoint cern is down: connection refused",
        "basic authentication is not offered, bearer tokens are",
        "design=1 insig=2 x-sig-x=3",
        "user@example.org wrote to /atlas/user@home/f",
        "https://h/p?s=3&e=4",
        "[endpoint:cern] secret_key: a secret is not written here; write secret_key_file = /path",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@given(
    st.text(),
    st.sampled_from(["?", "&", " ", "%3F", "%26", "('"]),
    st.sampled_from(
        ["authz=", "Access_Token=", "X-Amz-Signature=", "sig=", "Signature%3D", "temp_url_sig=", "password="]
    ),
    st.text(),
)
@settings(deadline=None)
def test_a_secret_is_hidden_whatever_is_around_it(before: str, mark: str, name: str, after: str) -> None:
    assert "s3kr1t" not in redact(f"{before}{mark}{name}s3kr1t {after}")


@given(st.text())
@settings(deadline=None)
def test_a_line_has_no_control_character(text: str) -> None:
    assert re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", one_line(text)) is None


def test_an_event_is_one_line_with_time_level_logger_and_request(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.info("endpoint %s is up", "cern", extra=about(Call.until(1.0, id="1f3a")))
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO ugr\.test \[1f3a\] endpoint cern is up\n", stream.getvalue()
    )


def test_arguments_cannot_forge_a_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.warning("no such name: %s", "/f\n2026-01-01T00:00:00.000Z INFO ugr forged\x1b[31m\ud800")
    assert stream.getvalue().count("\n") == 1
    assert r"/f\n2026-01-01T00:00:00.000Z INFO ugr forged\x1b[31m\ud800" in stream.getvalue()


def test_a_traceback_stays_on_the_line_and_hides_secrets(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        raise ValueError("cannot use https://h/?authz=s3kr1t")
    except ValueError:
        logger.exception("plugin bug")
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert "ValueError: cannot use https://h/?authz=***" in line
    assert "s3kr1t" not in line


def test_less_severe_events_and_chatter_of_libraries_are_left_out(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.debug("detail")
    logging.getLogger("botocore").info("chatter")
    logging.getLogger("botocore").warning("trouble")
    logging.getLogger("ugr_s3.endpoint").info("plugin")
    assert [line.split(" ", 3)[2:] for line in stream.getvalue().splitlines()] == [
        ["botocore", "trouble"],
        ["ugr_s3.endpoint", "plugin"],
    ]


def test_the_last_configuration_counts(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, first = log
    second = io.StringIO()
    configure("error", second)
    logger.warning("not severe enough")
    logger.error("severe")
    assert first.getvalue() == ""
    assert second.getvalue().endswith("ERROR ugr.test severe\n")


SECRETIVE = ["authz", "Bearer ", "basic ", "eyJhbGciOi.x.y", "sig", "s", "token", "password", "://", "u:p", "@", "h"]


@given(st.lists(st.sampled_from([*SECRETIVE, "=", ":", "?", "&", "'", '"', " ", "%3D", "/-/data/", "x" * 20])))
@settings(deadline=None)
def test_the_quick_look_overlooks_no_secret(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert redact(text) == log_module._redacted(text)


def put(sink: LineSink, *lines: bytes) -> None:
    """Write lines and wait until they are where they belong."""
    for line in lines:
        sink.write(line)
    sink.flush()


def test_lines_are_added_to_a_file_that_is_made_for_them(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    put(LineSink(str(file)), b"one\n")
    put(LineSink(str(file)), b"two\n", b"three\n")
    assert file.read_bytes() == b"one\ntwo\nthree\n"
    assert file.stat().st_mode & 0o027 == 0


def test_lines_are_written_without_being_asked_for(tmp_path: Path) -> None:
    file, sink = tmp_path / "access.log", LineSink(str(tmp_path / "access.log"))
    for number in range(3):
        sink.write(b"%d\n" % number)
        until = time.monotonic() + 5.0
        while not (file.exists() and file.read_bytes().count(b"\n") > number):
            assert time.monotonic() < until


def test_lines_are_written_when_the_process_ends(tmp_path: Path) -> None:
    code = "import sys; from ugr.log import LineSink; LineSink(sys.argv[1]).write(b'last\\n')"
    subprocess.run([sys.executable, "-c", code, tmp_path / "access.log"], check=True)
    assert (tmp_path / "access.log").read_bytes() == b"last\n"


@pytest.mark.parametrize("made_anew", [False, True])
def test_a_file_that_is_renamed_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_anew: bool
) -> None:
    monkeypatch.setattr(log_module, "LOOK_EVERY", 0.0)
    file, sink = tmp_path / "access.log", LineSink(str(tmp_path / "access.log"))
    put(sink, b"one\n")
    file.rename(tmp_path / "access.log.1")
    if made_anew:
        file.touch()
    put(sink, b"two\n")
    assert ((tmp_path / "access.log.1").read_bytes(), file.read_bytes()) == (b"one\n", b"two\n")


def test_no_line_of_a_file_that_is_renamed_again_and_again_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(log_module, "GATHER", 0.0)
    file, sink = tmp_path / "access.log", LineSink(str(tmp_path / "access.log"))

    def write(number: int) -> None:
        for line in range(500):
            sink.write(b"%d %d\n" % (number, line))

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, number) for number in range(4)]
        for number in range(50):
            if file.exists():
                file.rename(tmp_path / f"access.log.{number}")
    assert [future.result() for future in writing] == [None] * 4
    sink.flush()
    lines = [line for part in tmp_path.iterdir() for line in part.read_bytes().splitlines()]
    assert sorted(lines) == sorted(b"%d %d" % (number, line) for number in range(4) for line in range(500))


def test_a_line_that_cannot_be_written_is_counted_and_complained_about_once(
    tmp_path: Path, log: tuple[logging.Logger, io.StringIO]
) -> None:
    before = lost()
    put(LineSink(str(tmp_path / "none" / "access.log")), b"one\n", b"two\n")
    assert log[1].getvalue().count("No such file or directory; lines are lost until that is mended") == 1
    assert lost() - before == 2


def lost() -> int:
    """Return how many lines were lost."""
    row = counts.totals().get((log_module.LOST_LINE,))
    return 0 if row is None else row.count


def test_lines_that_nobody_takes_keep_nobody_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(log_module, "MOST_WAITING", 10)
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    sink, before = LineSink(str(tmp_path / "pipe")), lost()
    line = b"x" * (LONGEST_LINE - 1) + b"\n"
    until = time.monotonic() + 10.0
    while lost() == before:  # the pipe is full, the thread waits for it, and lines wait for the thread
        sink.write(line)
        assert time.monotonic() < until
    read = b""
    while piece := _available(reader):
        read += piece
    assert set(read.split(b"\n")) == {b"x" * (LONGEST_LINE - 1), b""}
    os.close(reader)


def _available(descriptor: int) -> bytes:
    """Return what can be read within a moment."""
    return os.read(descriptor, 1 << 20) if select.select([descriptor], [], [], 0.5)[0] else b""


def test_lines_of_several_processes_do_not_mix_in_a_pipe() -> None:
    code = (
        "import sys; from ugr.log import LineSink\nsink = LineSink(None)\n"
        "for number in range(300): sink.write(sys.argv[1].encode() * (100 + 7 * (number % 300)) + b'\\n')"
    )
    reading, writing = os.pipe()
    processes = [subprocess.Popen([sys.executable, "-c", code, letter], stdout=writing) for letter in "abc"]
    os.close(writing)
    with open(reading, "rb") as stream:
        lines = stream.read().splitlines()
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert len(lines) == 900
    assert all(len(set(line)) == 1 for line in lines)


def test_standard_output_is_the_descriptor_and_not_what_python_makes_of_it(capfd: pytest.CaptureFixture[str]) -> None:
    put(LineSink(None), b"one\n")
    assert capfd.readouterr().out == "one\n"


def test_a_sink_that_is_closed_writes_what_waits_and_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "LOOK_EVERY", 0.2)
    sink = LineSink(str(tmp_path / "access.log"))
    put(sink, b"one\n")
    descriptor, thread = sink._descriptor, sink._thread
    assert descriptor is not None
    assert thread is not None
    sink.close()
    sink.write(b"two\n")
    thread.join(5.0)
    assert (tmp_path / "access.log").read_bytes() == b"one\ntwo\n"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
