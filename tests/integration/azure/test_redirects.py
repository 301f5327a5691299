# SPDX-License-Identifier: Apache-2.0
"""URLs that the plugin signs, used by clients that know nothing else."""

from __future__ import annotations

import pytest

from tests.integration.objects import DATA, RedirectTests
from tests.integration.opened import Fetched
from ugr.plugin import Intent

BLOCK_BLOB = {"x-ms-blob-type": "BlockBlob"}

REFUSED = {
    Intent.GET: ["PUT", "DELETE"],
    Intent.HEAD: ["PUT", "DELETE"],
    Intent.PUT: ["GET", "HEAD", "DELETE"],
    Intent.DELETE: ["GET", "HEAD", "PUT"],
}
"""What a URL is not good for; one for reading is good for GET and HEAD."""


class TestRedirects(RedirectTests):
    """What is the same on every object storage, and what is not."""

    def test_an_upload_must_say_what_it_makes_and_the_location_says_so(self, here):
        location = here.redirect("/new", Intent.PUT)
        assert dict(location.headers) == BLOCK_BLOB
        assert Fetched(location.url, "PUT", b"new").status == 400
        assert Fetched(location.url, "PUT", b"new", **BLOCK_BLOB).status == 201
        assert here.read("new") == b"new"

    @pytest.mark.parametrize("intent", REFUSED, ids=lambda intent: intent.value)
    def test_a_url_is_good_for_what_it_permits_and_for_nothing_else(self, here, intent):
        url = here.redirect("/d/file 1", intent).url
        for other in REFUSED[intent]:
            assert Fetched(url, other, b"evil" if other == "PUT" else None, **BLOCK_BLOB).status == 403, other
        assert here.read("d/file 1") == DATA
        headers = BLOCK_BLOB if intent is Intent.PUT else {}
        good = Fetched(url, intent.value, b"new" if intent is Intent.PUT else None, **headers)
        assert good.status == {Intent.PUT: 201, Intent.DELETE: 202}.get(intent, 200)

    @pytest.mark.parametrize("parameter", ["sig", "se", "st", "sp"])
    def test_a_url_that_was_tampered_with_is_refused(self, here, parameter):
        url = here.redirect("/d/file 1").url
        before, _, rest = url.partition(f"{parameter}=")
        value, _, after = rest.partition("&")
        other = {"sp": "rw", "se": value.replace("20", "21", 1), "st": value.replace("20", "19", 1)}.get(parameter)
        if other is None:
            other = ("A" if value[0] != "A" else "B") + value[1:]
        assert Fetched(f"{before}{parameter}={other}&{after}").status == 403

    def test_a_host_whose_clock_is_minutes_ahead_signs_urls_that_are_good_at_once(self, here, site):
        early = site(container=here.container, ahead=600.0)
        assert Fetched(early.redirect("/d/file 1").url).status == 200

    def test_the_public_url_is_where_clients_are_sent(self, here, site, azurite):
        public = site(container=here.container, public_url=azurite.url.replace("127.0.0.1", "localhost"))
        url = public.redirect("/d/file 1").url
        assert url.startswith(f"http://localhost:{azurite.port}/")
        assert Fetched(url).body == DATA
