# SPDX-License-Identifier: Apache-2.0
"""The endpoint before servers that answer as no test server of ours does."""

import pytest
from ugr_http import HttpEndpoint

from tests.unit.http.web import ROOT, answer, before, health, listing, options, site, stat
from ugr.plugin import (
    Busy,
    Call,
    EndpointError,
    FileInfo,
    Intent,
    IsADirectory,
    Misbehaved,
    NotADirectory,
    NotFound,
    PermissionDenied,
    Secret,
    Timeout,
    Transfer,
    Unauthenticated,
    Unsupported,
)

FILE = answer(content_length="3", last_modified="Wed, 25 Nov 2026 18:43:00 GMT")
HTML = {"content_type": "text/html;charset=UTF-8"}


def redirect(location: str, status: int = 302) -> object:
    return answer(status, location=location, content_length="0")


# --- stat ---


def test_a_file_is_one_question():
    found, server = before(site({f"{ROOT}/a%20b": FILE}), stat("/a b"))

    assert found == FileInfo("a b", size=3, mtime=1795632180.0)
    assert server.questions == [f"HEAD {ROOT}/a%20b"]
    assert server.asked[0].headers["accept-encoding"] == "identity"


def test_a_directory_is_what_the_server_adds_a_slash_to():
    pages = {f"{ROOT}/d": redirect("http://wrong:8080/data/d/", 301), f"{ROOT}/d/": answer(**HTML)}
    found, server = before(site(pages), stat("/d"))

    assert found == FileInfo("d", directory=True)
    assert server.questions == [f"HEAD {ROOT}/d", f"HEAD {ROOT}/d/"]


def test_a_directory_that_may_not_be_listed_is_one_all_the_same():
    found, _ = before(site({f"{ROOT}/d": redirect("d/", 301), f"{ROOT}/d/": answer(403)}), stat("/d"))

    assert found.directory


def test_a_server_that_adds_slashes_to_everything_is_not_believed():
    with pytest.raises(NotFound):
        before(site({f"{ROOT}/d": redirect("/data/d/", 301)}), stat("/d"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status):
    pages = {f"{ROOT}/f": redirect("https://cdn.example.org/x?sig=1", status), "https://cdn.example.org/x?sig=1": FILE}
    found, server = before(site(pages), stat("/f"))

    assert found.size == 3
    assert server.questions[-1] == "HEAD https://cdn.example.org/x?sig=1"


def test_a_redirect_leads_to_the_very_name_that_it_says():
    pages = {f"{ROOT}/f": redirect("/a%20b;#part"), "http://web.example.org/a%20b;": FILE}

    assert before(site(pages), stat("/f"))[0].size == 3


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (["/data/f"], "in a circle"),
        (["/a", "/b", "/a"], "in a circle"),
        ([f"/{number}" for number in range(9)], "more than 5 times"),
        (["ftp://web.example.org/f"], "no URL of http"),
        (["http://user:secret@web.example.org/f"], "no URL of http"),
        (["/" + "x" * 20000], "no URL of http"),
    ],
)
def test_redirects_that_lead_nowhere_are_the_servers_failure(steps, message):
    steps = iter(steps)
    with pytest.raises(EndpointError, match=message):
        before(lambda asked: redirect(next(steps)), stat("/f"))


def test_a_redirect_that_does_not_say_where_breaks_the_protocol():
    with pytest.raises(Misbehaved, match="302"):
        before(site({f"{ROOT}/f": answer(302)}), stat("/f"))


def test_credentials_go_to_the_configured_server_and_nobody_else():
    pages = {
        f"{ROOT}/f": redirect("http://WEB.example.org:80/g"),
        "http://WEB.example.org:80/g": redirect("http://other.example.org/f"),
        "http://other.example.org/f": redirect("https://web.example.org/f"),
        "https://web.example.org/f": FILE,
    }
    _, server = before(site(pages), stat("/f"), token=Secret(literal="t"), ca_file="/ca.pem")

    assert [asked.headers.get("authorization") for asked in server.asked] == ["Bearer t", "Bearer t", None, None]
    assert [asked.credentials.ca_file for asked in server.asked] == ["/ca.pem"] * 4

    _, server = before(site(pages), stat("/f"), user="u", password=Secret(literal="p"))

    assert [asked.credentials.user for asked in server.asked] == ["u", "u", None, None]
    assert [asked.credentials.password for asked in server.asked] == ["p", "p", None, None]


@pytest.mark.parametrize("status", [403, 405, 501])
def test_where_head_is_refused_one_byte_is_asked_for_and_that_is_remembered(status):
    part = answer(206, b"x", content_range="bytes 0-0/77", content_length="1")
    pages = {f"HEAD {ROOT}/f": answer(status), f"GET {ROOT}/f": part}
    found, server = before(site(pages), stat("/f"), stat("/f"))

    assert found.size == 77
    assert server.questions == [f"HEAD {ROOT}/f", f"GET {ROOT}/f", f"GET {ROOT}/f"]
    assert server.asked[1].headers["range"] == "bytes=0-0"


def test_a_file_that_is_refused_says_nothing_of_head():
    pages = {f"{ROOT}/secret": answer(403), f"{ROOT}/f": FILE}

    def both(endpoint, call):
        async def ask():
            with pytest.raises(PermissionDenied):
                await endpoint.stat("/secret", call)
            return await endpoint.stat("/f", call)

        return ask()

    found, server = before(site(pages), both)

    assert found.size == 3
    assert server.questions == [f"HEAD {ROOT}/secret", f"GET {ROOT}/secret", f"HEAD {ROOT}/f"]


def test_a_missing_file_where_there_is_no_head_is_not_found():
    with pytest.raises(NotFound):
        before(lambda asked: answer(405) if asked.method == "HEAD" else answer(404), stat("/f"))


def test_a_length_that_head_does_not_tell_is_asked_for():
    pages = {f"HEAD {ROOT}/f": answer(), f"GET {ROOT}/f": answer(206, b"x", content_range="bytes 0-0/7")}

    assert before(site(pages), stat("/f"))[0].size == 7


def test_an_empty_file_has_no_first_byte():
    pages = {f"HEAD {ROOT}/f": answer(405), f"GET {ROOT}/f": answer(416, content_range="bytes */0")}

    assert before(site(pages), stat("/f"))[0].size == 0


def test_a_server_that_ignores_ranges_is_not_read_to_the_end():
    whole = answer(200, b"x" * 100_000, content_length="100000")
    pages = {f"HEAD {ROOT}/f": answer(405), f"GET {ROOT}/f": whole}

    assert before(site(pages), stat("/f"))[0].size == 100_000


def test_a_file_of_unknown_length_breaks_the_protocol():
    with pytest.raises(Misbehaved, match="how long"):
        before(lambda asked: answer(), stat("/f"))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((401, Unauthenticated), (403, PermissionDenied), (404, NotFound), (410, NotFound), (414, NotFound)),
        *((429, Busy), (503, Busy), (504, Timeout), (508, NotFound)),
        *(
            (204, Misbehaved),
            (304, Misbehaved),
            (400, Misbehaved),
            (407, Misbehaved),
            (500, Misbehaved),
            (599, Misbehaved),
        ),
    ],
)
def test_each_status_means_one_thing(status, error):
    with pytest.raises(error) as caught:
        before(lambda asked: answer(status), stat("/f"))
    assert type(caught.value) is error


def test_a_busy_server_says_for_how_long():
    with pytest.raises(Busy) as caught:
        before(lambda asked: answer(503, retry_after="7"), stat("/f"))
    assert caught.value.retry_after == 7


# --- the root, health ---


@pytest.mark.parametrize("status", [200, 204, 301, 302, 403, 404, 405, 501])
def test_a_server_that_answers_has_a_root(status):
    assert before(lambda asked: answer(status), stat("/"))[0] == FileInfo("", directory=True)


@pytest.mark.parametrize(
    ("status", "written", "error"),
    [
        (401, {}, Unauthenticated),
        (403, {"index": "json"}, PermissionDenied),
        (403, {"token": Secret(literal="t")}, PermissionDenied),
        (404, {"index": "html"}, EndpointError),
        (429, {}, Busy),
        (500, {}, Misbehaved),
        (503, {}, Busy),
        (508, {}, Misbehaved),
    ],
)
def test_a_root_that_cannot_be_is_told(status, written, error):
    for question in (stat("/"), health):
        with pytest.raises(error):
            before(lambda asked: answer(status), question, **written)


def test_health_asks_for_the_file_that_probe_names():
    pages = {f"{ROOT}/.probe": FILE, f"{ROOT}/": answer(403)}
    _, server = before(site(pages), health, probe="/.probe", index="json")

    assert server.questions == [f"HEAD {ROOT}/.probe"]


@pytest.mark.parametrize(
    ("status", "error"), [(404, EndpointError), (403, PermissionDenied), (401, Unauthenticated), (500, Misbehaved)]
)
def test_a_probe_that_is_not_to_be_had_is_a_failure_of_the_server(status, error):
    with pytest.raises(error) as caught:
        before(lambda asked: answer(status), health, probe="/.probe")
    assert not isinstance(caught.value, NotFound)


# --- list ---


def index(body: str, kind: str = "text/html") -> object:
    return answer(200, body.encode(), content_type=kind)


def test_a_json_index_is_one_question():
    body = '[{"name": "d", "type": "directory"}, {"name": "f", "type": "file", "size": 3}]'
    found, server = before(site({f"{ROOT}/x/": index(body, "application/json")}), listing("/x"), index="json")

    assert found == [FileInfo("d", directory=True), FileInfo("f", size=3)]
    assert server.questions == [f"GET {ROOT}/x/"]
    assert server.asked[0].headers["accept"] == "application/json"


def test_the_files_of_a_page_are_asked_for_and_come_in_its_order():
    names = [f"f{number}" for number in range(40)]
    page = index("".join(f'<a href="{name}">' for name in ["d/", *names, "gone", "denied"]))
    pages = {f"{ROOT}/": page, f"{ROOT}/denied": answer(403)} | {f"{ROOT}/{name}": FILE for name in names}
    found, server = before(site(pages), listing("/"), index="html")

    assert [(info.name, info.directory, info.size) for info in found] == [("d", True, None)] + [
        (name, False, 3) for name in names
    ]
    assert f"HEAD {ROOT}/d" not in server.questions


def test_a_link_without_a_slash_may_be_a_directory():
    pages = {f"{ROOT}/": index("<a href=d>"), f"{ROOT}/d": redirect("/data/d/"), f"{ROOT}/d/": answer()}

    assert before(site(pages), listing("/"), index="html")[0] == [FileInfo("d", directory=True)]


def test_links_count_from_where_the_page_is():
    pages = {
        f"{ROOT}/x/": redirect("https://web.example.org/data/x/"),
        "https://web.example.org/data/x/": index('<a href="https://web.example.org/data/x/d/">'),
    }

    assert before(site(pages), listing("/x"), index="html")[0] == [FileInfo("d", directory=True)]


def test_a_page_whose_files_cannot_be_asked_for_fails():
    pages = {f"{ROOT}/": index("<a href=f><a href=g>")}
    with pytest.raises(Busy):
        before(site(pages, answer(503)), listing("/"), index="html")


@pytest.mark.parametrize(
    ("kind", "written"), [("text/html", "json"), ("application/json", "html"), ("text/plain", "html"), ("", "json")]
)
def test_an_index_of_another_kind_is_not_read(kind, written):
    with pytest.raises(Misbehaved, match="of another kind"):
        before(site({f"{ROOT}/": index("[]", kind)}), listing("/"), index=written)


@pytest.mark.parametrize(
    ("pages", "error"),
    [
        ({}, NotFound),
        ({f"{ROOT}/x": FILE}, NotADirectory),
        ({f"{ROOT}/x": redirect("x/"), f"HEAD {ROOT}/x/": answer()}, PermissionDenied),
        ({f"{ROOT}/x/": answer(403)}, PermissionDenied),
        ({f"{ROOT}/x/": answer(500)}, Misbehaved),
        ({f"{ROOT}/x/": answer(508)}, NotFound),
    ],
)
def test_what_cannot_be_listed_says_why(pages, error):
    with pytest.raises(error):
        before(site(pages), listing("/x"), index="json")


def test_a_root_that_is_missing_is_no_empty_listing():
    with pytest.raises(EndpointError, match="check url"):
        before(site({}), listing("/"), index="json")


def test_without_an_index_nothing_is_listed():
    with pytest.raises(Unsupported):
        before(site({}), listing("/"))
    assert not options().listable
    assert options(index="json").listable
    assert not options(index="json", listable=False).listable


# --- checksum, redirect ---


def checksum(algorithm: str):
    return lambda endpoint, call: endpoint.checksum("/f", algorithm, call)


def test_a_checksum_is_asked_for_by_name():
    found, server = before(
        site({f"{ROOT}/f": answer(digest="SHA=ETqQxdABuRHLzRSmi9R7WmOiaEc=")}), checksum("sha1"), checksums=("sha1",)
    )

    assert found == "113a90c5d001b911cbcd14a68bd47b5a63a26847"
    assert server.asked[0].headers["want-digest"] == "sha"


def test_a_checksum_that_is_not_to_be_had_is_unsupported_and_a_missing_file_is_not_found():
    with pytest.raises(Unsupported, match="option checksums"):
        before(site({}), checksum("md5"), checksums=("adler32",))
    with pytest.raises(Unsupported, match="does not tell"):
        before(site({f"{ROOT}/f": FILE}), checksum("md5"), checksums=("md5",))
    with pytest.raises(NotFound):
        before(site({}), checksum("md5"), checksums=("md5",))


def test_checksums_are_a_capability_when_the_server_has_them():
    assert not HttpEndpoint("web", options()).capabilities()["checksum"]
    assert HttpEndpoint("web", options(checksums=("md5",))).capabilities()["checksum"]


def test_clients_are_sent_to_the_public_url():
    endpoint = HttpEndpoint("web", options(public_url="https://public.example.org/d"))
    location = endpoint.redirect("/a b", Intent.GET, Transfer(), Call.until(1))

    assert location.url == "https://public.example.org/d/a%20b"
    assert not location.signed
    with pytest.raises(Unsupported):
        endpoint.redirect("/f", Intent.PUT, Transfer(), Call.until(1))
    with pytest.raises(IsADirectory):
        endpoint.redirect("/", Intent.GET, Transfer(), Call.until(1))


def test_an_endpoint_that_is_not_open_says_so():
    endpoint = HttpEndpoint("web", options())
    with pytest.raises(EndpointError, match="not open"):
        endpoint.stat("/f", Call.until(1)).send(None)
