# SPDX-License-Identifier: Apache-2.0
"""Commands asked of the demonstration's own directories: answers and exit codes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ugr.cli import demo, sample
from ugr.cli.config import assignment
from ugr.cli.exits import Exit
from ugr.config.reader import parse

Ask = Callable[..., tuple[int, str, str]]
AskJson = Callable[..., tuple[int, Any]]


def test_the_demonstration_has_no_fault(sites: Path, ask: Ask) -> None:
    config = sites / "ugr.conf"
    assert ask("check-config", "-c", config) == (
        Exit.OK,
        f"{config}: no faults; 3 endpoints, 3 networks, 1 access list\n",
        "",
    )


def test_all_faults_of_a_configuration_are_told(tmp_path: Path, ask: Ask, ask_json: AskJson) -> None:
    config = tmp_path / "ugr.conf"
    config.write_text("[ugr]\nprefix = fed\n[endpoint:a]\ntype = fiel\n[acl:/]\nread = anyone\n")
    code, out, err = ask("check-config", "-c", config)
    assert (code, out) == (Exit.CONFIGURATION, "")
    assert [line.replace(f"{config}:", "").split(":")[0] for line in err.splitlines()] == ["ugr", "2", "4", "6"]
    code, answer = ask_json("check-config", "-c", config)
    assert code == Exit.CONFIGURATION
    assert answer["faults"] == err.splitlines()[1:]


def test_what_this_host_lacks_is_a_warning(tmp_path: Path, ask: Ask, ask_json: AskJson) -> None:
    config = tmp_path / "ugr.conf"
    config.write_text(
        "[ugr]\nruntime_dir = /nonexistent/run\naccess_log = /nonexistent/log/access\n"
        "[selection]\ngeoip = /nonexistent/x.mmdb\n[endpoint:a]\ntype = file\npath = /nonexistent/data\n"
    )
    code, out, err = ask("check-config", "-c", config)
    assert (code, out) == (Exit.OK, f"{config}: no faults; 1 endpoint, 0 networks, 0 access lists\n")
    nothing = "there is no such file or directory on this host"
    directory = "there is no directory /nonexistent/log on this host; make it, for the user that runs ugr"
    expected = [
        f"{config}:2: [ugr] runtime_dir = /nonexistent/run: {nothing}",
        f"{config}:3: [ugr] access_log = /nonexistent/log/access: {directory}",
        f"{config}:5: [selection] geoip = /nonexistent/x.mmdb: {nothing}",
        f"{config}:8: [endpoint:a] path = /nonexistent/data: {nothing}",
    ]
    assert err.splitlines() == [f"ugr: warning: {line}" for line in expected]
    assert ask_json("check-config", "-c", config)[1]["warnings"] == expected
    code, out, err = ask("serve", "-c", config)
    assert (code, out) == (Exit.CONFIGURATION, "")
    fault = "[ugr] runtime_dir = /nonexistent/run: no such directory; make it, for the user that runs ugr"
    assert err == f"ugr: {config}:2: {fault}\n"


def test_a_directory_is_listed_over_all_endpoints(sites: Path, ask: Ask, ask_json: AskJson) -> None:
    config = sites / "ugr.conf"
    assert ask("ls", "-c", config) == (Exit.OK, "README.txt\natlas/\nbelle2/\nwhich-copy.txt\n", "")
    code, out, _ = ask("ls", "-c", config, "--unsorted", "belle2")
    assert (code, sorted(out.splitlines())) == (Exit.OK, ["notes.txt", "première mesure.dat"])
    code, answer = ask_json("ls", "-c", config, "/atlas/raw")
    assert [(entry["name"], entry["size"]) for entry in answer["entries"]] == [
        ("run-0001.dat", 256 << 10),
        ("run-0002.dat", 128 << 10),
        ("run-0003.dat", 64 << 10),
    ]


def test_a_file_is_listed_as_itself(sites: Path, ask: Ask, ask_json: AskJson) -> None:
    assert ask("ls", "-c", sites / "ugr.conf", "/README.txt") == (Exit.OK, "README.txt\n", "")
    code, answer = ask_json("ls", "-c", sites / "ugr.conf", "/README.txt")
    assert (code, answer["entries"][0]["name"]) == (Exit.OK, "README.txt")


def test_a_listing_that_misses_an_endpoint_is_shown_and_is_4(sites: Path, ask: Ask, ask_json: AskJson) -> None:
    shutil.rmtree(sites / "victoria")
    code, out, err = ask("ls", "-c", sites / "ugr.conf", "/atlas/raw")
    assert (code, out) == (Exit.UNAVAILABLE, "run-0001.dat\nrun-0002.dat\n")
    assert err.startswith("ugr: not complete: endpoint victoria is missing: ")
    code, answer = ask_json("ls", "-c", sites / "ugr.conf", "/atlas/raw")
    assert (code, list(answer["missing"])) == (Exit.UNAVAILABLE, ["victoria"])


@pytest.mark.parametrize("command", ["ls", "stat"])
def test_a_name_that_nobody_has_is_1(command: str, sites: Path, ask: Ask) -> None:
    code, out, err = ask(command, "-c", sites / "ugr.conf", "/nothing")
    assert (code, out) == (Exit.NO, "")
    assert err.startswith("ugr: no endpoint has it")


@pytest.mark.parametrize("command", ["stat", "locate"])
def test_a_name_that_a_silent_endpoint_might_have_is_4(command: str, sites: Path, ask: Ask) -> None:
    shutil.rmtree(sites / "victoria")
    assert ask(command, "-c", sites / "ugr.conf", "/atlas/raw/run-0003.dat")[0] == Exit.UNAVAILABLE


def test_a_name_is_described_with_a_word_about_the_endpoint_that_was_silent(sites: Path, ask: Ask) -> None:
    shutil.rmtree(sites / "victoria")
    code, out, err = ask("stat", "-c", sites / "ugr.conf", "/README.txt")
    assert code == Exit.UNAVAILABLE
    assert ["silent", "victoria"] in [line.split() for line in out.splitlines()]
    assert err.startswith("ugr: not complete: endpoint victoria was silent: ")


@pytest.mark.parametrize("path", ["/a/../b", "/a\x01"])
def test_a_path_that_cannot_be_one_is_2(path: str, sites: Path, ask: Ask) -> None:
    assert ask("stat", "-c", sites / "ugr.conf", path)[0] == Exit.USAGE


def test_a_name_is_described(sites: Path, ask: Ask, ask_json: AskJson) -> None:
    code, out, _ = ask("stat", "-c", sites / "ugr.conf", "/belle2/première mesure.dat")
    assert code == Exit.OK
    assert "size     32.0 KiB (32768 bytes)" in out.splitlines()
    code, answer = ask_json("stat", "-c", sites / "ugr.conf", "/atlas/raw/run-0002.dat")
    assert [holder["endpoint"] for holder in answer["holders"]] == ["geneva", "vancouver"]


@pytest.mark.parametrize(
    ("address", "order"),
    [
        ("127.0.1.1", ["geneva", "vancouver", "victoria"]),
        ("127.0.2.1", ["vancouver", "victoria", "geneva"]),
        ("127.0.3.1", ["victoria", "vancouver", "geneva"]),
    ],
)
def test_each_client_is_sent_to_the_closest_copy(
    address: str, order: list[str], sites: Path, ask_json: AskJson
) -> None:
    code, answer = ask_json("locate", "-c", sites / "ugr.conf", "--from", address, "/which-copy.txt")
    assert code == Exit.OK
    assert [ranked["endpoint"] for ranked in answer["choice"]["order"]] == order
    assert answer["choice"]["endpoint"] == order[0]
    assert answer["distances"][order[0]] == 0.0


def test_a_client_that_may_not_read_is_5(sites: Path, ask: Ask, ask_json: AskJson) -> None:
    config = sites / "ugr.conf"
    config.write_text(config.read_text() + "\n[acl:/atlas]\nread = network:geneva\n")
    path = "/atlas/raw/run-0001.dat"
    assert ask("locate", "-c", config, "--from", "127.0.1.1", path)[0] == Exit.OK
    code, out, _ = ask("locate", "-c", config, "--from", "127.0.2.1", path)
    assert code == Exit.REFUSED
    assert "answer   403 Forbidden: anonymous may not read here: [acl:/atlas]" in out
    code, answer = ask_json("locate", "-c", config, "--from", "127.0.2.1", path)
    assert (code, answer["refusal"]["code"]) == (Exit.REFUSED, "permission-denied")


def test_an_address_that_is_none_is_2(sites: Path, ask: Ask) -> None:
    code, _, err = ask("locate", "-c", sites / "ugr.conf", "--from", "vancouver", "/README.txt")
    assert (code, err) == (
        Exit.USAGE,
        "ugr: vancouver is not an IP address; write for example 192.0.2.7 or 2001:db8::7\n",
    )


def test_endpoints_are_probed_and_one_that_is_gone_is_4(sites: Path, ask: Ask, ask_json: AskJson) -> None:
    code, answer = ask_json("endpoints", "-c", sites / "ugr.conf")
    assert (code, {item["name"]: item["state"] for item in answer}) == (
        Exit.OK,
        {"geneva": "up", "vancouver": "up", "victoria": "up"},
    )
    shutil.rmtree(sites / "vancouver")
    code, out, _ = ask("endpoints", "-c", sites / "ugr.conf")
    assert code == Exit.UNAVAILABLE
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [
        ["geneva", "file", "up"],
        ["vancouver", "file", "down"],
        ["victoria", "file", "up"],
    ]


def test_a_federation_without_endpoints_says_what_to_add(tmp_path: Path, ask: Ask) -> None:
    (tmp_path / "ugr.conf").write_text("[ugr]\n")
    assert ask("endpoints", "-c", tmp_path / "ugr.conf") == (
        Exit.OK,
        "no endpoint is configured; add [endpoint:NAME] sections\n",
        "",
    )


def test_questions_leave_the_runtime_directory_of_the_service_alone(sites: Path, ask: Ask) -> None:
    for command in (["check-config"], ["config"], ["endpoints"], ["ls"], ["locate", "/README.txt"]):
        assert ask(*command, "-c", sites / "ugr.conf")[0] == Exit.OK
    assert list((sites / "run").iterdir()) == []


def test_the_settings_in_effect_are_a_configuration_themselves(sites: Path, ask: Ask, ask_json: AskJson) -> None:
    code, out, _ = ask("config", "-c", sites / "ugr.conf")
    assert code == Exit.OK
    (sites / "effective.conf").write_text(out)
    before, after = ask_json("config", "-c", sites / "ugr.conf"), ask_json("config", "-c", sites / "effective.conf")
    assert before == after
    assert before[1]["endpoint:victoria"]["path"] == str(sites / "victoria")
    assert f"# {sites / 'ugr.conf'}:3\n[ugr]\n# prefix = /fed\n" in out


def test_settings_hide_secrets_and_do_not_include_twice(
    tmp_path: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UGR_TEST_KEY", "s3kr1t" * 8)
    (tmp_path / "more.conf").write_text("[cache]\nttl = 1m\n")
    config = tmp_path / "ugr.conf"
    config.write_text("[ugr]\ninclude = more.conf\ndata_key_environment = UGR_TEST_KEY\n")
    _, out, _ = ask("config", "-c", config)
    assert "s3kr1t" not in out
    assert {"data_key_environment = UGR_TEST_KEY", "# include = more.conf", "ttl = 1m"} <= set(out.splitlines())


@given(
    st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" ")).filter(lambda text: '"' not in text)
)
@settings(deadline=None)
def test_any_value_is_written_so_that_it_reads_back(text: str) -> None:
    (section,) = parse(f"[ugr]\n{assignment('public_url', text)}\n").sections
    assert section.options["public_url"].text == text


def test_plugins_are_shown_and_are_ready(ask: Ask, ask_json: AskJson) -> None:
    code, answer = ask_json("plugins")
    assert code == Exit.OK
    assert {("endpoint", "file", "ugr-file", None), ("policy", "geo", "ugr", None)} <= {
        (item["kind"], item["name"], item["distribution"], item["problem"]) for item in answer
    }
    assert ask("plugins")[1].splitlines()[0].split() == ["KIND", "NAME", "DISTRIBUTION", "VERSION", "STATE"]


def test_the_options_of_a_type_are_shown(ask: Ask, ask_json: AskJson) -> None:
    code, out, _ = ask("plugins", "file")
    assert code == Exit.OK
    assert out.startswith("type = file\n\n[endpoint:NAME]\n")
    assert "  path\n      (absolute path; required)\n" in out
    assert out.count("  weight\n") == 1
    code, answer = ask_json("plugins", "file")
    assert {"path", "mount"} <= {name for item in answer for name in item["names"]}


def test_an_unknown_type_is_3_and_says_what_is_installed(ask: Ask) -> None:
    code, _, err = ask("plugins", "fiel")
    assert code == Exit.CONFIGURATION
    assert "did you mean file?" in err


def test_copies_of_the_demonstration_agree(sites: Path) -> None:
    for path, (endpoints, length) in sample.FILES.items():
        copies = {(sites / name / path).read_bytes() for name in endpoints}
        assert [len(copy) for copy in copies] == [length]
        assert all(not (sites / name / path).exists() for name in set(sample.PLACES) - set(endpoints))
    sizes = {(sites / name / sample.WHICH).stat().st_size for name in sample.PLACES}
    times = {(sites / name / sample.WHICH).stat().st_mtime for name in sample.PLACES}
    assert (len(sizes), len(times)) == (1, 1)


def test_the_guide_can_be_copied_line_by_line(tmp_path: Path) -> None:
    text = demo.guide(tmp_path, tmp_path / "ugr.conf", 8081, "bin/ugr", kept=False)
    assert "  curl -L --interface 127.0.2.1 http://127.0.0.1:8081/fed/which-copy.txt\n" in text
    assert f"  bin/ugr locate -c {tmp_path}/ugr.conf --from 127.0.2.1 /atlas/raw/run-0001.dat\n" in text
    assert text.endswith("Ctrl-C ends it; everything is removed.")


@pytest.mark.parametrize("content", ["ugr.conf", "notes.txt"])
def test_a_directory_in_use_is_left_alone(content: str, tmp_path: Path, ask: Ask) -> None:
    (tmp_path / content).write_text("mine")
    code, _, err = ask("demo", "--port", "65535", "--directory", tmp_path)
    assert code == Exit.CONFIGURATION
    assert str(tmp_path) in err
    assert [entry.name for entry in tmp_path.iterdir()] == [content]
