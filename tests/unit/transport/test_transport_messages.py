# SPDX-License-Identifier: Apache-2.0
"""Answers and credentials as values, and where trust comes from."""

import pycurl
import pytest

from ugr.errors import ConfigError
from ugr.transport import NO_CREDENTIALS, Answer, Credentials
from ugr.transport.trust import any_crl, system_bundle, tls_options


def test_an_answer_gives_the_first_value_of_a_header():
    answer = Answer(200, (("a", "1"), ("a", "2")))
    assert answer.header("a") == "1"
    assert answer.header("b") is None


def test_credentials_show_no_secret():
    shown = repr(Credentials(certificate=b"geheim", key=b"geheim", user="u", password="geheim"))
    assert "geheim" not in shown


@pytest.mark.parametrize(
    "fields",
    [
        {"certificate": b"c"},
        {"key": b"k"},
        {"crls": True},
        {"password": "p"},
        {"digest": True},
        {"user": "a:b"},
        {"user": "a\nb"},
        {"user": "é"},
        {"user": "u", "password": "a\r\nb"},
    ],
)
def test_credentials_that_cannot_work_are_refused(fields):
    with pytest.raises(ConfigError):
        Credentials(**fields)


def test_a_directory_of_authorities_is_all_that_is_trusted():
    options = dict(tls_options(Credentials(ca_directory="/grid", ca_file="/bundle")))
    assert options[pycurl.CAPATH] == "/grid"
    assert options[pycurl.CAINFO] is None


def test_without_any_the_systems_bundle_is_trusted_and_no_directory():
    options = dict(tls_options(NO_CREDENTIALS))
    assert options.get(pycurl.CAINFO) == system_bundle()
    assert options[pycurl.CAPATH] is None


def test_a_list_of_revocations_must_be_there_when_asked_for(tmp_path):
    with pytest.raises(ConfigError, match="no readable revocation list"):
        any_crl(str(tmp_path))
    (tmp_path / "0a.r0").write_text("not a list")
    (tmp_path / "1b.r0").write_text("-----BEGIN X509 CRL-----\n")
    assert any_crl(str(tmp_path)) == str(tmp_path / "1b.r0")
    with pytest.raises(ConfigError, match="cannot read the directory"):
        any_crl(str(tmp_path / "missing"))
