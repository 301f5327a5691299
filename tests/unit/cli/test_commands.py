# SPDX-License-Identifier: Apache-2.0
"""The command line itself: what is understood, where the configuration is, and what exit codes say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ugr import __version__, errors
from ugr.cli import main, parser
from ugr.cli.commands import COMMANDS
from ugr.cli.exits import CODES, MEANING, Exit, exit_of
from ugr.errors import EndpointError, UgrError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, UgrError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_an_exit_code_that_is_not_success(kind: type[UgrError]) -> None:
    assert exit_of(kind("x")) in set(Exit) - {Exit.OK, Exit.INTERRUPTED}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not issubclass(kind, EndpointError)])
def test_every_error_but_the_endpoints_has_its_own_row(kind: type[UgrError]) -> None:
    assert kind in CODES


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotFound("x"), 1),
        (errors.BadRequest("x"), 2),
        (errors.ConfigError("x"), 3),
        (errors.Timeout("x"), 4),
        (errors.Unavailable("x"), 4),
        (errors.PermissionDenied("x"), 5),
        (ValueError("x"), 4),
    ],
)
def test_exit_codes_are_the_documented_ones(error: Exception, code: int) -> None:
    assert exit_of(error) == code


def test_every_exit_code_is_explained_by_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(MEANING) == set(Exit)
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for code, words in MEANING.items():
        assert f"  {code:<4} {words}\n" in shown
    for command in COMMANDS:
        assert f"    {command.NAME} " in shown


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.NAME)
def test_every_command_has_help(command: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command.NAME, "--help"]) == 0  # type: ignore[attr-defined]
    assert "--config FILE" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"ugr {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["locat", "/x"],
        ["locate"],
        ["ls", "/a", "/b"],
        ["ls", "--jso"],
        ["demo", "--port", "0"],
        ["demo", "--port", "http"],
        ["stat", "--from", "127.0.0.1", "/x"],
    ],
)
def test_a_command_line_that_cannot_be_understood_is_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == Exit.USAGE
    assert "usage: ugr" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line", [["-c", "x.conf", "--json", "ls"], ["ls", "-c", "x.conf", "--json"], ["--json", "ls", "--config", "x.conf"]]
)
def test_options_of_all_commands_may_stand_before_or_after_the_command(line: list[str]) -> None:
    arguments = parser().parse_args(line)
    assert (arguments.config, arguments.json, arguments.path) == ("x.conf", True, "/")


def test_the_configuration_is_the_one_named_or_that_of_the_environment_or_the_usual(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named, other = tmp_path / "named.conf", tmp_path / "other.conf"
    monkeypatch.setenv("UGR_CONFIG", str(other))
    assert main(["check-config", "-c", str(named)]) == Exit.CONFIGURATION
    assert capsys.readouterr().err == f"ugr: {named}: cannot be read: no such file or directory\n"
    assert main(["check-config"]) == Exit.CONFIGURATION
    assert capsys.readouterr().err == f"ugr: {other}: cannot be read: no such file or directory\n"
    assert parser().parse_args(["check-config"]).__contains__("config") is False


def test_an_error_is_json_when_json_was_asked_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["ls", "--json", "-c", str(tmp_path / "ugr.conf")]) == Exit.CONFIGURATION
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out)["error"] == {
        "code": "configuration",
        "message": f"{tmp_path}/ugr.conf: cannot be read: no such file or directory",
        "retryable": False,
    }
