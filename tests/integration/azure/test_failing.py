# SPDX-License-Identifier: Apache-2.0
"""Storage that is misconfigured, refuses or is silent: said in time and in words, never as absence."""

from __future__ import annotations

import base64
import time

import pytest

from tests.integration.objects import QUESTIONS
from tests.servers.process import free_port
from ugr.plugin import EndpointError, NotFound, PermissionDenied, Refused, Secret, Timeout, Unauthenticated

WRONG = base64.b64encode(b"the wrong key, as long as a right one").decode()


@pytest.fixture
def file(site):
    here = site()
    here.put("file")
    return here


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_missing_container_is_a_misconfiguration_and_never_not_found(site, question):
    with pytest.raises(EndpointError, match=r"ContainerNotFound: .*check container") as caught:
        site(container="no-such-container").question(question)
    assert not isinstance(caught.value, NotFound)
    assert not caught.value.retryable


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_missing_account_is_a_misconfiguration_and_never_not_found(site, file, azurite, question):
    url = azurite.url.replace(azurite.account, "nobody")
    with pytest.raises(EndpointError, match=r"ResourceNotFound: no such account") as caught:
        site(container=file.container, url=url, account="nobody").question(question)
    assert not isinstance(caught.value, NotFound)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_wrong_key_is_named_and_not_shown(site, file, question):
    wrong = site(container=file.container, account_key=Secret(literal=WRONG))
    with pytest.raises((Unauthenticated, PermissionDenied), match="check the account's key") as caught:
        wrong.question(question)
    assert WRONG not in repr(caught.value) + str(caught.value)
    assert file.objects() == ["file"]


@pytest.mark.parametrize(
    ("ahead", "says"), [(7200.0, r"\(ours is 7[12]\d\d s ahead\)"), (-7200.0, r"\(ours is 7[12]\d\d s behind\)")]
)
def test_a_clock_that_is_wrong_is_named_with_the_difference(site, file, ahead, says):
    wrong = site(container=file.container, ahead=ahead)
    for question in ("stat /file", "health"):
        with pytest.raises((Unauthenticated, PermissionDenied), match=says):
            wrong.question(question)


def test_a_renewed_key_is_used_from_the_next_question_on(site, file, azurite, tmp_path):
    key = tmp_path / "key"
    key.write_text(f"{WRONG}\n")
    secret = Secret(file=str(key))
    here = site(container=file.container, account_key=secret)
    with pytest.raises((Unauthenticated, PermissionDenied)):
        here.ask("stat", "/file")
    key.write_text(f"{azurite.key}\n")
    assert secret.reload()
    assert here.ask("stat", "/file").size == 1


@pytest.fixture
def frozen(azurite):
    azurite.pause()
    yield azurite
    azurite.resume()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_frozen_storage_is_a_timeout_in_time(file, frozen, question):
    before = time.monotonic()
    with pytest.raises(Timeout):
        file.question(question, seconds=0.5)
    assert 0.4 < time.monotonic() - before < 0.75


def test_the_endpoints_own_limit_ends_a_question_before_the_call_does(site, file, frozen):
    silent = site(container=file.container, timeout=0.3)
    before = time.monotonic()
    with pytest.raises(Timeout):
        silent.ask("stat", "/file", seconds=10.0)
    assert time.monotonic() - before < 0.6


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_storage_that_is_not_there_is_a_refusal(site, question):
    with pytest.raises(Refused):
        site(container="any-container", url=f"http://127.0.0.1:{free_port()}/ugrtest").question(question)
