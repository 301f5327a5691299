# SPDX-License-Identifier: Apache-2.0
"""curl: the client that everybody has."""

import pytest

from tests.clients.conftest import FILES


@pytest.mark.parametrize("name", FILES)
def test_curl_follows_the_redirect_and_gets_the_bytes(federation, run, tmp_path, name):
    run("curl", "-sSfL", "-o", tmp_path / "got", federation.url(name), package="curl")
    assert (tmp_path / "got").read_bytes() == FILES[name]


def test_curl_head_tells_the_size_without_a_redirect(federation, run):
    said = run("curl", "-sSfI", federation.url("data/plain.root"), package="curl").out.lower()
    assert said.startswith("http/1.1 200")
    assert f"content-length: {len(FILES['data/plain.root'])}" in said
    assert "location:" not in said


def test_curl_range_through_the_redirect(federation, run):
    assert run("curl", "-sSfL", "-r", "6-10", federation.url("data/plain.root"), package="curl").out == "bytes"


def test_curl_resumes_a_download(federation, run, tmp_path):
    body = FILES["data/big.bin"]
    (tmp_path / "part").write_bytes(body[:1000])
    run("curl", "-sSfL", "-C", "-", "-o", tmp_path / "part", federation.url("data/big.bin"), package="curl")
    assert (tmp_path / "part").read_bytes() == body


def test_curl_fail_ends_with_22_for_a_missing_file(federation, run):
    assert run("curl", "-sSfL", federation.url("data/none"), package="curl", check=False).status == 22
