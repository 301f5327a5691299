# SPDX-License-Identifier: Apache-2.0
"""Storage that is misconfigured, refuses or is silent: said in time and in words, never as absence."""

from __future__ import annotations

import base64

import pytest

from tests.integration.objects import QUESTIONS, FailingTests
from ugr.plugin import EndpointError, NotFound, PermissionDenied, Secret, Unauthenticated

WRONG = base64.b64encode(b"the wrong key, as long as a right one").decode()


class TestFailing(FailingTests):
    """What is the same on every object storage, and what is not."""

    missing = r"ContainerNotFound: .*check container"
    account = "/ugrtest"

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_a_missing_account_is_a_misconfiguration_and_never_not_found(self, site, file, azurite, question):
        url = azurite.url.replace(azurite.account, "nobody")
        with pytest.raises(EndpointError, match=r"ResourceNotFound: no such account") as caught:
            site(container=file.container, url=url, account="nobody").question(question)
        assert not isinstance(caught.value, NotFound)

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_a_wrong_key_is_named_and_not_shown(self, site, file, question):
        wrong = site(container=file.container, account_key=Secret(literal=WRONG))
        with pytest.raises((Unauthenticated, PermissionDenied), match="check the account's key") as caught:
            wrong.question(question)
        assert WRONG not in repr(caught.value) + str(caught.value)
        assert file.objects() == ["file"]

    @pytest.mark.parametrize(
        ("ahead", "says"), [(7200.0, r"\(ours is 7[12]\d\d s ahead\)"), (-7200.0, r"\(ours is 7[12]\d\d s behind\)")]
    )
    def test_a_clock_that_is_wrong_is_named_with_the_difference(self, site, file, ahead, says):
        wrong = site(container=file.container, ahead=ahead)
        for question in ("stat /file", "health"):
            with pytest.raises((Unauthenticated, PermissionDenied), match=says):
                wrong.question(question)

    def test_a_renewed_key_is_used_from_the_next_question_on(self, site, file, azurite, tmp_path):
        key = tmp_path / "key"
        key.write_text(f"{WRONG}\n")
        secret = Secret(file=str(key))
        here = site(container=file.container, account_key=secret)
        with pytest.raises((Unauthenticated, PermissionDenied)):
            here.ask("stat", "/file")
        key.write_text(f"{azurite.key}\n")
        assert secret.reload()
        assert here.ask("stat", "/file").size == 1
