# SPDX-License-Identifier: Apache-2.0
"""Options of the file endpoint, the errors of the operating system, and how the plugin registers."""

from __future__ import annotations

import errno

import pytest
import ugr_file
from ugr_file import FileEndpoint, FileOptions
from ugr_file.faults import MEANINGS, translated

from ugr.plugin import (
    AlreadyExists,
    Busy,
    ConfigError,
    EndpointError,
    Misbehaved,
    NoSpace,
    NotFound,
    PermissionDenied,
    Refused,
    Timeout,
    UgrError,
    Url,
)


@pytest.mark.parametrize("path", ["", "data", "./data", "~/data", "/", "//", "/data\0"])
def test_a_path_that_is_no_absolute_directory_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match=r"\[endpoint:disk\] path = .*absolute"):
        FileEndpoint("disk", FileOptions(path=path))


@pytest.mark.parametrize("marker", ["", ".", "..", "a/b", "/a", "a\0"])
def test_a_marker_that_is_no_plain_name_is_refused(marker: str) -> None:
    with pytest.raises(ConfigError, match=r"\[endpoint:disk\] marker = .*plain file name"):
        FileEndpoint("disk", FileOptions(path="/data", marker=marker))


def test_a_url_is_refused_with_a_word_about_path() -> None:
    with pytest.raises(ConfigError, match=r"\[endpoint:disk\] url = .*has a path"):
        FileEndpoint("disk", FileOptions(path="/data", url=Url("https://disk.example.org")))


def test_making_an_endpoint_does_not_touch_the_directory() -> None:
    assert FileEndpoint("disk", FileOptions(path="/does/not/exist")).name == "disk"


def test_the_hook_registers_the_class_under_its_type() -> None:
    assert ugr_file.ugr_endpoint_types() == [FileEndpoint]
    assert (FileEndpoint.type, FileEndpoint.Options, FileEndpoint.contract) == ("file", FileOptions, 1)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (errno.ENOENT, NotFound),
        (errno.EACCES, PermissionDenied),
        (errno.EROFS, PermissionDenied),
        (errno.EEXIST, AlreadyExists),
        (errno.ENOSPC, NoSpace),
        (errno.EDQUOT, NoSpace),
        (errno.ETIMEDOUT, Timeout),
        (errno.EMFILE, Busy),
        (errno.ESTALE, Refused),
        (errno.EIO, Refused),
        (errno.EPROTO, Misbehaved),
    ],
)
def test_errors_of_the_system_become_facts(code: int, error: type[UgrError]) -> None:
    with pytest.raises(error) as caught, translated():
        raise OSError(code, "raw", "/srv/data/f")
    assert type(caught.value) is error
    assert "/srv" not in str(caught.value)


def test_only_errors_about_the_name_mean_absence() -> None:
    absent = {code for code, meaning in MEANINGS.items() if meaning is NotFound}
    assert absent == {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}
    with pytest.raises(EndpointError), translated():
        raise OSError("without a number")
