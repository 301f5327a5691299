# SPDX-License-Identifier: Apache-2.0
"""From a word to a class: real entry points of small distributions, and everything that is wrong with them."""

import sys

import pytest

from tests.unit.plugin.modules import BLOCKING, GOOD, POLICY
from ugr.errors import ConfigError
from ugr.plugin.endpoint import Endpoint
from ugr.plugin.loader import ENDPOINTS, IDENTITIES, POLICIES, Plugin, installed, load


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
