# SPDX-License-Identifier: Apache-2.0
"""Temporary URLs that the plugin signs, used by clients that know nothing else."""

from __future__ import annotations

import pytest

from tests.integration.objects import DATA, RedirectTests
from tests.integration.opened import Fetched
from ugr.plugin import Intent, Secret

GOOD = {
    Intent.GET: {"GET": 200, "HEAD": 200},
    Intent.HEAD: {"HEAD": 200},
    Intent.PUT: {"HEAD": 200, "PUT": 201},
    Intent.DELETE: {"DELETE": 204},
}
"""What a URL is good for; Swift lets whoever may read or write look."""


class TestRedirects(RedirectTests):
    """What is the same on every object storage, and what is not."""

    @pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
    def test_every_digest_that_the_storage_allows_signs(self, here, site, digest):
        location = site(container=here.container, temp_url_digest=digest).redirect("/d/file 1")
        assert Fetched(location.url).body == DATA

    @pytest.mark.parametrize("intent", GOOD, ids=lambda intent: intent.value)
    def test_a_url_is_good_for_its_method_and_for_no_other_but_head(self, here, intent):
        url = here.redirect("/d/file 1", intent).url
        for other in ("GET", "HEAD", "PUT", "DELETE", "POST"):
            if other not in GOOD[intent]:
                assert Fetched(url, other, b"evil" if other in ("PUT", "POST") else None).status == 401, other
        assert here.ask("stat", "/d/file 1").size == len(DATA)
        for method, status in GOOD[intent].items():
            assert Fetched(url, method, b"new" if method == "PUT" else None).status == status

    @pytest.mark.parametrize("parameter", ["temp_url_sig", "temp_url_expires"])
    def test_a_url_that_was_tampered_with_is_refused(self, here, parameter):
        url = here.redirect("/d/file 1").url
        before, _, value = url.partition(f"{parameter}=")
        other = ("1" if value[9] != "1" else "2") if parameter.endswith("sig") else str((int(value[9]) + 1) % 10)
        assert Fetched(f"{before}{parameter}={value[:9]}{other}{value[10:]}").status == 401

    def test_the_public_url_is_where_clients_are_sent(self, here, site, swift):
        public = site(container=here.container, public_url=swift.storage_url.replace("127.0.0.1", "localhost"))
        url = public.redirect("/d/file 1").url
        assert url.startswith(f"http://localhost:{swift.port}/v1/AUTH_test/")
        assert Fetched(url).body == DATA

    def test_a_key_of_the_container_is_as_good_as_one_of_the_account(self, here, site):
        here.client.post_container(here.container, {"X-Container-Meta-Temp-URL-Key": "containers own"})
        own = site(container=here.container, temp_url_key=Secret(literal="containers own"))
        assert Fetched(own.redirect("/d/file 1").url).body == DATA
