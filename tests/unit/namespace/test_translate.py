# SPDX-License-Identifier: Apache-2.0
"""Names on the way to an endpoint: Rucio's hash, several prefixes, and both behind a mount."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.errors import ConfigError
from ugr.federation.answers import Target, Targets
from ugr.federation.slots import Slots
from ugr.namespace.mounts import Mounted, Mounts
from ugr.namespace.translate import prefixes, rucio
from ugr.plugin.options import EndpointOptions

word = st.text(st.sampled_from("abcXYZ019_-"), min_size=1, max_size=8)
scope = st.lists(word, min_size=1, max_size=3).map(".".join)
name = st.text(st.sampled_from("abcXYZ019_-."), min_size=1, max_size=12).filter(lambda text: text.strip("."))


def digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def target(lfn: str, **written) -> Target:
    """Return where one endpoint with these options has a path."""
    mounts = Mounts([Mounted.of("e", EndpointOptions(**written))], Slots())
    return mounts.eligible(lfn).readers[0].target(lfn)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        # the table in docs/howto/mounts
        ("/data13_8TeV/f", "/data13_8TeV/b2/0d/f"),
        ("/user.jdoe/f", "/user/jdoe/ec/c3/f"),
        # the example of Dynafed's manual
        ("/data13_8TeV/log.01387999._000012.job.log.tgz.2", "/data13_8TeV/11/b4/log.01387999._000012.job.log.tgz.2"),
        ("/data13_8TeV:log.01387999._000012.job.log.tgz.2", "/data13_8TeV/11/b4/log.01387999._000012.job.log.tgz.2"),
        ("/user.jdoe/f", f"/user/jdoe/{digest('user.jdoe:f')[:2]}/{digest('user.jdoe:f')[2:4]}/f"),
        (
            "/group/phys-higgs:f",
            f"/group/phys-higgs/{digest('group.phys-higgs:f')[:2]}/{digest('group.phys-higgs:f')[2:4]}/f",
        ),
        ("/mc16.x/f", f"/mc16.x/{digest('mc16.x:f')[:2]}/{digest('mc16.x:f')[2:4]}/f"),
        ("/cms:dir/f", f"/cms/{digest('cms:dir/f')[:2]}/{digest('cms:dir/f')[2:4]}/dir/f"),
    ],
)
def test_files_have_the_names_that_rucio_gives_them(path, expected):
    assert rucio(path) == expected


@pytest.mark.parametrize("path", ["", "/mc16", "/user", "/user/jdoe", "/group/x", "/:f", "/a:", "/a:/f", "/..:f"])
def test_what_has_no_scope_in_front_stays_as_it_is(path):
    assert rucio(path) == path


@given(scope, name)
def test_the_two_ways_of_writing_a_name_mean_one_file(scope, name):
    assert rucio(f"/{scope}/{name}") == rucio(f"/{scope}:{name}")


@given(scope, name)
def test_dots_of_a_scope_may_be_written_as_directories(scope, name):
    for owner in ("user", "group"):
        of_owner = f"{owner}.{scope}"
        assert rucio(f"/{of_owner}/{name}") == rucio(f"/{of_owner.replace('.', '/')}/{name}")


@given(scope, name)
def test_scope_and_name_can_be_read_off_the_result_and_the_hash_is_theirs(scope, name):
    *directory, first, second, last = rucio(f"/{scope}/{name}")[1:].split("/")

    assert last == name
    assert ".".join(directory) == scope
    assert digest(f"{scope}:{name}").startswith(first + second)
    assert (len(first), len(second)) == (2, 2)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_no_path_becomes_one_with_empty_components(text):
    path = "/" + "/".join(part for part in text.split("/") if part not in ("", ".", ".."))
    path = "" if path == "/" else path

    assert "//" not in rucio(path)
    assert not rucio(path).endswith("/")


def test_the_mount_comes_first_and_the_hash_is_of_what_is_below_it():
    found = target("/atlas/rucio/data13_8TeV/log.01387999._000012.job.log.tgz.2", mount=("/atlas=/dpm",), names="rucio")
    assert found.path.startswith("/dpm/rucio.data13_8TeV/")

    found = target(
        "/atlas/rucio/data13_8TeV/log.01387999._000012.job.log.tgz.2", mount=("/atlas/rucio=/dpm/rucio",), names="rucio"
    )
    assert found == Target("e", "/dpm/rucio/data13_8TeV/11/b4/log.01387999._000012.job.log.tgz.2")


def test_each_prefix_stands_in_front_of_all_the_rest():
    assert target("/atlas/f", mount=("/atlas=/data",), multiply=("/disk1", "/", "/disk2/x")) == Targets(
        "e", "/disk1/data/f", ("/data/f", "/disk2/x/data/f")
    )
    assert target("/atlas", mount=("/atlas",), multiply=("/disk1", "/")) == Targets("e", "/disk1", ("/",))
    assert target("/s/n", names="rucio", multiply=("/a",)) == Targets(
        "e", f"/a/s/{digest('s:n')[:2]}/{digest('s:n')[2:4]}/n", ()
    )


@given(st.lists(word, min_size=1, max_size=4), st.lists(word, max_size=2), st.lists(word, max_size=2))
def test_a_plain_path_is_the_base_and_what_is_below_the_mount(below, mount, base):
    prefix, root = "/" + "/".join(mount), "/" + "/".join(base)
    rest = "/" + "/".join(below)
    lfn = (prefix if prefix != "/" else "") + rest

    assert target(lfn, mount=(f"{prefix}={root}",)) == Target("e", (root if root != "/" else "") + rest)


def test_hashed_names_cannot_be_listed():
    mounts = Mounts([Mounted.of("e", EndpointOptions(names="rucio"))], Slots())

    assert [route.endpoint for route in mounts.eligible("/").readers] == ["e"]
    assert mounts.eligible("/").listers == ()
    assert not EndpointOptions(names="rucio").listable


def test_a_listing_tells_where_files_are_only_when_there_is_one_place():
    def tells(**written):
        mounts = Mounts([Mounted.of("e", EndpointOptions(**written)), Mounted.of("plain", EndpointOptions())], Slots())
        return mounts.eligible("/").listing_tells

    assert tells()
    assert tells(multiply=("/disk1",))
    assert not tells(multiply=("/disk1", "/disk2"))
    assert not tells(names="rucio")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["disk1"], "disk1: .*write for example /disk1"),
        (["/a", "/a/"], "/a/: is written twice"),
        (["/a/.."], "components"),
    ],
)
def test_bad_prefixes_are_refused_with_the_word_and_a_remedy(words, message):
    with pytest.raises(ConfigError, match=message):
        prefixes(words)
