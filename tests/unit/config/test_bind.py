# SPDX-License-Identifier: Apache-2.0
"""Sections bound to declared options: values, defaults, secrets, and every fault with its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from ugr.config.bind import Option, bind, options_of, shown, unused_defaults
from ugr.config.declare import option
from ugr.config.faults import Faults
from ugr.config.reader import parse
from ugr.config.types import Duration, Secret, Size, Url, Words


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """``[endpoint:NAME]`` of an imaginary type."""

    url: Url = option(help="Where it is.", example="https://s3.example.org")
    label: str | None = option(None, help="What people call it.")
    timeout: Duration = option(Duration(3.0), help="Longest wait.", minimum=0.01, maximum=60)
    part: Size | None = option(None, help="Length of a part.")
    style: str = option("path", help="How the bucket is named.", choices=("path", "host"))
    rights: Words = option((), help="What may be done.", choices=("read", "write"))
    writable: bool = option(False, help="Whether anything may be changed.")
    secret_key: Secret | None = option(None, help="The key.")


@dataclass(frozen=True, kw_only=True)
class Vault:
    """A type whose secret must be there."""

    token: Secret = option(help="The token.")


def bound(text: str, cls: type = Bucket) -> tuple[object, list[str]]:
    document = parse(text, "ugr.conf")
    faults = Faults()
    defaults = document.section("endpoint:*")
    instance = bind(document.endpoint_sections()[0], cls, faults, defaults, reserved=("type",))
    return instance, faults.lines()


def test_values_are_typed_and_the_rest_is_default() -> None:
    assert bound("[endpoint:a]\ntype = s3\nurl = https://h/\npart = 5MiB\nrights = read write\nwritable = yes\n") == (
        Bucket(url=Url("https://h"), part=Size(5 << 20), rights=("read", "write"), writable=True),
        [],
    )


def test_an_option_that_is_not_written_is_taken_from_the_defaults_of_all_endpoints() -> None:
    instance, faults = bound(
        "[endpoint:*]\ntimeout = 9s\nstyle = host\nunknown_here = 1\n[endpoint:a]\nurl = https://h\nstyle = path\n"
    )
    assert (instance, faults) == (Bucket(url=Url("https://h"), timeout=Duration(9.0), style="path"), [])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", ["ugr.conf:1: [endpoint:a] url: must be written; for example url = https://s3.example.org"]),
        ("url = ftp://h", ["ugr.conf:2: [endpoint:a] url = ftp://h: must start with http:// or https://"]),
        ("url =", ["ugr.conf:2: [endpoint:a] url: has no value; write one, or remove the line for the default"]),
        (
            "url = https://u:s3kr1t@h",
            ["ugr.conf:2: [endpoint:a] url: a URL must not carry a user or password; use the options for credentials"],
        ),
        ("url = https://h\nlabel = ''", []),
        (
            "url = https://h\ntimeout = 10",
            [
                "ugr.conf:3: [endpoint:a] timeout = 10: "
                "not a duration; write a number and a unit: 500ms, 10s, 5m, 2h, 1d"
            ],
        ),
        ("url = https://h\ntimeout = 1ms", ["ugr.conf:3: [endpoint:a] timeout = 1ms: must be at least 10ms"]),
        ("url = https://h\ntimeout = 2m", ["ugr.conf:3: [endpoint:a] timeout = 2m: must be at most 1m"]),
        (
            "url = https://h\nstyle = hots",
            ["ugr.conf:3: [endpoint:a] style = hots: must be one of path, host; did you mean host?"],
        ),
        (
            "url = https://h\nrights = read, delete",
            ["ugr.conf:3: [endpoint:a] rights = read, delete: must be one of read, write"],
        ),
        ("url = https://h\nrights =", []),
        (
            "url = https://h\ntimout = 1s",
            ["ugr.conf:3: [endpoint:a] timout: there is no such option; did you mean timeout?"],
        ),
        ("url = https://h\nzzz = s3kr1t", ["ugr.conf:3: [endpoint:a] zzz: there is no such option"]),
        (
            "url = https://h\nsecret_key = s3kr1t",
            [
                "ugr.conf:3: [endpoint:a] secret_key: a secret is not written here; "
                "write secret_key_file = /path or secret_key_environment = NAME"
            ],
        ),
        (
            "url = https://h\nsecret_key_fil = /x",
            ["ugr.conf:3: [endpoint:a] secret_key_fil: there is no such option; did you mean secret_key_file?"],
        ),
        (
            "url = https://h\nsecret_key_file = /x\nsecret_key_environment = X",
            ["ugr.conf:4: [endpoint:a] secret_key_environment = X: secret_key_file is written too; write one of them"],
        ),
        (
            "url = https://h\nsecret_key_file = /nonexistent/key",
            [
                "ugr.conf:3: [endpoint:a] secret_key_file = /nonexistent/key: "
                "cannot read the secret in /nonexistent/key: No such file or directory"
            ],
        ),
        (
            "url = https://h\nsecret_key_environment =",
            ["ugr.conf:3: [endpoint:a] secret_key_environment: has no value"],
        ),
        (
            "url = h\ntimeout = x\nwritable = 1\nlable = x",
            [
                "ugr.conf:2: [endpoint:a] url = h: must start with http:// or https://",
                "ugr.conf:3: [endpoint:a] timeout = x: "
                "not a duration; write a number and a unit: 500ms, 10s, 5m, 2h, 1d",
                "ugr.conf:4: [endpoint:a] writable = 1: neither yes nor no",
                "ugr.conf:5: [endpoint:a] lable: there is no such option; did you mean label?",
            ],
        ),
    ],
)
def test_each_mistake_is_told_where_it_was_written(body: str, expected: list[str]) -> None:
    instance, faults = bound(f"[endpoint:a]\n{body}\n")
    assert faults == expected
    assert (instance is None) is bool(expected)


def test_a_mistake_in_the_defaults_is_told_there_and_once() -> None:
    document = parse(
        "[endpoint:*]\ntimeout = soon\n[endpoint:a]\nurl = https://h\n[endpoint:b]\nurl = https://h\n", "c"
    )
    faults = Faults()
    for section in document.endpoint_sections():
        bind(section, Bucket, faults, document.section("endpoint:*"))
    assert faults.lines() == [
        "c:2: [endpoint:*] timeout = soon: not a duration; write a number and a unit: 500ms, 10s, 5m, 2h, 1d"
    ]


def test_a_long_value_is_shortened_in_a_message() -> None:
    _, faults = bound(f"[endpoint:a]\nurl = {'x' * 200}\n")
    assert faults == [f"ugr.conf:2: [endpoint:a] url = {'x' * 57}...: must start with http:// or https://"]


def test_a_default_that_no_configured_type_knows_is_a_fault() -> None:
    document = parse(
        "[endpoint:*]\ntype = s3\ntimeout = 1s\ntoken_environment = X\ntimeuot = 1s\nzone = x\n", "ugr.conf"
    )
    faults = Faults()
    unused_defaults(document.sections[0], [Bucket, Vault], faults, reserved=("type",))
    assert faults.lines() == [
        "ugr.conf:5: [endpoint:*] timeuot: no configured endpoint type has this option; did you mean timeout?",
        "ugr.conf:6: [endpoint:*] zone: no configured endpoint type has this option",
    ]


def test_a_secret_in_a_relative_file_is_taken_from_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3kr1t")
    document = parse("[endpoint:a]\nurl = https://h\nsecret_key_file = key\n", str(tmp_path / "ugr.conf"))
    faults = Faults()
    instance = bind(document.sections[0], Bucket, faults)
    assert instance is not None
    assert instance.secret_key is not None
    assert (instance.secret_key.value, instance.secret_key.file) == ("s3kr1t", str(tmp_path / "key"))


def test_a_secret_may_come_from_the_defaults_and_be_replaced_by_another_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UGR_TEST_ALL", "all")
    monkeypatch.setenv("UGR_TEST_ONE", "one")
    text = "[endpoint:*]\ntoken_environment = UGR_TEST_ALL\n[endpoint:a]\n"
    assert bound(text, Vault) == (Vault(token=Secret(environment="UGR_TEST_ALL")), [])
    own = text + "token_environment = UGR_TEST_ONE\n"
    assert bound(own, Vault) == (Vault(token=Secret(environment="UGR_TEST_ONE")), [])
    assert bound("[endpoint:a]\n", Vault)[1] == [
        "ugr.conf:1: [endpoint:a] token: must be written, as token_file or token_environment"
    ]


def test_options_bound_twice_from_the_same_text_are_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UGR_TEST_KEY", "s3kr1t")
    text = "[endpoint:a]\nurl = https://h\nsecret_key_environment = UGR_TEST_KEY\n"
    assert bound(text) == bound(text)
    assert bound(text)[1] == []


def test_shown_options_say_which_are_other_than_the_default_and_hide_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UGR_TEST_KEY", "s3kr1t")
    instance, _ = bound("[endpoint:a]\nurl = https://h\ntimeout = 90s\nsecret_key_environment = UGR_TEST_KEY\n")
    bound_fully = bound("[endpoint:a]\nurl = https://h\ntimeout = 30s\nsecret_key_environment = UGR_TEST_KEY\n")[0]
    assert instance is None
    assert shown(bound_fully) == {
        "url": ("https://h", True),
        "timeout": ("30s", True),
        "style": ("path", False),
        "rights": ("", False),
        "writable": ("no", False),
        "secret_key_environment": ("UGR_TEST_KEY", True),
    }


def test_options_of_a_class_are_described() -> None:
    url, label, *_, secret = options_of(Bucket)
    assert isinstance(url, Option)
    assert (url.kind, url.optional, url.required, url.names) == (Url, False, True, ("url",))
    assert (label.kind, label.optional, label.required, label.default) == (str, True, False, None)
    assert secret.names == ("secret_key_file", "secret_key_environment")


def test_a_field_that_cannot_be_written_is_the_plugin_authors_mistake() -> None:
    @dataclass(frozen=True)
    class Plain:
        count: int = 1

    @dataclass(frozen=True)
    class Odd:
        count: complex = option(1j, help="Strange.")

    with pytest.raises(TypeError, match=r"Plain\.count is not declared with option"):
        options_of(Plain)
    with pytest.raises(TypeError, match=r"Odd\.count: an option cannot have the type <class 'complex'>"):
        options_of(Odd)
