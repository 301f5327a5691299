# SPDX-License-Identifier: Apache-2.0
"""The documentation builds without a warning, and leaves nothing out.

Pages are looked at as they are shown: with the parts that are made from the code.
"""

import html
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ugr.plugin
from tests.docs.blocks import DOCS, ROOT, prose
from ugr import errors
from ugr.cli.commands import COMMANDS, main
from ugr.cli.exits import Exit
from ugr.config.bind import options_of
from ugr.config.reference import SECTIONS
from ugr.errors import UgrError
from ugr.frontend.access import Line
from ugr.frontend.exposition import METRICS
from ugr.frontend.methods import ABOVE, METHODS
from ugr.frontend.outcome import DECISIONS
from ugr.frontend.replies import REFUSALS
from ugr.model import Result
from ugr.plugin import hookspecs, loader
from ugr.plugin.clauses import clauses
from ugr.plugin.options import EndpointOptions
from ugr.testing.drunk import BEHAVIOURS


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Build the documentation; give the text of each page by the page's name."""
    out = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", out / "tree"]
    built = subprocess.run([*command, DOCS, out / "html"], capture_output=True, text=True, check=False)
    assert built.stderr == ""
    assert built.returncode == 0
    return {
        str(page.relative_to(DOCS).with_suffix("")): text_of(out / "html" / page.relative_to(DOCS).with_suffix(".html"))
        for page in DOCS.rglob("*.rst")
    }


def text_of(page: Path) -> str:
    """Return what a page says, without its navigation."""
    body = re.search(r'(?s)<div class="body" role="main">(.*)<div class="clearer">', page.read_text(encoding="utf-8"))
    assert body is not None
    blocks = re.sub(r"</(?:dt|dd|p|pre|td|th|li|h\d)>", "\n", body[1])
    return html.unescape(re.sub(r"<[^>]+>", "", blocks))


def missing(names: object, page: str) -> list[str]:
    """Return the names that do not stand on a page as words of their own."""
    return [name for name in map(str, names) if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", page)]  # type: ignore[call-overload]


def test_every_page_is_built_and_says_something(shown: dict[str, str]) -> None:
    assert [name for name, text in shown.items() if len(text.split()) < 30] == []
    assert [name for name, text in shown.items() if "``" in text] == []
    assert len(shown) > 20


def test_every_option_is_described(shown: dict[str, str]) -> None:
    declared = [(header, cls, None) for header, cls in SECTIONS]
    declared.append(("[endpoint:NAME]", EndpointOptions, None))
    for plugin in loader.installed(loader.ENDPOINTS):
        options = loader.load(loader.ENDPOINTS, plugin.name).Options  # type: ignore[attr-defined]
        declared.append((f"[endpoint:NAME] type = {plugin.name}", options, EndpointOptions))
    names = []
    for header, cls, without in declared:
        left_out = {option.name for option in options_of(without)} if without else set()
        names += [f"{header} {option.name}" for option in options_of(cls) if option.name not in left_out]

    assert missing(names, shown["reference/configuration"]) == []
    assert len(names) > 40


def test_every_policy_is_described(shown: dict[str, str]) -> None:
    names = [plugin.name for plugin in loader.installed(loader.POLICIES)]

    assert missing(names, shown["reference/configuration"]) == []
    assert missing(names, shown["explanation/closest-first"]) == []
    assert names


def test_every_error_has_its_code_and_status(shown: dict[str, str]) -> None:
    classes = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, UgrError)]
    page = shown["reference/errors"]

    assert missing([cls.__name__ for cls in classes], page) == []
    assert missing([cls.code for cls in classes], page) == []
    assert missing(REFUSALS, page) == []
    assert len(classes) > 15


def test_every_command_with_every_argument_is_described(
    shown: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    page = shown["reference/cli"]
    for command in COMMANDS:
        assert main([command.NAME, "--help"]) == 0
    arguments = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", capsys.readouterr().out))

    assert missing([f"ugr {command.NAME}" for command in COMMANDS], page) == []
    assert missing(arguments, page) == []
    assert arguments
    assert missing([int(code) for code in Exit], page) == []


def test_every_hook_and_every_clause_is_described(shown: dict[str, str]) -> None:
    hooks = [name for name in vars(hookspecs) if name.startswith("ugr_")]
    page = shown["reference/plugin-contract"]

    assert missing(hooks, page) == []
    assert missing(clauses(), page) == []
    assert hooks
    assert len(clauses()) > 20


def test_every_mood_of_the_drunk_server_is_described(shown: dict[str, str]) -> None:
    assert missing(BEHAVIOURS, shown["howto/write-a-plugin"]) == []
    assert len(BEHAVIOURS) > 20


def test_everything_that_a_plugin_may_import_exists_and_says_what_it_is() -> None:
    public = {name: getattr(ugr.plugin, name) for name in ugr.plugin.__all__}
    classes = [name for name, thing in public.items() if inspect.isclass(thing) and not thing.__doc__]

    assert classes == []


def test_every_method_and_every_header_of_ours_is_described(shown: dict[str, str]) -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "ugr").rglob("*.py"))
    headers = set(re.findall(r'"(Ugr-[A-Za-z-]+)"', code))
    page = shown["reference/http"]

    assert missing({*METHODS, *ABOVE}, page) == []
    assert missing(headers, page) == []
    assert headers


def test_every_field_and_decision_of_the_access_log_is_described(shown: dict[str, str]) -> None:
    assert missing([*Line.__struct_fields__, *DECISIONS], shown["reference/logs"]) == []


def test_every_metric_is_described(shown: dict[str, str]) -> None:
    assert missing(METRICS, shown["reference/metrics"]) == []
    assert METRICS


def test_every_page_of_the_service_is_described(shown: dict[str, str]) -> None:
    code = (ROOT / "ugr/frontend/ops.py").read_text(encoding="utf-8")
    rules = re.findall(r'page\("(/-/[a-z/]+)', code)

    assert [rule for rule in rules if rule not in shown["reference/http"]] == []
    assert rules


def test_every_result_of_asking_has_its_word(shown: dict[str, str]) -> None:
    assert missing([result.value for result in Result], shown["explanation/truth-rules"]) == []


def test_every_make_target_is_described(shown: dict[str, str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"(?m)^([a-z-]+):.*## ", makefile)

    assert missing([f"make {target}" for target in targets], shown["contributing"]) == []
    assert targets


def test_links_to_pages_of_the_documentation_in_the_readme_lead_somewhere() -> None:
    places = re.findall(r"``(docs/[\w./-]+)``", (ROOT / "README.rst").read_text(encoding="utf-8"))

    assert [place for place in places if place != "docs/_build/html" and not (ROOT / place).exists()] == []
    assert places


def test_no_page_speaks_of_the_machine_it_was_written_on() -> None:
    home = str(Path.home())

    assert not re.search(rf"{re.escape(home)}/|(?<![\w.-])/(work|home)/\w+/", prose())


def test_every_plugin_of_this_checkout_says_what_its_type_is(shown: dict[str, str]) -> None:
    page = shown["reference/storages"]
    folders = [file.parent for file in (ROOT / "plugins").glob("*/setup.cfg")]

    assert [folder.name for folder in folders if not (folder / "README.rst").exists()] == []
    assert [folder.name for folder in folders if f"type = {folder.name}" not in page] == []
