# SPDX-License-Identifier: Apache-2.0
"""HTTP Basic and Digest, against the examples of their RFCs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.transport.passwords import Challenge, basic, challenge

CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


def parameter(answer, name):
    return re.search(rf'\b{name}="?([^",]*)', answer)[1]


def test_basic_is_the_example_of_rfc_7617():
    assert basic("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic("test", "123£") == "Basic dGVzdDoxMjPCow=="


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_is_the_example_of_rfc_7616(algorithm, response):
    asked = challenge([RFC_7616.format(algorithm)])
    answer = asked.answer("Mufasa", "Circle of Life", "GET", "/dir/index.html", client_nonce=CNONCE)
    assert parameter(answer, "response") == response
    assert parameter(answer, "opaque") == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
    assert "qop=auth, nc=00000001" in answer
    assert f"algorithm={algorithm}" in answer


def test_digest_without_qop_is_the_example_of_rfc_2069_as_corrected():
    asked = Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", qop=False)
    answer = asked.answer("Mufasa", "CircleOfLife", "GET", "/dir/index.html")
    assert parameter(answer, "response") == "1949323746fe6a43ef61f9606e7febea"
    assert "qop" not in answer
    assert "nc=" not in answer


def test_each_answer_counts_up_and_has_another_client_nonce():
    asked = Challenge("r", "n")
    answers = [asked.answer("u", "p", "GET", "/") for _ in range(2)]
    assert [re.search("nc=([0-9a-f]{8})", answer)[1] for answer in answers] == ["00000001", "00000002"]
    assert parameter(answers[0], "cnonce") != parameter(answers[1], "cnonce")


def test_the_first_challenge_that_can_be_answered_is_taken():
    found = challenge(
        [
            'Basic realm="b", Negotiate abc==, Digest realm="x", nonce="1", algorithm=SHA-512-256',
            RFC_7616.format("SHA-256"),
        ]
    )
    assert (found.realm, found.algorithm) == ("http-auth@example.org", "SHA-256")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Digest",
        'Basic realm="x"',
        'Digest realm="x"',
        'Digest nonce="x"',
        'Digest realm="r", nonce="n", qop="auth-int"',
    ],
)
def test_what_cannot_be_answered_is_none(value):
    assert challenge([value]) is None


def test_quoted_strings_are_undone_and_done_again():
    found = challenge([r'digest realm="a \"b\" \\c", nonce="n,x=y", qop=auth'])
    assert (found.realm, found.nonce) == ('a "b" \\c', "n,x=y")
    assert r'realm="a \"b\" \\c"' in found.answer("u", "p", "GET", "/")


@given(st.lists(st.text()))
def test_any_text_is_a_challenge_or_none(values):
    found = challenge(values)
    assert found is None or found.answer("u", "p", "GET", "/").startswith("Digest ")
