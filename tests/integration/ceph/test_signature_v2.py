# SPDX-License-Identifier: Apache-2.0
"""Signature Version 2 before a real gateway: questions and URLs."""

from __future__ import annotations

import pytest

from tests.integration.opened import Fetched
from ugr.plugin import Intent, NotFound


@pytest.fixture
def here(site):
    opened = site(signature="v2")
    opened.put("d/file 1%+&.root", b"bytes")
    opened.put("d/other", b"more bytes")
    return opened


def test_questions_are_answered(here):
    assert here.ask("stat", "/d/file 1%+&.root").size == 5
    assert sorted(info.name for info in here.list("/d")) == ["file 1%+&.root", "other"]
    assert here.ask("stat", "/").directory
    with pytest.raises(NotFound):
        here.ask("stat", "/d/none")


@pytest.mark.parametrize("intent", [Intent.GET, Intent.HEAD, Intent.PUT], ids=lambda intent: intent.value)
def test_url_is_good_for_its_method_and_for_no_other(here, intent):
    url = here.redirect("/d/file 1%+&.root", intent).url
    for other in ("GET", "HEAD", "PUT", "DELETE"):
        expected = 200 if other == intent.value else 403
        assert Fetched(url, other, b"bytes" if other == "PUT" else None).status == expected, other


def test_tampered_url_is_refused(here):
    url = here.redirect("/d/other").url
    assert Fetched(url).status == 200
    assert Fetched(url.replace("d/other", "d/file%201%25%2B%26.root")).status == 403
    assert Fetched(url.replace("Signature=", "Signature=A")).status == 403


def test_expired_url_is_refused(site):
    late = site(signature="v2", ahead=-7200.0)
    late.put("f")
    assert Fetched(late.redirect("/f").url).status == 403
