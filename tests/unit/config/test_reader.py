# SPDX-License-Identifier: Apache-2.0
"""The reader: what each line means, and what is said of each mistake."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ugr.config.faults import Faults
from ugr.config.reader import Document, parse, read
from ugr.errors import ConfigError


def options(text: str, header: str = "ugr") -> dict[str, str]:
    section = parse(text).section(header)
    assert section is not None
    return {name: value.text for name, value in section.options.items()}


def messages(text: str) -> list[str]:
    faults = Faults()
    parse(text, "ugr.conf", faults)
    return faults.lines()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[ugr]\nprefix = /fed\n", {"prefix": "/fed"}),
        ("[ugr]\nprefix=/fed", {"prefix": "/fed"}),
        ("[ugr]\r\nprefix = /fed\r\n", {"prefix": "/fed"}),
        ("\ufeff[ugr]\nprefix = /fed\n", {"prefix": "/fed"}),
        ("[ugr]\nprefix = \t /fed \t\n", {"prefix": "/fed"}),
        ("# note\n; note\n  # indented note\n[ugr]\n# note\nprefix = /fed\n", {"prefix": "/fed"}),
        ("[ugr]\nprefix = /a=b:c\n", {"prefix": "/a=b:c"}),
        ("[ugr]\nprefix = %(home)s ${x} %%\n", {"prefix": "%(home)s ${x} %%"}),
        ("[ugr]\nprefix = /a#b;c\n", {"prefix": "/a#b;c"}),
        ('[ugr]\nprefix = "/a #1 ; 2"\n', {"prefix": "/a #1 ; 2"}),
        ('[ugr]\nprefix = "  kept  "\n', {"prefix": "  kept  "}),
        ('[ugr]\nprefix = ""\n', {"prefix": ""}),
        ('[ugr]\nprefix = a "b"\n', {"prefix": 'a "b"'}),
        ("[ugr]\nprefix =\n", {"prefix": ""}),
        ("[ugr]\ninclude = a\n  b\n\tc\nprefix = /fed\n", {"include": "a\nb\nc", "prefix": "/fed"}),
        ("[ugr]\ninclude =\n  a\n  # not this one\n  b\n", {"include": "a\nb"}),
        ("[ugr]\nmount = /atlas\n  /belle2=/data/belle\n", {"mount": "/atlas\n/belle2=/data/belle"}),
        ("[ugr]\nprefix = /données/ファイル\n", {"prefix": "/données/ファイル"}),
        ("[ugr]\n", {}),
    ],
)
def test_options_are_what_is_written(text: str, expected: dict[str, str]) -> None:
    assert options(text) == expected


def test_every_section_and_value_knows_its_place() -> None:
    document = parse("\n[endpoint:cern]\n\nurl = x\nmount =\n  /a\n[acl:/a:b]\nread = any\n", "ugr.conf")
    cern, acl = document.sections
    assert (cern.kind, cern.name, cern.header, cern.origin) == ("endpoint", "cern", "endpoint:cern", "ugr.conf:2")
    assert {name: value.line for name, value in cern.options.items()} == {"url": 4, "mount": 5}
    assert (acl.kind, acl.name, acl.line) == ("acl", "/a:b", 7)


def test_defaults_of_endpoints_are_a_section_of_their_own() -> None:
    document = parse("[endpoint:*]\ntimeout = 1s\n[endpoint:a]\n[endpoint:b]\n")
    assert [section.name for section in document.of_kind("endpoint")] == ["*", "a", "b"]
    assert [section.name for section in document.endpoint_sections()] == ["a", "b"]
    assert document.sections[1].options == {}


OWN_LINE = 'a comment needs a line of its own; to keep " #" or " ;", write the whole value in double quotes'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prefix = /fed\nx = y\n", ["ugr.conf:1: stands before the first section; begin with a line such as [ugr]"]),
        (
            "[ugr]\nprefix: /fed\n",
            ['ugr.conf:2: [ugr] prefix: only "=" separates an option from its value'],
        ),
        (
            "[ugr]\nprefix\n",
            ['ugr.conf:2: [ugr] this line is neither a section nor "name = value"; a continued value is indented'],
        ),
        (
            "[ugr]\nMax-TTL = 1s\n",
            ["ugr.conf:2: [ugr] Max-TTL: options are written in lower case with underscores: max_ttl"],
        ),
        (
            "[ugr]\nmount[] = /a\n",
            ['ugr.conf:2: [ugr] this line is neither a section nor "name = value"; a continued value is indented'],
        ),
        (
            "[ugr]\n9lives = /a\n",
            ["ugr.conf:2: [ugr] 9lives is not the name of an option: those are letters, digits and underscores"],
        ),
        (
            "[ugr]\nprefix = /a\n\nprefix = /b\n",
            ["ugr.conf:4: [ugr] prefix is already in ugr.conf:2; an option is written once"],
        ),
        ("[ugr]\nprefix = /fed ; note\n", [f"ugr.conf:2: [ugr] prefix: {OWN_LINE}"]),
        ("[ugr]\nprefix = /fed\t# note\n", [f"ugr.conf:2: [ugr] prefix: {OWN_LINE}"]),
        ("[ugr]\nprefix = # note\n", [f"ugr.conf:2: [ugr] prefix: {OWN_LINE}"]),
        ('[ugr]\nprefix = "/fed" # note\n', [f"ugr.conf:2: [ugr] prefix: {OWN_LINE}"]),
        ("[ugr]\ninclude = a\n  b ; note\n", [f"ugr.conf:3: [ugr] include: {OWN_LINE}"]),
        (
            '[ugr]\nprefix = "/fed\n',
            [
                "ugr.conf:2: [ugr] prefix: a value that starts with a double quote ends with one, "
                "and has none in between"
            ],
        ),
        (
            '[ugr]\nprefix = "/fed"\n  /more\n',
            ["ugr.conf:3: [ugr] prefix: a value in double quotes ends on its own line"],
        ),
        (
            "[ugr]\n  prefix = /fed\n",
            ["ugr.conf:2: [ugr] this line is indented, but there is no value above that it could continue"],
        ),
        (
            "[ugr]\nprefix = /fed\n  deadline = 3s\n",
            ["ugr.conf:3: [ugr] an option or section starts at the left margin; this line is indented"],
        ),
        (
            "[ugr]\nprefix = /fed\n  [cache]\n",
            ["ugr.conf:3: [ugr] an option or section starts at the left margin; this line is indented"],
        ),
        (
            "[ugr]\ninclude = a\n\n  b\n",
            ["ugr.conf:4: [ugr] this line is indented, but there is no value above that it could continue"],
        ),
        (
            "[ugr]\nprefix = /fed\u00a0x\n",
            ["ugr.conf:2: [ugr] contains the invisible character U+00A0 (no-break space); type the line again"],
        ),
        (
            "[ugr]\nprefix = /\x00fed\n",
            ["ugr.conf:2: [ugr] contains the invisible character U+0000; type the line again"],
        ),
        ("[ugr\n", ["ugr.conf:1: [ugr]: a section is written [kind] or [kind:name], and nothing else on that line"]),
        ("[ugr] # note\n", ["ugr.conf:1: [ugr] # note]: a comment needs a line of its own"]),
        ("[ ugr ]\n", ["ugr.conf:1: [ ugr ]: write no spaces inside the brackets around kind and name"]),
        ("[UGR]\n", ["ugr.conf:1: [UGR]: there is no such kind of section; did you mean ugr?"]),
        ("[endpoints:x]\n", ["ugr.conf:1: [endpoints:x]: there is no such kind of section; did you mean endpoint?"]),
        (
            "[DEFAULT]\n",
            [
                "ugr.conf:1: [DEFAULT]: there is no such kind of section; "
                "what holds for all endpoints stands in [endpoint:*]"
            ],
        ),
        ("[cern]\n", ["ugr.conf:1: [cern]: there is no such kind of section; an endpoint is written [endpoint:cern]"]),
        (
            "[site:cern]\n",
            [
                "ugr.conf:1: [site:cern]: there is no such kind of section; "
                "the kinds are ugr, cache, selection, health, endpoint, network, acl"
            ],
        ),
        ("[endpoint]\n", ["ugr.conf:1: [endpoint]: needs a name: [endpoint:NAME]"]),
        ("[acl:]\n", ["ugr.conf:1: [acl:]: needs a name: [acl:/prefix]"]),
        ("[cache:x]\n", ["ugr.conf:1: [cache:x]: takes no name; write [cache]"]),
        (
            "[cache]\nttl = 1s\n\n[cache]\nttl = 2s\n",
            ["ugr.conf:4: [cache]: is already in ugr.conf:1; a section is written once"],
        ),
    ],
)
def test_each_mistake_is_told_with_its_line_and_remedy(text: str, expected: list[str]) -> None:
    assert messages(text) == expected


def test_all_faults_are_told_at_once_in_order() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("[chache]\n[ugr]\nx\nprefix = /fed ; note\n", "ugr.conf")
    assert str(caught.value).splitlines() == [
        "ugr.conf:1: [chache]: there is no such kind of section; did you mean cache?",
        'ugr.conf:3: [ugr] this line is neither a section nor "name = value"; a continued value is indented',
        f"ugr.conf:4: [ugr] prefix: {OWN_LINE}",
    ]


def test_a_line_that_may_be_a_secret_is_not_repeated() -> None:
    assert "s3kr1t" not in "\n".join(messages("[endpoint:a]\nsecret_key\n  s3kr1t\ns3kr1t+/abc\nsecret_key: s3kr1t\n"))


def test_what_a_plugin_says_of_its_options_is_blamed_on_their_lines() -> None:
    faults = Faults()
    section = parse("[endpoint:a]\ntype = s3\nbucket = a/b\n", "ugr.conf").sections[0]
    section.blame(
        faults,
        "[endpoint:a] bucket = a/b: is not a bucket's name\n"
        "[endpoint:a] region: is missing\n"
        "url and path exclude each other",
    )
    assert faults.lines() == [
        "ugr.conf:1: [endpoint:a] region: is missing",
        "ugr.conf:1: [endpoint:a]: url and path exclude each other",
        "ugr.conf:3: [endpoint:a] bucket = a/b: is not a bucket's name",
    ]


def write(directory: Path, main: str, **others: str) -> Path:
    """Write ugr.conf, and conf.d/NAME.conf for each of the others."""
    (directory / "conf.d").mkdir()
    for name, text in others.items():
        (directory / "conf.d" / f"{name}.conf").write_text(text)
    (directory / "ugr.conf").write_text(main)
    return directory / "ugr.conf"


def faults_of(path: Path) -> list[str]:
    faults = Faults()
    read(str(path), faults)
    return [line.replace(str(path.parent) + "/", "") for line in faults.lines()]


def headers(document: Document) -> list[str]:
    return [section.header for section in document.sections]


def test_included_files_follow_in_order_of_name_and_hidden_ones_never(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "[ugr]\ninclude = conf.d/*.conf last.conf\n",
        b="[endpoint:b]\n",
        a="[endpoint:a]\n",
        **{".c": "nonsense"},
    )
    (tmp_path / "conf.d" / "d.conf.example").write_text("nonsense")
    (tmp_path / "last.conf").write_text("[endpoint:last]\n")
    document = read(str(path))
    assert headers(document) == ["ugr", "endpoint:a", "endpoint:b", "endpoint:last"]
    assert document.sections[1].file == str(tmp_path / "conf.d" / "a.conf")
    assert [os.path.basename(file) for file in document.files] == ["ugr.conf", "a.conf", "b.conf", "last.conf"]


def test_a_file_that_two_patterns_match_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path, "[ugr]\ninclude = conf.d/a.conf, conf.d/*.conf\n", a="[endpoint:a]\n")
    assert headers(read(str(path))) == ["ugr", "endpoint:a"]


def test_a_pattern_may_match_nothing(tmp_path: Path) -> None:
    assert headers(read(str(write(tmp_path, "[ugr]\ninclude = conf.d/*.conf\n")))) == ["ugr"]


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ("missing.conf", "ugr.conf:2: [ugr] include = missing.conf: missing.conf does not exist"),
        (
            "*.conf",
            "ugr.conf:2: [ugr] include = *.conf: *.conf would include this very file; narrow it to conf.d/*.conf",
        ),
        ("*/x.conf", "ugr.conf:2: [ugr] include = */x.conf: */x.conf: wildcards may only be in the file's own name"),
        ("confd/*", "ugr.conf:2: [ugr] include = confd/*: confd cannot be read: no such file or directory"),
        (".", "is a directory; name a configuration file"),
    ],
)
def test_an_include_that_cannot_be_meant_is_a_fault(tmp_path: Path, include: str, expected: str) -> None:
    (fault,) = faults_of(write(tmp_path, f"[ugr]\ninclude = {include}\n"))
    assert fault.endswith(expected)


def test_a_section_in_two_files_is_a_fault_that_names_both(tmp_path: Path) -> None:
    path = write(tmp_path, "[ugr]\ninclude = conf.d/*\n[cache]\n", a="\n[cache]\n[ugr]\ninclude = b.conf\n")
    assert faults_of(path) == [
        "conf.d/a.conf:2: [cache]: is already in ugr.conf:3; a section is written once",
        "conf.d/a.conf:3: [ugr]: is already in ugr.conf:1; a section is written once",
    ]


def test_faults_of_included_files_are_told_together_with_the_others(tmp_path: Path) -> None:
    path = write(tmp_path, "[ugr]\ninclude = conf.d/a.conf\nx\n", a="y\n")
    assert [line.split(": ")[0] for line in faults_of(path)] == ["conf.d/a.conf:1", "ugr.conf:3"]


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ugr\.conf: cannot be read: no such file or directory"):
        read(str(tmp_path / "ugr.conf"))


def test_a_directory_is_not_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a directory; name a configuration file"):
        read(str(tmp_path))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ugr.conf")
    with pytest.raises(ConfigError, match="is not a regular file"):
        read(str(tmp_path / "ugr.conf"))


def test_a_name_with_nul_is_a_fault() -> None:
    with pytest.raises(ConfigError, match="cannot be read: embedded null byte"):
        read("ugr\0.conf")


def test_another_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "ugr.conf").write_bytes("[ugr]\n# données\n".encode("latin-1"))
    assert faults_of(tmp_path / "ugr.conf") == ["ugr.conf:2: is not UTF-8 text; save the file with that encoding"]


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    with open(tmp_path / "ugr.conf", "wb") as stream:
        stream.truncate((8 << 20) + 1)
    assert faults_of(tmp_path / "ugr.conf") == ["ugr.conf: is longer than 8MiB; is it a configuration file?"]


@given(
    st.text() | st.lists(st.sampled_from(["[", "]", "ugr", ":", "=", "\n", " ", "#", ";", '"', "a", "\r"])).map("".join)
)
@settings(deadline=None)
def test_any_text_is_read_or_its_faults_are_told(text: str) -> None:
    faults = Faults()
    document = parse(text, "ugr.conf", faults)
    assert all(re.match(r"ugr\.conf:\d+: .", line) and line.isprintable() for line in faults.lines())
    assert all(section.file == "ugr.conf" for section in document.sections)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused_with_a_configuration_error(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory, contextlib.suppress(ConfigError):
        path = Path(directory, "ugr.conf")
        path.write_bytes(data)
        assert read(str(path)).files == [str(path)]


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
LINE = st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" "), min_size=1, max_size=20).filter(
    lambda text: text == text.strip()
)
WORD = st.from_regex(r"[a-z0-9/.*][a-z0-9/.*-]{0,9}|/[a-z]{0,3}=/[a-z]{0,3}", fullmatch=True)
PLAIN = LINE.filter(lambda text: not any(mark in " " + text for mark in (" #", " ;")) and text[0] != '"')
QUOTED = LINE.filter(lambda text: '"' not in text).map(lambda text: f'"{text}"')
MANY = st.lists(WORD, min_size=1, max_size=4).map(lambda words: "\n    ".join(words))
SECTIONS = st.dictionaries(
    st.sampled_from(["ugr", "cache", "endpoint:*", "endpoint:a", "endpoint:b-1", "network:n", "acl:/", "acl:/a b"]),
    st.dictionaries(NAMES, PLAIN | QUOTED | MANY, max_size=4),
    max_size=5,
)


@given(SECTIONS, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["\n", "\n\n# note\n"]))
@settings(deadline=None)
def test_what_is_written_is_read_back(sections: dict[str, dict[str, str]], end: str, between: str) -> None:
    text = between.join(
        f"[{header}]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())
        for header, values in sections.items()
    )
    document = parse(text.replace("\n", end))
    read_back = {
        section.header: {name: value.text for name, value in section.options.items()} for section in document.sections
    }
    assert read_back == {
        header: {
            name: value[1:-1] if value.startswith('"') else value.replace("\n    ", "\n")
            for name, value in values.items()
        }
        for header, values in sections.items()
    }
