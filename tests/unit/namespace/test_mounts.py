# SPDX-License-Identifier: Apache-2.0
"""Which endpoints a path may be on, and which directories exist by configuration."""

import pytest

from ugr.errors import ConfigError
from ugr.federation.answers import Target
from ugr.federation.slots import Slots
from ugr.namespace.mounts import Mount, Mounted, Mounts, parse


def targets(mounts, lfn, kind="readers"):
    return [route.target(lfn) for route in getattr(mounts.eligible(lfn), kind)]


def test_mount_words_are_prefixes_with_an_optional_directory():
    assert parse(["/atlas", "/belle2=/data/belle", "/"]) == (
        Mount("/atlas", "/"),
        Mount("/belle2", "/data/belle"),
        Mount("/", "/"),
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["atlas"], 'atlas: a path must start with "/"'),
        (["/atlas=data"], 'atlas=data: a path must start with "/"'),
        (["/a/../b"], "components"),
        (["/a", "/a=/x"], "/a is mounted twice"),
        ([], "needs at least one prefix"),
    ],
)
def test_bad_mounts_are_refused_with_the_word_and_a_remedy(words, message):
    with pytest.raises(ConfigError, match=message):
        parse(words)


def test_every_bad_mount_is_told():
    with pytest.raises(ConfigError) as caught:
        parse(["atlas", "/fine", "/x;comment", "/#", "/fine", "/cms=/data/a;b"])
    assert [line.partition(":")[0] for line in caught.value.message.splitlines()] == [
        "atlas",
        "/x;comment",
        "/#",
        "/fine",
    ]


def test_prefixes_end_on_component_boundaries():
    mounts = Mounts([Mounted("a", parse(["/atlas"]))], Slots())
    assert targets(mounts, "/atlas/f") == [Target("a", "/f")]
    assert targets(mounts, "/atlas") == [Target("a", "/")]
    assert targets(mounts, "/atlasX/f") == []


def test_prefix_is_replaced_by_the_endpoints_own_directory():
    mounts = Mounts([Mounted("a", parse(["/belle2=/data/belle"])), Mounted("b", parse(["/=/export"]))], Slots())
    assert targets(mounts, "/belle2/x/y") == [Target("a", "/data/belle/x/y"), Target("b", "/export/belle2/x/y")]
    assert targets(mounts, "/") == [Target("b", "/export")]


def test_longest_mount_of_each_endpoint_wins():
    mounts = Mounts([Mounted("a", parse(["/=/all", "/atlas/mc=/special"])), Mounted("b", parse(["/atlas"]))], Slots())
    assert targets(mounts, "/atlas/mc/f") == [Target("a", "/special/f"), Target("b", "/mc/f")]
    assert targets(mounts, "/atlas/f") == [Target("a", "/all/atlas/f"), Target("b", "/f")]


def test_mount_points_and_their_parents_exist_by_themselves():
    mounts = Mounts([Mounted("a", parse(["/x/y/z"]))], Slots())
    assert [mounts.exists(path) for path in ("/", "/x", "/x/y", "/x/y/z", "/x/other")] == [True] * 4 + [False]
    assert mounts.children("/") == {"x"}
    assert mounts.children("/x/y") == {"z"}
    assert mounts.children("/x/y/z") == frozenset()


def test_what_is_not_readable_or_listable_is_not_eligible_for_it():
    mounts = Mounts([Mounted("a", parse(["/"]), readable=False), Mounted("b", parse(["/"]), listable=False)], Slots())
    assert targets(mounts, "/f") == [Target("b", "/f")]
    assert targets(mounts, "/f", "listers") == [Target("a", "/f")]


def test_masks_name_the_endpoints():
    slots = Slots()
    mounts = Mounts([Mounted("a", parse(["/"])), Mounted("b", parse(["/b"]))], slots)
    assert slots.names(mounts.eligible("/b/f").asked_mask) == ("a", "b")
    assert slots.names(mounts.eligible("/f").asked_mask) == ("a",)
    assert mounts.eligible("/f").listers_mask == slots.bit("a")
