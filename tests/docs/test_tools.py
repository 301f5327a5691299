# SPDX-License-Identifier: Apache-2.0
"""What make and continuous integration rely on: the judge of skips, the list of packages, the help."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS, ROOT

REPORT = """<?xml version="1.0"?><testsuites><testsuite>
<testcase classname="tests.unit.test_a" name="test_one"/>
<testcase classname="tests.integration.test_b" name="test_two[x]"><skipped message="nginx is not installed"/></testcase>
</testsuite></testsuites>"""
ALL_SKIPPED = REPORT.replace("/>\n<testcase", "><skipped message='no'/></testcase>\n<testcase", 1)


def judge(tmp_path: Path, report: str, allowed: str) -> subprocess.CompletedProcess[str]:
    """Run skips.py as .ci/run does."""
    (tmp_path / "report.xml").write_text(report, encoding="utf-8")
    (tmp_path / "allowed").write_text(allowed, encoding="utf-8")
    command = [sys.executable, ROOT / "tests/tools/skips.py", tmp_path / "report.xml", tmp_path / "allowed"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_skip_that_nobody_allowed_fails_and_is_named(tmp_path: Path) -> None:
    verdict = judge(tmp_path, REPORT, "# none\n")

    assert verdict.returncode == 1
    assert "tests.integration.test_b::test_two[x] was skipped (nginx is not installed)" in verdict.stderr


def test_a_skip_on_the_list_is_fine(tmp_path: Path) -> None:
    verdict = judge(tmp_path, REPORT, "tests.integration.test_b::* -- nginx is not \\w+  # there is no nginx here\n")

    assert (verdict.returncode, verdict.stderr) == (0, "")


def test_a_skip_for_another_reason_fails(tmp_path: Path) -> None:
    verdict = judge(tmp_path, REPORT, "tests.integration.test_b::* -- it is Sunday  # a day of rest\n")

    assert verdict.returncode == 1
    assert "was skipped (nginx is not installed)" in verdict.stderr


def test_a_rule_without_a_reason_fails(tmp_path: Path) -> None:
    verdict = judge(tmp_path, REPORT, "tests.integration.test_b::* -- .*\n")

    assert verdict.returncode == 1
    assert "has no reason" in verdict.stderr


@pytest.mark.parametrize("report", [ALL_SKIPPED, "<testsuites/>", "no xml"])
def test_a_run_of_no_test_fails(tmp_path: Path, report: str) -> None:
    assert judge(tmp_path, report, "* -- .*  # everything\n").returncode == 1


def test_the_list_of_allowed_skips_can_be_read(tmp_path: Path) -> None:
    allowed = (ROOT / ".ci/allowed-skips").read_text(encoding="utf-8")

    assert judge(tmp_path, REPORT.replace("skipped", "properties"), allowed).stderr == ""


def named_in_tests() -> set[str]:
    """Return the packages that tests name when they are skipped."""
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("*.py"))
    names = set(re.findall(r"(?:package=|^PACKAGE = )\"([a-z0-9+.-]+)\"", code, re.MULTILINE))
    return names - {"no-such-package"}


def test_every_package_of_the_test_servers_has_a_purpose() -> None:
    command = [sys.executable, ROOT / "tests/tools/servers.py", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert all(re.fullmatch(r"[a-z0-9+.-]+ +\S.*", line) for line in listed)
    assert named_in_tests() <= {line.split()[0] for line in listed}


def test_make_alone_lists_every_target_that_is_documented() -> None:
    command = ["make", "-C", ROOT, "--no-print-directory"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    documented = re.findall(r"(?m)^   \* - ``make ([a-z]+)``$", (DOCS / "contributing.rst").read_text(encoding="utf-8"))

    assert re.findall(r"(?m)^  make ([a-z]+) ", shown) == documented
