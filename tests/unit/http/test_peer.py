# SPDX-License-Identifier: Apache-2.0
"""Other federations, with metalinks and without."""

from dataclasses import replace

import pytest
from ugr_http import HttpEndpoint

from tests.unit.http.test_metalink import FOUR, SHA256, THREE
from tests.unit.http.web import ROOT, answer, before, options, site, stat
from ugr.plugin import FileInfo, Intent, Misbehaved, NotFound, PermissionDenied, Transfer

FOUND = FileInfo("f", size=1, checksums={"sha256": SHA256, "adler32": "00790079"})


def metalink(text: str = FOUR, kind: str = "application/metalink4+xml"):
    return answer(200, text.encode(), content_type=kind)


def test_a_federation_that_has_metalinks_is_asked_once():
    found, server = before(site({f"{ROOT}/f": metalink()}), stat("/f"), metalink=True)

    assert found == FOUND
    assert server.questions == [f"GET {ROOT}/f"]
    assert server.asked[0].headers["accept"].startswith("application/metalink4+xml")


@pytest.mark.parametrize("status", [200, 302])
def test_the_link_that_describes_the_file_is_followed(status):
    link = '<http://web.example.org/data/f?metalink>; rel=describedby; type="application/metalink+xml"'
    pages = {
        f"{ROOT}/f": answer(status, link=link, location="http://a.example.org/f"),
        f"{ROOT}/f?metalink": metalink(THREE, "application/metalink+xml"),
    }
    found, server = before(site(pages), stat("/f"), metalink=True)

    assert found == FOUND
    assert server.questions == [f"GET {ROOT}/f", f"GET {ROOT}/f?metalink"]


def test_a_link_to_another_host_is_not_followed():
    link = '<http://other.example.org/f>; rel=describedby; type="application/metalink+xml"'
    pages = {
        f"GET {ROOT}/f": answer(302, link=link, location="/g"),
        "http://web.example.org/g": answer(content_length="9"),
    }
    pages[f"HEAD {ROOT}/f"] = answer(content_length="9")

    assert before(site(pages), stat("/f"), metalink=True)[0] == FileInfo("f", size=9)


def test_a_federation_without_metalinks_is_a_web_server():
    pages = {
        f"GET {ROOT}/f": answer(302, location="http://a.example.org/f"),
        f"HEAD {ROOT}/f": answer(content_length="9"),
    }

    assert before(site(pages), stat("/f"), metalink=True)[0] == FileInfo("f", size=9)


def test_a_plain_file_is_one_with_metalinks_too():
    assert before(site({f"{ROOT}/f": answer(content_length="9")}), stat("/f"), metalink=True)[0] == FileInfo(
        "f", size=9
    )


@pytest.mark.parametrize("first", [answer(301, location="/data/d/"), answer(content_type="text/html")])
def test_a_directory_is_seen_by_its_slash(first):
    pages = {f"{ROOT}/d": first, f"{ROOT}/d/": answer(content_type="text/html")}

    assert before(site(pages), stat("/d"), metalink=True)[0] == FileInfo("d", directory=True)


@pytest.mark.parametrize(
    ("status", "error"), [(404, NotFound), (508, NotFound), (403, PermissionDenied), (500, Misbehaved)]
)
def test_refusals_are_what_they_are(status, error):
    with pytest.raises(error):
        before(lambda asked: answer(status), stat("/f"), metalink=True)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (FOUR.replace("<size>1</size>", ""), Misbehaved, "how long"),
        (FOUR.replace("url", "curl"), NotFound, "no copy of the file but"),
        ("<html/>", Misbehaved, "was expected"),
        (FOUR + " " * (1 << 20), Misbehaved, "longer than"),
    ],
)
def test_a_metalink_that_is_of_no_use_is_refused(text, error, message):
    with pytest.raises(error, match=message):
        before(site({f"{ROOT}/f": metalink(text)}), stat("/f"), metalink=True)


def test_a_link_that_leads_to_something_else_is_refused():
    link = '</data/m>; rel=describedby; type="application/metalink4+xml"'
    with pytest.raises(Misbehaved, match="it is none"):
        before(
            site({f"{ROOT}/f": answer(link=link), "http://web.example.org/data/m": answer()}), stat("/f"), metalink=True
        )


def test_copies_that_are_ours_do_not_count():
    ours = FOUR.replace("https://a.example.org/f", "https://fed.example.org/fed/f")

    assert before(site({f"{ROOT}/f": metalink(ours)}), stat("/f"), metalink=True)[0] == FOUND
    with pytest.raises(NotFound, match="this federation's own"):
        before(
            site({f"{ROOT}/f": metalink(ours.replace("b.example.org", "fed.example.org:443"))}),
            stat("/f"),
            metalink=True,
        )


def test_clients_are_sent_on_with_the_names_of_those_who_sent_them():
    def sent(endpoint, call):
        async def ask():
            there = endpoint.redirect("/a b", Intent.GET, Transfer(), replace(call, sent_by=("other",)))
            return there.url, endpoint.redirect("/f", Intent.HEAD, Transfer(), call).url

        return ask()

    assert before(site({}), sent, metalink=True)[0] == (f"{ROOT}/a%20b?ugr-via=here,other", f"{ROOT}/f?ugr-via=here")
    assert before(site({}), sent)[0] == (f"{ROOT}/a%20b", f"{ROOT}/f")


def replicas(endpoint, call):
    return endpoint.replicas("/f", call)


def test_the_copies_of_a_metalink_can_be_named():
    found, _ = before(site({f"{ROOT}/f": metalink()}), replicas, metalink=True, role="catalogue")

    assert [replica.url for replica in found] == ["https://a.example.org/f", "https://b.example.org/f"]
    assert {(replica.size, replica.checksums["sha256"]) for replica in found} == {(1, SHA256)}


def test_a_name_without_a_metalink_names_nothing_and_a_missing_one_is_not_found():
    assert before(site({f"{ROOT}/f": answer(content_length="9")}), replicas, metalink=True)[0] == ()
    with pytest.raises(NotFound):
        before(site({}), replicas, metalink=True)


def test_naming_copies_is_a_capability_where_there_are_metalinks():
    assert HttpEndpoint("web", options(metalink=True)).capabilities()["replicas"]
    assert not HttpEndpoint("web", options()).capabilities()["replicas"]
