# SPDX-License-Identifier: Apache-2.0
"""Storage that is misconfigured, refuses or is silent: said in time and in words, never as absence."""

from __future__ import annotations

import pytest

from tests.integration.objects import QUESTIONS, FailingTests
from ugr.plugin import (
    NotFound,
    PermissionDenied,
    Secret,
    Timeout,
    UgrError,
    Unauthenticated,
)


class TestFailing(FailingTests):
    """What is the same on every object storage, and what is not."""

    missing = r"NoSuchBucket: .*check bucket"

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_a_wrong_secret_is_named_and_not_shown(self, site, file, question):
        wrong = site(container=file.container, secret_key=Secret(literal="the wrong secret"))
        with pytest.raises(Unauthenticated, match=r"SignatureDoesNotMatch: .*check secret_key") as caught:
            wrong.question(question)
        assert "the wrong secret" not in repr(caught.value) + str(caught.value)
        assert file.objects() == ["file"]

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_an_unknown_access_key_is_named(self, site, file, question):
        with pytest.raises(Unauthenticated, match=r"InvalidAccessKeyId: .*check access_key"):
            site(container=file.container, access_key="UNKNOWN").question(question)

    @pytest.mark.parametrize(
        ("ahead", "says"), [(7200.0, r"\(ours is 7[12]\d\d s ahead\)"), (-7200.0, r"\(ours is 7[12]\d\d s behind\)")]
    )
    def test_a_clock_that_is_wrong_is_named_with_the_difference(self, site, file, ahead, says):
        wrong = site(container=file.container, ahead=ahead)
        for question in ("stat /file", "health"):
            with pytest.raises(Unauthenticated, match=f"RequestTimeTooSkewed: .*clock.*{says}"):
                wrong.question(question)

    def test_another_users_bucket_is_denied(self, site, file, ceph):
        ceph.admin(
            "user", "create", "--uid=other", "--display-name=other", "--access-key=OTHER", "--secret-key=otherSecret"
        )
        other = site(container=file.container, access_key="OTHER", secret_key=Secret(literal="otherSecret"))
        for question in QUESTIONS:
            with pytest.raises(PermissionDenied, match="AccessDenied"):
                other.question(question)

    def test_a_renewed_secret_is_used_from_the_next_question_on(self, site, file, ceph, tmp_path):
        key = tmp_path / "key"
        key.write_text("the old secret\n")
        here = site(container=file.container, secret_key=Secret(file=str(key)))
        with pytest.raises(Unauthenticated):
            here.ask("stat", "/file")
        key.write_text(f"{ceph.secret_key}\n")
        assert here.endpoint.options.secret_key.reload()
        assert here.ask("stat", "/file").size == 1

    def test_a_gateway_goes_on_after_it_was_frozen(self, site, file, ceph):
        here = site(gateway=1, container=file.container)
        ceph.gateways[1].pause()
        try:
            with pytest.raises(Timeout):
                here.ask("stat", "/file", seconds=0.3)
        finally:
            ceph.gateways[1].resume()
        assert here.ask("stat", "/file").size == 1

    def test_no_error_is_anything_but_an_error_of_ugr(self, site, file, ceph):
        odd = site(container="Not_A_Bucket_Name..")
        for question in QUESTIONS:
            with pytest.raises(UgrError) as caught:
                odd.question(question)
            assert not isinstance(caught.value, NotFound)
