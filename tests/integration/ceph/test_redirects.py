# SPDX-License-Identifier: Apache-2.0
"""URLs that the plugin signs, used by clients that know nothing else."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest

from tests.integration.objects import DATA, RedirectTests
from tests.integration.opened import Fetched
from ugr.model import REDIRECTED
from ugr.plugin import Intent


def tampered(url: str, parameter: str) -> str:
    start = url.index(f"{parameter}=") + len(parameter) + 6
    return url[:start] + ("0" if url[start] != "0" else "1") + url[start + 1 :]


class TestRedirects(RedirectTests):
    """What is the same on every object storage, and what is not."""

    @pytest.mark.parametrize("intent", REDIRECTED, ids=lambda intent: intent.value)
    def test_a_url_is_good_for_its_method_and_for_no_other(self, here, intent):
        url = here.redirect("/d/file 1", intent).url
        for other in ("GET", "HEAD", "PUT", "DELETE", "POST"):
            if other != intent.value:
                assert Fetched(url, other, b"evil" if other == "PUT" else None).status == 403, other
        assert here.ask("stat", "/d/file 1").size == len(DATA)
        good = Fetched(url, intent.value, b"new" if intent is Intent.PUT else None)
        assert good.status == {Intent.DELETE: 204}.get(intent, 200)

    @pytest.mark.parametrize("parameter", ["X-Amz-Signature", "X-Amz-Credential", "X-Amz-Date"])
    def test_a_url_that_was_tampered_with_is_refused(self, here, parameter):
        url = here.redirect("/d/file 1").url
        assert Fetched(tampered(url, parameter)).status == 403

    def test_a_longer_life_cannot_be_written_into_a_url(self, here):
        url = here.redirect("/d/file 1").url
        assert Fetched(url.replace("X-Amz-Expires=3600", "X-Amz-Expires=86400")).status == 403

    def test_the_public_url_is_where_clients_are_sent_and_what_is_signed(self, here, site, ceph):
        public = site(container=here.container, public_url=ceph.gateways[1].url)
        url = public.redirect("/d/file 1").url
        assert url.startswith(ceph.gateways[1].url + "/")
        assert Fetched(url).body == DATA
        assert Fetched(url.replace(ceph.gateways[1].url, ceph.gateways[0].url)).status == 403
        assert public.ask("stat", "/d/file 1").size == len(DATA)

    def test_a_bucket_in_the_host_name_is_reached_and_signed(self, here, site):
        virtual = site(container=here.container, addressing="virtual", url=here.url.replace("127.0.0.1", "localhost"))
        assert virtual.ask("stat", "/d/file 1").size == len(DATA)
        assert sorted(info.name for info in virtual.list("/d")) == ["file 1", "file 2"]
        parts = urlsplit(virtual.redirect("/d/file 1").url)
        assert parts.hostname == f"{here.container}.localhost"
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=20)
        connection.request("GET", f"{parts.path}?{parts.query}", headers={"Host": parts.netloc})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, DATA)
        connection.close()
