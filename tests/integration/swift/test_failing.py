# SPDX-License-Identifier: Apache-2.0
"""Storage that is misconfigured, refuses or is silent: said in time and in words, never as absence."""

from __future__ import annotations

import time

import pytest

from tests.integration.objects import QUESTIONS, FailingTests
from tests.servers.process import free_port
from tests.servers.relay import Relay
from tests.servers.swift import STRANGER, STRANGER_KEY
from ugr.plugin import EndpointError, PermissionDenied, Refused, Secret, Timeout, Unauthenticated


class TestFailing(FailingTests):
    """What is the same on every object storage, and what is not."""

    missing = r"404: the container does not exist; check container"
    account = "/v1/A"

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_a_wrong_key_is_named_and_not_shown(self, site, file, question):
        wrong = site(container=file.container, key=Secret(literal="the wrong key"))
        with pytest.raises(Unauthenticated, match=r"401: .*check user, key") as caught:
            wrong.question(question)
        assert "the wrong key" not in repr(caught.value) + str(caught.value)
        assert file.objects() == ["file"]

    def test_another_accounts_container_is_denied(self, site, file):
        other = site(container=file.container, user=STRANGER, key=Secret(literal=STRANGER_KEY))
        for question in QUESTIONS:
            with pytest.raises(PermissionDenied, match="check the container's ACL"):
                other.question(question)

    def test_an_authority_that_gives_no_tokens_is_a_misconfiguration(self, site, file, swift):
        for auth_url, error in ((f"{swift.url}/nothing", EndpointError), (f"http://127.0.0.1:{free_port()}", Refused)):
            with pytest.raises(error):
                site(container=file.container, auth_url=auth_url).ask("health")

    def test_a_silent_authority_is_a_timeout_in_time_for_all_who_wait(self, site, file, swift):
        with Relay(swift.port) as relay:
            silent = site(container=file.container, auth_url=swift.auth_url.replace(swift.url, relay.url), timeout=0.3)
            relay.hang()
            before = time.monotonic()
            with pytest.raises(Timeout):
                silent.ask("stat", "/file", seconds=10.0)
            assert time.monotonic() - before < 0.6
            relay.up()
            assert silent.ask("stat", "/file").size == 1
