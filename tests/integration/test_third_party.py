# SPDX-License-Identifier: Apache-2.0
"""A plugin of somebody else: wheels of ugr and of the example, a clean environment, nothing of this checkout."""

from pathlib import Path

import pytest

from tests.installed import LIMIT, copied
from tests.integration.third_party import ThirdParty
from tests.servers.process import ROOT

pytestmark = pytest.mark.timeout(LIMIT + 120)


@pytest.fixture(scope="module")
def example(ugr_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> ThirdParty:
    """Install the example from its wheel."""
    place = tmp_path_factory.mktemp("third-party")
    source = copied(ROOT / "plugins" / "example", place / "ugr-example")
    return ThirdParty.install("example", source, ugr_wheel, place)


def test_the_wheels_bring_all_that_is_needed(example: ThirdParty) -> None:
    example.comes_from_wheels()


def test_the_plugin_is_found_with_its_distribution(example: ThirdParty) -> None:
    example.is_listed()


def test_the_plugin_keeps_the_contract(example: ThirdParty) -> None:
    example.keeps_the_contract()


def test_the_plugin_serves_a_redirect_that_leads_to_the_bytes(example: ThirdParty, tmp_path: Path) -> None:
    example.serves_a_redirect(tmp_path)
