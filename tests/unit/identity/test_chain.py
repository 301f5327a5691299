# SPDX-License-Identifier: Apache-2.0
"""The chain of identity sources."""

from __future__ import annotations

import pytest

from ugr.errors import Unauthenticated
from ugr.identity import IdentityChain, Peer
from ugr.model import ANONYMOUS, Identity


class Tokens:
    """A source that knows one credential."""

    challenge = "Bearer"

    def __init__(self, good: str, name: str) -> None:
        self.good = good
        self.name = name

    def identify(self, peer: Peer) -> Identity | None:
        """Recognise the credential."""
        if peer.authorization is None:
            return None
        if peer.authorization != self.good:
            raise Unauthenticated("the token is not valid")
        return Identity(self.name, user=self.name)


class Silent:
    """A source that knows nobody and invites nobody."""

    challenge = None

    def identify(self, peer: Peer) -> Identity | None:
        """Know nobody."""
        return None


def test_peer_without_any_source_is_anonymous() -> None:
    assert IdentityChain().identify(Peer("192.0.2.1", "Bearer x")) is ANONYMOUS


def test_peer_without_credential_is_anonymous() -> None:
    assert IdentityChain([Silent(), Tokens("t", "alice")]).identify(Peer("192.0.2.1")) is ANONYMOUS


def test_first_source_that_recognises_the_peer_decides() -> None:
    chain = IdentityChain([Silent(), Tokens("t", "alice"), Tokens("t", "bob")])
    assert chain.identify(Peer(None, "t")).name == "alice"


def test_invalid_credential_is_refused_not_ignored() -> None:
    with pytest.raises(Unauthenticated):
        IdentityChain([Tokens("t", "alice")]).identify(Peer(None, "u"))


def test_challenges_come_from_the_sources_that_have_one() -> None:
    assert IdentityChain([Silent(), Tokens("t", "alice")]).challenges() == ("Bearer",)
    assert IdentityChain().challenges() == ()


def test_credential_is_not_in_the_representation_of_a_peer() -> None:
    assert "hunter2" not in repr(Peer("192.0.2.1", "Bearer hunter2"))
