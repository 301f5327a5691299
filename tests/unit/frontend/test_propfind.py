# SPDX-License-Identifier: Apache-2.0
"""PROPFIND over the wire: documents parsed by ElementTree and compared."""

from __future__ import annotations

import io
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from tests.unit.frontend.fake import DATE, Answer, Client, World
from ugr.errors import Unavailable
from ugr.federation.merge import etag
from ugr.model import FileInfo

D = "{DAV:}"
DIRECTORY = ("collection",)
Found = dict[str, dict[str, object]]


def statuses(answer: Answer) -> dict[str, dict[int, dict[str, object]]]:
    """Return href -> status -> property -> text; resourcetype is a tuple of the names inside."""
    assert answer.status == 207
    assert answer["Content-Type"] == "application/xml; charset=utf-8"
    found: dict[str, dict[int, dict[str, object]]] = {}
    for response in ElementTree.fromstring(answer.body).findall(f"{D}response"):
        stats: dict[int, dict[str, object]] = {}
        for propstat in response.findall(f"{D}propstat"):
            status = propstat.findtext(f"{D}status")
            assert status is not None
            stats[int(status.split()[1])] = {
                prop.tag.removeprefix(D): tuple(item.tag.removeprefix(D) for item in prop)
                if prop.tag == f"{D}resourcetype"
                else (prop.text or "")
                for prop in propstat.findall(f"{D}prop/*")
            }
        href = response.findtext(f"{D}href")
        assert href is not None
        assert href not in found
        found[href] = stats
    return found


def properties(answer: Answer) -> Found:
    """Return href -> property -> text, for answers in which every property is known."""
    return {href: stats[200] for href, stats in statuses(answer).items() if set(stats) == {200}}


FILE = {"resourcetype": (), "displayname": "f", "getcontentlength": "5", "getlastmodified": DATE}


def test_depth_0_of_a_file_without_body_is_everything_known_of_it(world: World, ask: Client) -> None:
    tag = etag("/atlas/f", world.namespace.tree["/atlas/f"])
    answer = ask("PROPFIND", "/fed/atlas/f", {"Depth": "0"})
    assert properties(answer) == {"/fed/atlas/f": FILE | {"getetag": tag}}
    assert answer.get("Content-Location") is None


def test_depth_1_of_a_file_is_the_file_itself_under_the_very_name_asked(world: World, ask: Client) -> None:
    world.namespace.file("/atlas/a:b@c+d,e;f=g&h$i!j*k'l(m)n~o p%")
    target = "/fed/atlas/a:b@c+d,e;f=g&h$i!j*k'l(m)n~o%20p%25"
    assert list(statuses(ask("PROPFIND", target, {"Depth": "1"}))) == [target]


def test_depth_0_of_a_directory_ends_in_a_slash_and_has_no_length(ask: Client) -> None:
    for target in ("/fed/atlas", "/fed/atlas/"):
        assert properties(ask("PROPFIND", target, {"Depth": "0"})) == {
            "/fed/atlas/": {"resourcetype": DIRECTORY, "displayname": "atlas"}
        }


def test_directory_itself_is_the_same_with_and_without_its_slash(world: World, ask: Client) -> None:
    world.namespace.tree["/atlas"] = FileInfo("atlas", directory=True, mtime=784111777.0)
    bare, slashed = (statuses(ask("PROPFIND", f"/fed/atlas{slash}", {"Depth": "1"})) for slash in ("", "/"))
    assert bare == slashed


def test_directory_asked_without_its_slash_is_told_its_name(ask: Client) -> None:
    for depth in ("0", "1"):
        assert ask("PROPFIND", "/fed/atlas", {"Depth": depth})["Content-Location"] == "/fed/atlas/"
        assert ask("PROPFIND", "/fed/atlas/", {"Depth": depth}).get("Content-Location") is None


@pytest.mark.parametrize("target", ["/fed/atlas", "/fed/atlas/"])
def test_depth_1_of_a_directory_is_itself_first_and_then_its_entries(ask: Client, target: str) -> None:
    found = properties(ask("PROPFIND", target, {"Depth": "1"}))
    hard = "/fed/atlas/a%20b&%3Cc%3E'%22%C3%A9%25"
    assert next(iter(found)) == "/fed/atlas/"
    assert found == {
        "/fed/atlas/": {"resourcetype": DIRECTORY, "displayname": "atlas"},
        "/fed/atlas/f": FILE,
        "/fed/atlas/sub/": {"resourcetype": DIRECTORY, "displayname": "sub"},
        hard: FILE | {"displayname": "a b&<c>'\"é%", "getcontentlength": "7"},
    }
    assert unquote(hard) == "/fed/atlas/a b&<c>'\"é%"


def test_root_is_called_after_the_prefix(ask: Client) -> None:
    for target in ("/fed", "/fed/"):
        assert list(properties(ask("PROPFIND", target, {"Depth": "1"}))) == ["/fed/", "/fed/atlas/"]
    assert properties(ask("PROPFIND", "/fed", {"Depth": "0"}))["/fed/"]["displayname"] == "fed"


def test_directory_above_the_namespace_leads_to_it(ask: Client) -> None:
    assert list(properties(ask("PROPFIND", "/", {"Depth": "0"}))) == ["/"]
    assert list(properties(ask("PROPFIND", "/", {"Depth": "1"}))) == ["/", "/fed/"]


def test_empty_file_has_length_zero_and_unknown_facts_are_left_out(world: World, ask: Client) -> None:
    world.namespace.file("/atlas/u", None, None)
    assert (
        properties(ask("PROPFIND", "/fed/atlas/sub/empty", {"Depth": "0"}))["/fed/atlas/sub/empty"]["getcontentlength"]
        == "0"
    )
    assert properties(ask("PROPFIND", "/fed/atlas/u", {"Depth": "0"})) == {
        "/fed/atlas/u": {"resourcetype": (), "displayname": "u"}
    }


def test_named_properties_are_found_or_404_with_their_namespaces(world: World, ask: Client) -> None:
    body = b"""<?xml version="1.0"?><a:propfind xmlns:a="DAV:" xmlns:D="urn:mine"><a:prop>
        <a:getcontentlength/><D:getcontentlength/><plain xmlns=""/><q xmlns='x&amp;&lt;"{0:d'/><a:quota-used-bytes/>
        <xml:odd/><L:mode xmlns:L="LCGDM:"/><a:creationdate/><a:getcontentlength/></a:prop></a:propfind>"""
    assert statuses(ask("PROPFIND", "/fed/atlas/f", {"Depth": "0"}, body)) == {
        "/fed/atlas/f": {
            200: {"resourcetype": (), "getcontentlength": "5", "{LCGDM:}mode": "100444"},
            404: {
                "{urn:mine}getcontentlength": "",
                "plain": "",
                '{x&<"{0:d}q': "",
                "quota-used-bytes": "",
                "{http://www.w3.org/XML/1998/namespace}odd": "",
                "creationdate": "",
            },
        }
    }


def test_what_grid_clients_ask_of_a_directory_is_answered_for_each_entry(ask: Client) -> None:
    body = b"""<D:propfind xmlns:D="DAV:" xmlns:L="LCGDM:"><D:prop><D:displayname/><D:getlastmodified/><D:creationdate/>
        <D:getcontentlength/><D:quota-used-bytes/><D:resourcetype/><L:mode/><D:owner/><D:group/></D:prop></D:propfind>"""
    found = statuses(ask("PROPFIND", "/fed/atlas", {"Depth": "1"}, body))
    unknown = {"creationdate": "", "quota-used-bytes": "", "owner": "", "group": ""}
    assert found["/fed/atlas/f"] == {200: FILE | {"{LCGDM:}mode": "100444"}, 404: unknown}
    assert found["/fed/atlas/sub/"] == {
        200: {"displayname": "sub", "resourcetype": DIRECTORY, "{LCGDM:}mode": "40555"},
        404: unknown | {"getlastmodified": "", "getcontentlength": ""},
    }


def test_entity_tag_is_given_for_a_name_that_was_looked_up_and_404_in_a_listing(world: World, ask: Client) -> None:
    body = b'<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>'
    tag = etag("/atlas/f", world.namespace.tree["/atlas/f"])
    assert statuses(ask("PROPFIND", "/fed/atlas/f", {"Depth": "1"}, body))["/fed/atlas/f"][200]["getetag"] == tag
    assert statuses(ask("PROPFIND", "/fed/atlas", {"Depth": "1"}, body))["/fed/atlas/f"][404] == {"getetag": ""}


def test_allprop_with_include_adds_what_is_included(ask: Client) -> None:
    body = b'<propfind xmlns="DAV:"><allprop/><include><x:mode xmlns:x="LCGDM:"/><none/></include></propfind>'
    found = statuses(ask("PROPFIND", "/fed/atlas/sub", {"Depth": "0"}, body))["/fed/atlas/sub/"]
    assert found == {
        200: {"resourcetype": DIRECTORY, "displayname": "sub", "{LCGDM:}mode": "40555"},
        404: {"none": ""},
    }


def test_propname_gives_names_without_values(ask: Client) -> None:
    body = b'<propfind xmlns="DAV:"><propname/></propfind>'
    found = statuses(ask("PROPFIND", "/fed/atlas/f", {"Depth": "0"}, body))["/fed/atlas/f"]
    names = ("resourcetype", "displayname", "getcontentlength", "getlastmodified", "getetag", "{LCGDM:}mode")
    assert found == {200: {name: () if name == "resourcetype" else "" for name in names}}


def test_infinite_depth_is_refused_with_the_precondition(ask: Client) -> None:
    for headers in ({}, {"Depth": "infinity"}):
        answer = ask("PROPFIND", "/fed/atlas", headers)
        assert answer.status == 403
        assert answer["Content-Type"] == "application/xml; charset=utf-8"
        error = ElementTree.fromstring(answer.body)
        assert (error.tag, [item.tag for item in error]) == (f"{D}error", [f"{D}propfind-finite-depth"])


@pytest.mark.parametrize("depth", ["2", "-1", "", "1, 1", "zero"])
def test_bad_depth_is_a_bad_request(ask: Client, depth: str) -> None:
    answer = ask("PROPFIND", "/fed/atlas", {"Depth": depth})
    assert answer.status == 400
    assert answer.text.startswith("400 bad-header: the Depth header")


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><propfind xmlns="DAV:"><prop><x>&c;</x></prop></propfind>"""
OUTSIDE = b'<!DOCTYPE p SYSTEM "file:///etc/passwd"><propfind xmlns="DAV:"><allprop/></propfind>'
MANY = b'<propfind xmlns="DAV:"><prop>' + b"".join(b"<p%d/>" % n for n in range(101)) + b"</prop></propfind>"
LONG = b'<propfind xmlns="DAV:"><prop><a' + b"a" * 20000 + b"/></prop></propfind>"
DEEP = b'<propfind xmlns="DAV:">' + b"<prop>" * 40 + b"</prop>" * 40 + b"</propfind>"


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS, OUTSIDE, MANY, LONG, DEEP, b"<", b"not xml", b"<a/>", b"\xff\xfe", b"\0", b"<propfind/>", b" ",
        b'<propfind xmlns="DAV:"/>', b'<propfind xmlns="DAV:"><prop/><allprop/></propfind>',
        b'<propfind xmlns="DAV:"><other/></propfind>', b'<propfind xmlns="DAV:"><prop></propfind>',
        b'<propfind xmlns="DAV:"><allprop/></propfind><x/>', b'<propfind xmlns="DAV:"><prop><u:x/></prop></propfind>',
        b'<?xml version="1.0" encoding="no-such"?><propfind xmlns="DAV:"><allprop/></propfind>',
        b'<propfind xmlns="DAV:"><prop><x>&undefined;</x></prop></propfind>',
    ],
)  # fmt: skip
def test_body_that_is_no_propfind_is_a_bad_request(ask: Client, body: bytes) -> None:
    answer = ask("PROPFIND", "/fed/atlas", {"Depth": "1"}, body)
    assert answer.status == 400
    assert answer.text.startswith("400 bad-body: ")
    assert "passwd" not in answer.text


def test_utf_16_body_is_understood(ask: Client) -> None:
    body = '<?xml version="1.0" encoding="utf-16"?><propfind xmlns="DAV:"><allprop/></propfind>'.encode("utf-16")
    assert ask("PROPFIND", "/fed/atlas", {"Depth": "0"}, body).status == 207


def test_announced_body_that_is_too_long_is_refused_before_it_is_read(world: World, ask: Client) -> None:
    world.configure(max_request_body=100)
    answer = ask("PROPFIND", "/fed/atlas", {"Depth": "0", "Content-Length": "101"}, b"<")
    assert (answer.status, answer.text.partition(":")[0]) == (413, "413 body-too-long")


def test_unannounced_body_is_cut_off_at_the_limit(world: World, ask: Client) -> None:
    world.configure(max_request_body=1 << 20)
    stream = io.BytesIO(b'<propfind xmlns="DAV:">' + b" " * (50 << 20))
    environ = ask.environ("PROPFIND", "/fed/atlas", {"Depth": "0"}, b"")
    environ |= {"wsgi.input": stream, "wsgi.input_terminated": True}
    assert ask.open(environ)[0] == 413
    assert stream.tell() <= (1 << 20) + 65536


def test_unannounced_body_is_read_to_its_end(ask: Client) -> None:
    environ = ask.environ("PROPFIND", "/fed/atlas/f", {"Depth": "0"}, b"")
    body = b'<propfind xmlns="DAV:"><prop><displayname/></prop></propfind>'
    status, _, blocks = ask.open(environ | {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True})
    assert status == 207
    assert b"getcontentlength" not in b"".join(blocks)


@pytest.mark.parametrize(
    ("length", "status"), [("-1", 400), ("1 2", 400), ("x", 400), ("99", 400), ("0", 207), ("1" * 30, 400)]
)
def test_wrong_content_length_is_a_bad_request(ask: Client, length: str, status: int) -> None:
    body = b'<propfind xmlns="DAV:"><allprop/></propfind>'
    assert ask("PROPFIND", "/fed/atlas", {"Depth": "0", "Content-Length": length}, body).status == status


def test_body_that_breaks_off_is_a_bad_request(ask: Client) -> None:
    class Broken:
        def read(self, size: int) -> bytes:
            raise ConnectionResetError("gone")

    environ = ask.environ("PROPFIND", "/fed/atlas", {"Depth": "0", "Content-Length": "9"}, b"")
    assert ask.open(environ | {"wsgi.input": Broken()})[0] == 400


def test_name_that_xml_cannot_hold_does_not_break_the_document(world: World, ask: Client) -> None:
    odd = "a\x01\x1f\ufffe\r\n\t\ud800]]>b"
    world.namespace.tree["/atlas/" + odd] = FileInfo(odd, size=1)
    found = properties(ask("PROPFIND", "/fed/atlas", {"Depth": "1"}))
    assert (
        found["/fed/atlas/a%01%1F%EF%BF%BE%0D%0A%09%3F%5D%5D%3Eb"]["displayname"]
        == "a\ufffd\ufffd\ufffd\r\n\t\ufffd]]>b"
    )


def description(answer: Answer) -> str | None:
    """Return what the multistatus as a whole says."""
    return ElementTree.fromstring(answer.body).findtext(f"{D}responsedescription")


def test_listing_says_at_its_start_who_was_not_asked_and_at_its_end_what_is_missing(world: World, ask: Client) -> None:
    world.namespace.unasked = ("triumf",)
    world.namespace.missing = {"ral": "timed out <3 s>"}
    world.namespace.truncated = {"cern": 10}
    answer = ask("PROPFIND", "/fed/atlas", {"Depth": "1"})
    assert answer["Ugr-Unasked"] == "triumf"
    assert description(answer) == "incomplete: ral: timed out <3 s>; cern: cut off after 10 entries"


def test_complete_listing_says_nothing(ask: Client) -> None:
    answer = ask("PROPFIND", "/fed/atlas", {"Depth": "1"})
    assert (answer.get("Ugr-Unasked"), description(answer)) == (None, None)


def test_listing_that_fails_before_anything_was_sent_has_the_status_of_the_failure(world: World, ask: Client) -> None:
    world.namespace.listing_error = Unavailable("ral was silent")
    answer = ask("PROPFIND", "/fed/atlas", {"Depth": "1"})
    assert (answer.status, answer["Retry-After"]) == (503, "5")
    assert world.namespace.closed == 1


def test_listing_that_fails_later_breaks_off_instead_of_looking_complete(world: World, ask: Client) -> None:
    for number in range(2000):
        world.namespace.file(f"/big/file{number}")
    world.namespace.listing_error = Unavailable("ral was silent")
    environ = ask.environ("PROPFIND", "/fed/big/", {"Depth": "1"}, b"")
    status, headers, blocks = ask.open(environ)
    assert (status, dict(headers).get("Content-Length")) == (207, None)
    with pytest.raises(Unavailable):
        b"".join(blocks)
    blocks.close()


def test_large_listing_is_sent_in_blocks_of_32_to_64_kib(world: World, ask: Client) -> None:
    world.namespace.batch = 1000
    for number in range(3000):
        world.namespace.file(f"/big/file{number}")
    _, _, iterable = ask.open(ask.environ("PROPFIND", "/fed/big/", {"Depth": "1"}, b""))
    blocks = list(iterable)
    iterable.close()
    assert all(32768 <= len(block) <= 65536 for block in blocks[:-1])
    assert len(ElementTree.fromstring(b"".join(blocks)).findall(f"{D}response")) == 3001
