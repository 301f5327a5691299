# SPDX-License-Identifier: Apache-2.0
"""What storages may say, on the wire: listings as they are, refusals, redirects, nonsense."""

from __future__ import annotations

import pytest

from tests.integration.dav.scripted import multistatus, response
from tests.unit.dav.samples import SAMPLES
from ugr.plugin import (
    AlreadyExists,
    Busy,
    Conflict,
    EndpointError,
    Misbehaved,
    NoSpace,
    NotADirectory,
    NotFound,
    PermissionDenied,
    Secret,
    Timeout,
    UgrError,
    Unauthenticated,
    Unsupported,
    Usage,
)
from ugr.testing import DrunkServer
from ugr.testing.drunk import BEHAVIOURS


@pytest.mark.parametrize("name", SAMPLES)
def test_a_storages_listing_is_read_and_how_it_writes_names_is_learnt(site, scripted, name):
    sample = SAMPLES[name]
    scripted.says("PROPFIND", "/store/d/", 207, sample.text)
    for literal in ("a%252Fb", "%2541", "100%25"):
        # what a storage that does not encode says of a name with a percent sign
        if not sample.encodes:
            text = multistatus(response(f"/store/d/{literal.replace('%25', '%')}"))
            scripted.says("PROPFIND", f"/store/d/{literal}", 207, text)
    here = site(f"{scripted.url}/store/d")
    assert here.list("/") == sample.shows
    assert here.list("/") == sample.shows
    assert scripted.seen[0].headers["depth"] == "1"


def test_how_names_are_written_is_asked_once(site, scripted):
    scripted.says(
        "PROPFIND", "/", 207, multistatus(response("/", "directory"), response("/a%20b"), response("/c%20d"))
    )
    here = site(scripted.url)
    for _ in range(2):
        assert [info.name for info in here.list("/")] == ["a b", "c d"]
    assert scripted.asked == ["PROPFIND /", "PROPFIND /a%2520b", "PROPFIND /"]


def test_a_storage_that_does_not_encode_is_believed_only_when_it_names_what_was_asked_for(site, scripted):
    scripted.says("PROPFIND", "/", 207, multistatus(response("/", "directory"), response("/a%20b")))
    scripted.says("PROPFIND", "/a%2520b", 207, multistatus(response("/a%2520b")))
    assert [info.name for info in site(scripted.url).list("/")] == ["a b"]


def test_a_directory_in_which_nothing_can_be_shown_is_not_empty(site, scripted):
    scripted.has("/d", "directory")
    scripted.says("PROPFIND", "/d/", 207, multistatus(response("/d/", "directory"), response("/d/lat%e9")))
    scripted.says("DELETE", "/d/", 204)
    here = site(scripted.url)
    assert here.list("/d") == []
    with pytest.raises(Conflict, match="not empty"):
        here.ask("delete", "/d")
    assert not [request for request in scripted.asked if request.startswith("DELETE")]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, Unauthenticated),
        (403, PermissionDenied),
        (404, NotFound),
        (429, Busy),
        (500, Misbehaved),
        (503, Busy),
        (504, Timeout),
        (507, NoSpace),
    ],
)
def test_a_refusal_is_its_fact_for_every_question(site, scripted, status, error):
    for target in ("/f", "/f/"):
        scripted.says("PROPFIND", target, status, Retry_After="7")
    here = site(scripted.url)
    for ask in (lambda: here.ask("stat", "/f"), lambda: here.list("/f"), lambda: here.ask("delete", "/f")):
        with pytest.raises(UgrError) as caught:
            ask()
        assert type(caught.value) is error
        if error is Busy:
            assert caught.value.retry_after == 7.0


@pytest.mark.parametrize("status", [405, 501])
def test_a_server_that_does_not_speak_webdav_is_told_from_absence(site, scripted, status):
    scripted.says("PROPFIND", "/f", status)
    with pytest.raises(EndpointError, match="write type = http") as caught:
        site(scripted.url).ask("stat", "/f")
    assert not caught.value.retryable


@pytest.mark.parametrize("body", ["<html>Please log in</html>", multistatus(), "", multistatus(response("/other/f"))])
@pytest.mark.parametrize("status", [200, 207])
def test_an_answer_about_nothing_is_never_absence(site, scripted, status, body):
    scripted.says("PROPFIND", "/d/f", status, body)
    with pytest.raises(EndpointError):
        site(scripted.url).ask("stat", "/d/f")


def test_a_root_that_is_not_there_is_a_misconfiguration(site, scripted):
    here = site(f"{scripted.url}/wrong")
    for ask in (lambda: here.ask("stat", "/"), lambda: here.ask("health"), lambda: here.list("/")):
        with pytest.raises(EndpointError, match="check url") as caught:
            ask()
        assert not isinstance(caught.value, NotFound)
    scripted.has("/wrong/", "file")
    with pytest.raises(EndpointError, match="write that of a directory"):
        here.ask("health")


def test_a_missing_name_may_be_told_inside_a_multistatus(site, scripted):
    gone = "<response><href>/f</href><propstat><prop/><status>HTTP/1.1 404 Not Found</status></propstat></response>"
    scripted.says("PROPFIND", "/f", 207, multistatus(gone))
    with pytest.raises(NotFound):
        site(scripted.url).ask("stat", "/f")


def test_a_similar_name_is_not_the_one_that_was_asked_for(site, scripted):
    scripted.says("PROPFIND", "/d/what%3F", 207, multistatus(response("/d/what")))
    with pytest.raises(NotFound, match="similar"):
        site(scripted.url).ask("stat", "/d/what?")


def test_a_400_below_a_file_is_found_out(site, scripted):
    scripted.has("/d/f")
    for target in ("/d/f/x", "/d/f/x/y"):
        scripted.says("PROPFIND", target, 400)
    here = site(scripted.url)
    for path in ("/d/f/x", "/d/f/x/y"):
        with pytest.raises(NotADirectory):
            here.ask("stat", path)


def test_a_400_that_is_about_the_name_does_not_count_against_the_storage(site, scripted):
    scripted.has("/d", "directory")
    scripted.says("PROPFIND", "/d/f", 400)
    with pytest.raises(UgrError, match="does not take this path") as caught:
        site(scripted.url).ask("stat", "/d/f")
    assert not isinstance(caught.value, EndpointError | NotFound)


def test_a_lock_is_a_conflict_that_may_pass(site, scripted):
    scripted.has("/f")
    scripted.says("DELETE", "/f", 423)
    with pytest.raises(Conflict, match="locked") as caught:
        site(scripted.url).ask("delete", "/f")
    assert caught.value.retryable


@pytest.mark.parametrize(("status", "error"), [(423, Conflict), (403, PermissionDenied), (507, NoSpace)])
def test_a_207_to_a_change_is_the_refusal_in_it(site, scripted, status, error):
    scripted.has("/f")
    refused = f"<response><href>/f</href><status>HTTP/1.1 {status} Said</status></response>"
    scripted.says("DELETE", "/f", 207, multistatus(refused))
    with pytest.raises(error):
        site(scripted.url).ask("delete", "/f")


def test_without_overwrite_a_target_that_appeared_meanwhile_is_taken(site, scripted):
    scripted.has("/f")
    scripted.says("MOVE", "/f", 412)
    with pytest.raises(AlreadyExists):
        site(scripted.url).ask("move", "/f", "/g", True)
    assert scripted.seen[-1].headers["overwrite"] == "F"
    assert scripted.seen[-1].headers["destination"] == f"{scripted.url}/g"


def test_a_target_that_is_there_is_overwritten_when_that_is_wanted(site, scripted):
    scripted.has("/f")
    scripted.has("/g")
    scripted.says("MOVE", "/f", 204)
    site(scripted.url).ask("move", "/f", "/g", True)
    assert scripted.seen[-1].headers["overwrite"] == "T"


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (201, "Perf Marker\nTimestamp: 1\nEnd\nfailure: no delegated credential\n", {}),
        (202, "", {"Content_Type": "text/perf-marker-stream"}),
        (400, "failure: cannot do this", {}),
    ],
)
def test_a_copy_that_is_taken_for_a_transfer_is_said_so(site, scripted, status, body, headers):
    scripted.has("/f")
    scripted.says("COPY", "/f", status, body, **headers)
    with pytest.raises(Unsupported, match="write copies = no"):
        site(scripted.url).ask("copy", "/f", "/g", False)


def test_a_storage_that_does_not_decode_destination_is_caught(site, scripted):
    scripted.has("/f")
    scripted.says("MOVE", "/f", 201)
    with pytest.raises(EndpointError, match="may not decode Destination"):
        site(scripted.url).ask("move", "/f", "/a b", False)


def test_changes_are_sent_once_and_never_redirected(site, scripted):
    scripted.has("/f")
    scripted.says("DELETE", "/f", 307, Location="/elsewhere")
    with pytest.raises(EndpointError, match="redirects"):
        site(scripted.url).ask("delete", "/f")
    assert scripted.asked == ["PROPFIND /f", "DELETE /f"]


def test_a_directory_that_wants_a_slash_is_asked_with_one_where_we_are(site, scripted):
    scripted.says("PROPFIND", "/d", 301, Location="http://backend.invalid:8080/d/")
    scripted.has("/d/", "directory")
    assert site(scripted.url).ask("stat", "/d").directory
    assert scripted.asked == ["PROPFIND /d", "PROPFIND /d/"]


def test_a_redirect_in_a_circle_is_misbehaviour(site, scripted):
    scripted.says("PROPFIND", "/f", 302, Location="/g")
    scripted.says("PROPFIND", "/g", 302, Location="/f")
    with pytest.raises(Misbehaved, match="circle"):
        site(scripted.url).ask("stat", "/f")


@pytest.mark.parametrize("trusted", [(), ("localhost",)])
def test_a_pool_is_asked_and_shown_the_token_only_when_it_is_trusted(site, scripted, trusted):
    elsewhere = f"http://localhost:{scripted.port}/pool/f?key=x"
    scripted.says("PROPFIND", "/f", 307, Location=elsewhere)
    scripted.says("PROPFIND", "/pool/f?key=x", 207, multistatus(response("/pool/f")))
    here = site(scripted.url, token=Secret(literal="the token"), trusted_hosts=trusted)
    assert here.ask("stat", "/f").size == 5
    first, second = scripted.seen
    assert first.headers["authorization"] == "Bearer the token"
    assert ("authorization" in second.headers) == bool(trusted)


def test_a_listing_is_followed_too(site, scripted):
    scripted.says("PROPFIND", "/d/", 302, Location="/pool/d/")
    scripted.says("PROPFIND", "/pool/d/", 207, multistatus(response("/pool/d/", "directory"), response("/pool/d/f")))
    assert [info.name for info in site(scripted.url).list("/d")] == ["f"]


def test_a_renewed_token_is_sent(site, scripted, kept):
    scripted.has("/f")
    token = kept("old")
    here = site(scripted.url, token=token.secret)
    here.ask("stat", "/f")
    token.renew("new")
    here.ask("stat", "/f")
    assert [seen.headers["authorization"] for seen in scripted.seen] == ["Bearer old", "Bearer new"]


@pytest.mark.parametrize(
    ("digest", "algorithm", "found"),
    [
        ("adler32=1", "adler32", "00000001"),
        ("md5=9WGq9u8L8U1CCLtGpMyzrQ==", "md5", "f561aaf6ef0bf14d4208bb46a4ccb3ad"),
        ("adler32=02d30169", "md5", None),
        ("", "adler32", None),
    ],
)
def test_a_checksum_is_that_of_the_algorithm_that_was_asked_for(site, scripted, digest, algorithm, found):
    scripted.has("/f")
    scripted.says("HEAD", "/f", 200, Digest=digest)
    here = site(scripted.url)
    if found is None:
        with pytest.raises(Unsupported):
            here.ask("checksum", "/f", algorithm)
    else:
        assert here.ask("checksum", "/f", algorithm) == found
    assert scripted.seen[-1].headers["want-digest"] == algorithm


def test_space_is_told_by_properties(site, scripted):
    found = (
        "<response><href>/d</href><propstat><prop><quota-used-bytes>12</quota-used-bytes><quota-available-bytes>7"
        "</quota-available-bytes></prop><status>HTTP/1.1 200 OK</status></propstat></response>"
    )
    scripted.says("PROPFIND", "/d", 207, multistatus(found))
    assert site(scripted.url).ask("usage", "/d") == Usage(12, 7)


@pytest.mark.parametrize("behaviour", sorted(BEHAVIOURS))
def test_a_drunk_storage_gives_an_error_of_the_contract_and_no_absence(site, behaviour):
    with DrunkServer() as drunk:
        drunk.behave(behaviour)
        here = site(drunk.url)
        for ask in (
            lambda: here.ask("stat", "/f", seconds=0.6),
            lambda: here.list("/d", seconds=0.6),
            lambda: here.ask("checksum", "/f", "adler32", seconds=0.6),
        ):
            with pytest.raises(UgrError) as caught:
                ask()
            assert isinstance(caught.value, NotFound) == (behaviour in ("not-found", "stale"))
