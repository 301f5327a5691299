# SPDX-License-Identifier: Apache-2.0
"""The configuration that is shipped: without a fault as it is, and with its examples put to use."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from ugr.config.bind import options_of, settings
from ugr.config.faults import Faults
from ugr.config.reader import read
from ugr.config.settings import CacheSettings, HealthSettings, SelectionSettings, UgrSettings
from ugr.config.types import PARSERS, written
from ugr.config.types import Path as AbsolutePath
from ugr.plugin import loader
from ugr.plugin.options import EndpointOptions

SHIPPED = Path(__file__).parents[3] / "etc" / "ugr"


def installed(directory: Path) -> Path:
    """Put the examples to use, as an administrator does: without their ending, with a key of one's own."""
    shutil.copytree(SHIPPED, directory / "ugr")
    secrets = ("s3.key", "proxy.pem", "azure-client.secret", "swift.password", "swift-temp-url.key")
    for name in secrets:
        (directory / name).write_text("a secret\n")
    for example in (directory / "ugr" / "conf.d").glob("*.example"):
        text = example.read_text()
        for name in secrets:
            text = text.replace(f"/etc/ugr/{name}", str(directory / name))
        example.with_suffix("").write_text(text)
    return directory / "ugr" / "ugr.conf"


def test_the_shipped_configuration_is_that_of_a_fresh_service() -> None:
    faults = Faults()
    found = settings(read(str(SHIPPED / "ugr.conf"), faults), faults)
    assert faults.lines() == []
    assert found.ugr == UgrSettings(include=("conf.d/*.conf",), runtime_dir=AbsolutePath("/run/ugr"))
    assert (found.acls, found.networks) == ({}, {})


def commented(header: str) -> dict[str, str]:
    """Return the options that a section of the shipped configuration has as comments; the last one counts."""
    text = (SHIPPED / "ugr.conf").read_text().partition(f"\n[{header}]\n")[2]
    body = re.split(r"^(?:# )?\[", text, maxsplit=1, flags=re.MULTILINE)[0]
    return dict(re.findall(r"^# ([a-z_]+) = (.*)$", body, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("header", "cls", "suggested"),
    [
        ("ugr", UgrSettings, {"public_url", "trusted_sockets", "trusted_proxies"}),
        ("cache", CacheSettings, {"memcached"}),
        ("selection", SelectionSettings, {"geoip"}),
        ("health", HealthSettings, set()),
        ("endpoint:*", EndpointOptions, set()),
    ],
)
def test_what_is_commented_out_is_the_default_or_a_suggestion(header: str, cls: type, suggested: set[str]) -> None:
    options = {option.name: option for option in options_of(cls)}
    shown = commented(header)
    assert shown
    for name, text in shown.items():
        option = options[name]
        assert written(PARSERS[option.kind](text), option.kind) == text
        assert (name in suggested) or text == written(option.default, option.kind)


def test_the_examples_have_no_fault_together(tmp_path: Path) -> None:
    faults = Faults()
    document = read(str(installed(tmp_path)), faults)
    settings(document, faults)
    endpoints = loader.build(document, faults)
    assert faults.lines() == []
    assert sorted(endpoints) == ["blobs", "bucket", "disk", "grid", "objects"]
