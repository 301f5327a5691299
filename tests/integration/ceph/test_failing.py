# SPDX-License-Identifier: Apache-2.0
"""Storage that is misconfigured, refuses or is silent: said in time and in words, never as absence."""

from __future__ import annotations

import time

import pytest

from tests.servers.process import free_port
from ugr.plugin import (
    EndpointError,
    NotFound,
    PermissionDenied,
    Refused,
    Secret,
    Timeout,
    UgrError,
    Unauthenticated,
)

QUESTIONS = ["stat /", "stat /file", "stat /nothing", "list /", "list /nothing", "health", "delete /file"]


def ask(site, question: str, **how: float) -> None:
    verb, _, path = question.partition(" ")
    if verb == "list":
        site.list(path, **how)
    else:
        site.ask(verb, *([path] if path else []), **how)


@pytest.fixture
def file(site):
    here = site()
    here.put("file")
    return here


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_missing_bucket_is_a_misconfiguration_and_never_not_found(site, question):
    with pytest.raises(EndpointError, match=r"NoSuchBucket: .*check bucket") as caught:
        ask(site(bucket="no-such-bucket"), question)
    assert not isinstance(caught.value, NotFound)
    assert not caught.value.retryable


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_wrong_secret_is_named_and_not_shown(site, file, question):
    wrong = site(bucket=file.bucket, secret_key=Secret(literal="the wrong secret"))
    with pytest.raises(Unauthenticated, match=r"SignatureDoesNotMatch: .*check secret_key") as caught:
        ask(wrong, question)
    assert "the wrong secret" not in repr(caught.value) + str(caught.value)
    assert file.keys() == ["file"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_unknown_access_key_is_named(site, file, question):
    with pytest.raises(Unauthenticated, match=r"InvalidAccessKeyId: .*check access_key"):
        ask(site(bucket=file.bucket, access_key="UNKNOWN"), question)


@pytest.mark.parametrize(
    ("ahead", "says"), [(7200.0, r"\(ours is 7[12]\d\d s ahead\)"), (-7200.0, r"\(ours is 7[12]\d\d s behind\)")]
)
def test_a_clock_that_is_wrong_is_named_with_the_difference(site, file, ahead, says):
    wrong = site(bucket=file.bucket, ahead=ahead)
    for question in ("stat /file", "health"):
        with pytest.raises(Unauthenticated, match=f"RequestTimeTooSkewed: .*clock.*{says}"):
            ask(wrong, question)


def test_another_users_bucket_is_denied(site, file, ceph):
    ceph.admin(
        "user", "create", "--uid=other", "--display-name=other", "--access-key=OTHER", "--secret-key=otherSecret"
    )
    other = site(bucket=file.bucket, access_key="OTHER", secret_key=Secret(literal="otherSecret"))
    for question in QUESTIONS:
        with pytest.raises(PermissionDenied, match="AccessDenied"):
            ask(other, question)


def test_a_renewed_secret_is_used_from_the_next_question_on(site, file, ceph, tmp_path):
    key = tmp_path / "key"
    key.write_text("the old secret\n")
    here = site(bucket=file.bucket, secret_key=Secret(file=str(key)))
    with pytest.raises(Unauthenticated):
        here.ask("stat", "/file")
    key.write_text(f"{ceph.secret_key}\n")
    assert here.endpoint.options.secret_key.reload()
    assert here.ask("stat", "/file").size == 1


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_frozen_gateway_is_a_timeout_in_time(site, file, frozen_gateway, question):
    silent = site(2, bucket=file.bucket)
    before = time.monotonic()
    with pytest.raises(Timeout):
        ask(silent, question, seconds=0.5)
    assert 0.4 < time.monotonic() - before < 0.75


def test_the_endpoints_own_limit_ends_a_question_before_the_call_does(site, file, frozen_gateway):
    silent = site(2, bucket=file.bucket, timeout=0.3)
    before = time.monotonic()
    with pytest.raises(Timeout):
        silent.ask("stat", "/file", seconds=10.0)
    assert time.monotonic() - before < 0.6


def test_a_gateway_goes_on_after_it_was_frozen(site, file, ceph):
    here = site(1, bucket=file.bucket)
    ceph.gateways[1].pause()
    try:
        with pytest.raises(Timeout):
            here.ask("stat", "/file", seconds=0.3)
    finally:
        ceph.gateways[1].resume()
    assert here.ask("stat", "/file").size == 1


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_gateway_that_is_not_there_is_a_refusal(site, question):
    with pytest.raises(Refused):
        ask(site(bucket="any-bucket", url=f"http://127.0.0.1:{free_port()}"), question)


def test_no_error_is_anything_but_an_error_of_ugr(site, file, ceph):
    odd = site(bucket="Not_A_Bucket_Name..")
    for question in QUESTIONS:
        with pytest.raises(UgrError) as caught:
            ask(odd, question)
        assert not isinstance(caught.value, NotFound)
