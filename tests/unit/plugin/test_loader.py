# SPDX-License-Identifier: Apache-2.0
"""From the words of a configuration to endpoints: real entry points of small distributions."""

import importlib
import sys
import textwrap

import pytest

from ugr.config.faults import Faults
from ugr.config.reader import parse
from ugr.config.types import Duration
from ugr.errors import ConfigError
from ugr.plugin.blocking import Threaded
from ugr.plugin.endpoint import Endpoint
from ugr.plugin.loader import ENDPOINTS, IDENTITIES, POLICIES, Plugin, build, installed, load, policies

GOOD = """
    from dataclasses import dataclass
    from ugr.plugin import *
    from ugr.plugin import EndpointOptions

    @dataclass(frozen=True, kw_only=True)
    class Options(EndpointOptions):
        colour: str = option("red", help="A colour.", choices=("red", "blue"))
        depth: int = option(help="How deep.", example="3")

    class Good(Endpoint):
        type = "good"
        Options = Options
        async def stat(self, path, call): ...
        def list(self, path, call): ...
        def redirect(self, path, intent, transfer, call): ...

    @hookimpl
    def ugr_endpoint_types():
        return [Good]
"""

BLOCKING = """
    from dataclasses import dataclass
    from ugr.plugin import *

    @dataclass(frozen=True, kw_only=True)
    class Options(BlockingOptions):
        pass

    class Slow(BlockingEndpoint):
        type = "slow"
        Options = Options
        def stat(self, path, call): ...
        def list(self, path, call): ...
        def redirect(self, path, intent, transfer, call): ...

    @hookimpl
    def ugr_endpoint_types():
        return [Slow]
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution of one module: what pip leaves behind, in a folder of its own."""
    modules = []

    def install(distribution, code, version="1.0", **groups):
        folder = tmp_path / f"{distribution}-{version}"
        info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        module = f"module_of_{distribution.replace('-', '_')}"
        entries = "".join(
            f"[ugr.{group}]\n" + "".join(f"{word} = {module}\n" for word in words) for group, words in groups.items()
        )
        (info / "entry_points.txt").write_text(entries)
        (folder / f"{module}.py").write_text(textwrap.dedent(code))
        modules.append(module)
        monkeypatch.syspath_prepend(folder)
        importlib.invalidate_caches()
        return module

    yield install
    for module in modules:
        sys.modules.pop(module, None)


def faults_of(text):
    """Build the endpoints of a configuration; return them and the faults."""
    faults = Faults()
    document = parse(textwrap.dedent(text), "ugr.conf", faults)
    return build(document, faults), faults.lines()


def refusal(word, group=ENDPOINTS):
    with pytest.raises(ConfigError) as caught:
        load(group, word)
    return caught.value.message


def test_a_type_is_loaded_by_its_word(install):
    module = install("ugr-good", GOOD, endpoints=["good"])
    cls = load(ENDPOINTS, "good")
    assert issubclass(cls, Endpoint)
    assert (cls.__module__, cls.type) == (module, "good")


def test_what_is_installed_is_told_without_importing_it(install):
    module = install("ugr-broken", "raise RuntimeError", version="2.1", endpoints=["broken", "alias"])
    plugins = [plugin for plugin in installed(ENDPOINTS) if plugin.module == module]
    assert plugins == [
        Plugin("alias", "ugr-broken", "2.1", module),
        Plugin("broken", "ugr-broken", "2.1", module),
    ]
    assert module not in sys.modules


def test_only_what_is_named_is_imported(install):
    install("ugr-good", GOOD, endpoints=["good"])
    broken = install("ugr-broken", "raise RuntimeError", endpoints=["broken"])
    load(ENDPOINTS, "good")
    assert broken not in sys.modules


def test_a_missing_type_is_told_with_what_is_installed_and_the_nearest_word(install):
    install("ugr-good", GOOD, endpoints=["good"])
    message = refusal("goood")
    assert message.startswith("no installed distribution offers 'goood'; did you mean good?; installed are ")
    assert "good" in message.partition("installed are ")[2]
    assert message.endswith("; install the distribution that offers it")


def test_a_type_that_two_distributions_claim_names_both(install):
    install("ugr-good", GOOD, endpoints=["good"])
    install("other-good", GOOD, version="3.0", endpoints=["good"])
    assert refusal("good") == "'good' is offered by other-good 3.0 and ugr-good 1.0; uninstall all but one of them"


def test_an_import_that_fails_is_told_with_its_reason(install):
    install("ugr-broken", "import no_such_library", endpoints=["broken"])
    message = refusal("broken")
    assert message.startswith("distribution ugr-broken 1.0 cannot be imported: module_of_ugr_broken: ModuleNotFound")
    assert "No module named 'no_such_library'" in message
    assert message.endswith("; repair or reinstall it, or remove what uses it from the configuration")


def test_an_import_that_exits_is_a_fault_like_any_other(install):
    install("ugr-broken", "raise SystemExit(3)", endpoints=["broken"])
    assert "SystemExit: 3" in refusal("broken")


def test_a_module_without_the_hook_is_told_how_to_get_one(install):
    install("ugr-empty", "from ugr.plugin import hookimpl", endpoints=["empty"])
    assert refusal("empty") == (
        "distribution ugr-empty 1.0: module module_of_ugr_empty has no hook ugr_endpoint_types; "
        "its author must write one, with @hookimpl"
    )


def test_a_hook_with_an_argument_too_many_is_refused(install):
    code = """
        from ugr.plugin import hookimpl
        @hookimpl
        def ugr_endpoint_types(federation): return []
    """
    install("ugr-odd", code, endpoints=["odd"])
    message = refusal("odd")
    assert message.startswith("distribution ugr-odd 1.0 has a hook that ugr does not know: ")
    assert "federation" in message


def test_a_hook_that_nobody_specified_is_refused(install):
    code = """
        from ugr.plugin import hookimpl
        @hookimpl
        def ugr_endpoint_typos(): return []
    """
    install("ugr-odd", code, endpoints=["odd"])
    assert "ugr_endpoint_typos" in refusal("odd")


def test_a_hook_that_fails_is_told(install):
    code = """
        from ugr.plugin import hookimpl
        @hookimpl
        def ugr_endpoint_types(): return 1 // 0
    """
    install("ugr-odd", code, endpoints=["odd"])
    assert refusal("odd").startswith("distribution ugr-odd 1.0: ugr_endpoint_types failed: ZeroDivisionError")


@pytest.mark.parametrize(("offered", "name"), [("[int]", "int"), ("['good']", "'str'")])
def test_what_is_no_endpoint_class_is_refused(install, offered, name):
    code = f"""
        from ugr.plugin import hookimpl
        @hookimpl
        def ugr_endpoint_types(): return {offered}
    """
    install("ugr-odd", code, endpoints=["odd"])
    assert refusal("odd") == (
        f"distribution ugr-odd 1.0: ugr_endpoint_types returned {name}, which is not a class derived from "
        "Endpoint or BlockingEndpoint"
    )


def test_an_entry_point_that_its_module_does_not_keep_is_refused(install):
    install("ugr-good", GOOD, endpoints=["better"])
    assert refusal("better") == (
        "distribution ugr-good 1.0 has an entry point 'better', but its module module_of_ugr_good offers good; "
        "its author must give a class type = 'better'"
    )


def test_another_contract_is_refused_with_both_numbers(install):
    install("ugr-good", GOOD.replace('type = "good"', 'type = "good"; contract = 2'), endpoints=["good"])
    assert refusal("good") == (
        "distribution ugr-good 1.0: Good was written for contract 2, this ugr has contract 1; "
        "install the version that goes with this ugr"
    )


def test_a_class_that_lacks_a_required_verb_is_refused(install):
    install("ugr-good", GOOD.replace("async def stat", "async def stats"), endpoints=["good"])
    assert refusal("good") == "distribution ugr-good 1.0: Good lacks stat"


@pytest.mark.parametrize(
    ("change", "to"),
    [
        ("@dataclass(frozen=True, kw_only=True)", "@dataclass(kw_only=True)"),
        ("@dataclass(frozen=True, kw_only=True)", ""),
        ("class Options(EndpointOptions)", "class Options"),
        ("Options = Options", "Options = 'Options'"),
        ("Options = Options", ""),
    ],
)
def test_options_that_are_no_frozen_dataclass_of_ours_are_refused(install, change, to):
    code = GOOD.replace(change, to)
    if "frozen" not in to and "dataclass" in to:
        code = code.replace("class Options(EndpointOptions)", "class Options")
    install("ugr-good", code, endpoints=["good"])
    assert refusal("good") == (
        "distribution ugr-good 1.0: Good.Options must be a frozen dataclass derived from EndpointOptions"
    )


def test_options_that_cannot_be_written_are_refused(install):
    install("ugr-good", GOOD.replace("depth: int", "depth: dict"), endpoints=["good"])
    assert refusal("good").startswith("distribution ugr-good 1.0: Good.Options: ")


def test_a_blocking_endpoint_needs_blocking_options(install):
    code = BLOCKING.replace("class Options(BlockingOptions)", "class Options(EndpointOptions)")
    install("ugr-slow", code, endpoints=["slow"])
    assert refusal("slow").endswith("Slow.Options must be a frozen dataclass derived from BlockingOptions")


def test_endpoints_are_built_with_their_options_and_the_defaults(install):
    install("ugr-good", GOOD, endpoints=["good"])
    install("ugr-slow", BLOCKING, endpoints=["slow"])
    endpoints, faults = faults_of(
        """
        [endpoint:*]
        depth = 7
        timeout = 2s

        [endpoint:one]
        type = good
        colour = blue

        [endpoint:two]
        type = good
        depth = 8

        [endpoint:three]
        type = slow
        max_threads = 3
        """
    )
    assert faults == []
    assert list(endpoints) == ["one", "two", "three"]
    assert (endpoints["one"].options.colour, endpoints["one"].options.depth) == ("blue", 7)
    assert (endpoints["two"].options.colour, endpoints["two"].options.depth) == ("red", 8)
    assert isinstance(endpoints["three"], Threaded)
    assert (endpoints["three"].options.max_threads, endpoints["three"].options.timeout) == (3, 2.0)
    assert (endpoints["three"].name, endpoints["three"].type) == ("three", "slow")


def test_the_type_may_be_a_default(install):
    install("ugr-good", GOOD, endpoints=["good"])
    endpoints, faults = faults_of(
        """
        [endpoint:*]
        type = good
        depth = 1
        [endpoint:one]
        """
    )
    assert faults == []
    assert endpoints["one"].type == "good"


def test_endpoints_that_write_no_url_lifetime_get_the_one_given(install):
    install("ugr-good", GOOD, endpoints=["good"])
    document = parse(
        "[endpoint:one]\ntype = good\ndepth = 1\n[endpoint:two]\ntype = good\ndepth = 1\nurl_lifetime = 5m\n"
    )
    endpoints = build(document, Faults(), Duration(60.0))
    assert endpoints["one"].options.url_lifetime == 60.0
    assert endpoints["two"].options.url_lifetime == 300.0


def test_all_faults_are_told_at_once_with_file_and_line(install):
    install("ugr-good", GOOD, endpoints=["good"])
    install("ugr-broken", "import no_such_library", endpoints=["broken"])
    endpoints, faults = faults_of(
        """\
        [endpoint:fine]
        type = good
        depth = 1
        [endpoint:typo]
        type = good
        depht = 1
        [endpoint:untyped]
        depth = 1
        [endpoint:broken]
        type = broken
        [endpoint:blue]
        type = good
        depth = 1
        colour = green
        """
    )
    assert list(endpoints) == ["fine"]
    starts = [
        "ugr.conf:4: [endpoint:typo] depth: must be written",
        "ugr.conf:6: [endpoint:typo] depht: there is no such option; did you mean depth?",
        "ugr.conf:7: [endpoint:untyped] type: must be written; installed are ",
        "ugr.conf:10: [endpoint:broken] type = broken: distribution ugr-broken 1.0 cannot be imported",
        "ugr.conf:14: [endpoint:blue] colour = green: must be one of red, blue",
    ]
    assert [fault[: len(start)] for fault, start in zip(faults, starts, strict=True)] == starts


def test_a_default_that_no_type_knows_is_a_fault(install):
    install("ugr-good", GOOD, endpoints=["good"])
    _, faults = faults_of("[endpoint:*]\ndepth = 1\nswiftness = 9\n[endpoint:one]\ntype = good\n")
    assert faults == ["ugr.conf:3: [endpoint:*] swiftness: no configured endpoint type has this option"]


def test_options_that_cannot_work_together_are_blamed_on_the_section(install):
    code = GOOD.replace(
        "async def stat",
        """def __init__(self, name, options):
            super().__init__(name, options)
            if options.depth > 3:
                raise ConfigError("depth and colour do not go together")
            if options.depth == 3:
                raise ValueError("s3cret")
        async def stat""",
    )
    install("ugr-good", code, endpoints=["good"])
    _, faults = faults_of("[endpoint:one]\ntype = good\ndepth = 9\n[endpoint:two]\ntype = good\ndepth = 3\n")
    assert faults == [
        "ugr.conf:1: [endpoint:one]: depth and colour do not go together",
        "ugr.conf:4: [endpoint:two]: module_of_ugr_good.Good cannot be made: ValueError",
    ]


POLICY = """
    from ugr.plugin import Policy, hookimpl

    class Alphabetical(Policy):
        name = "alphabetical"
        def split(self, group, client, seed):
            return [[candidate] for candidate in sorted(group, key=lambda one: one.endpoint)]

    @hookimpl
    def ugr_replica_policies():
        return [Alphabetical]
"""


def test_policies_come_through_the_same_door(install):
    install("ugr-order", POLICY, policies=["alphabetical"])
    faults = Faults()
    found = policies(("alphabetical",), parse("[selection]\npolicies = alphabetical\n"), faults)
    assert not faults
    assert [policy.name for policy in found] == ["alphabetical"]


def test_faults_of_policies_are_told_at_their_line(install):
    install("ugr-order", POLICY, policies=["alphabetical"])
    document = parse("[selection]\npolicies = alphabetical nearest alphabetical\n", "ugr.conf")
    faults = Faults()
    assert len(policies(("alphabetical", "nearest", "alphabetical"), document, faults)) == 1
    first, second = faults.lines()
    assert first.startswith(
        "ugr.conf:2: [selection] policies = alphabetical nearest alphabetical: alphabetical is named twice"
    )
    assert "no installed distribution offers 'nearest'" in second


def test_faults_of_the_default_policies_blame_the_file():
    faults = Faults()
    policies(("no-such-policy",), parse("", "ugr.conf"), faults)
    assert faults.lines()[0].startswith("ugr.conf: [selection] policies: no installed distribution offers")


def test_a_policy_that_lacks_split_is_refused(install):
    install("ugr-order", POLICY.replace("def split", "def splits"), policies=["alphabetical"])
    assert refusal("alphabetical", POLICIES) == "distribution ugr-order 1.0: Alphabetical lacks split"


def test_identity_sources_come_through_the_same_door(install):
    code = """
        from ugr.plugin import hookimpl
        class Badge:
            name = "badge"
        @hookimpl
        def ugr_identity_sources(): return [Badge]
    """
    module = install("ugr-badge", code, identities=["badge"])
    assert load(IDENTITIES, "badge").__module__ == module
