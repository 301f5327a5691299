# SPDX-License-Identifier: Apache-2.0
"""Which directory the processes of one service share, and the key that is kept there."""

import pytest

from ugr.config.directory import runtime_directory
from ugr.config.keys import FILE, data_key
from ugr.config.settings import UgrSettings
from ugr.config.types import Path as AbsolutePath
from ugr.config.types import Secret
from ugr.errors import ConfigError


def configured(path):
    return UgrSettings(runtime_dir=AbsolutePath(str(path)))


def test_configured_directory_is_used_and_no_other_is_made(tmp_path):
    assert runtime_directory(configured(tmp_path)) == tmp_path
    assert runtime_directory(configured(tmp_path), lambda: pytest.fail("made another one")) == tmp_path


def test_without_one_it_is_what_the_service_makes_or_none(tmp_path):
    assert runtime_directory(UgrSettings(), lambda: tmp_path) == tmp_path
    assert runtime_directory(UgrSettings()) is None


@pytest.mark.parametrize("there", ["nothing", "a file"])
def test_configured_directory_must_be_there(tmp_path, there):
    path = tmp_path / "run"
    if there == "a file":
        path.write_text("")
    with pytest.raises(ConfigError) as caught:
        runtime_directory(configured(path))
    assert caught.value.message == (
        f"[ugr] runtime_dir = {path}: no such directory; make it, for the user that runs ugr"
    )


def test_key_is_made_once_in_the_directory_and_shared(tmp_path):
    key = data_key(None, tmp_path)()
    assert len(key) == 64
    assert data_key(None, tmp_path)() == key
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_without_a_directory_each_has_a_key_of_its_own():
    one, other = data_key(None, None), data_key(None, None)
    assert one() == one() != other()


def test_configured_key_comes_before_that_of_the_directory(tmp_path):
    kept = data_key(None, tmp_path)()
    secret = tmp_path / "secret"
    secret.write_text("x" * 40 + "\n")
    secret.chmod(0o600)
    assert data_key(Secret(file=str(secret)), tmp_path)() == "x" * 40 != kept


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "is empty; remove that file"), (b"\xff\xfe", "is not a key; remove that file")]
)
def test_spoiled_key_is_told_with_the_remedy(tmp_path, content, words):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ConfigError, match=f"data.key in it {words}"):
        data_key(None, tmp_path)
