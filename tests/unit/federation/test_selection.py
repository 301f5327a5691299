# SPDX-License-Identifier: Apache-2.0
"""The choice for one client: order, tiers, exclusions, fairness, stability."""

from collections import Counter

import pytest

from ugr.errors import ConfigError
from ugr.federation.answers import Choice, Excluded, Ranked
from ugr.federation.geo import GeoDatabase
from ugr.federation.networks import Networks
from ugr.federation.policies import ugr_replica_policies
from ugr.federation.selection import EndpointPlace, Selection
from ugr.model import Position
from ugr.plugin.policy import Client, Policy

GENEVA = Position(46.2, 6.1)
LYON = Position(45.76, 4.84)
OSLO = Position(59.9, 10.75)
VANCOUVER = Position(49.28, -123.12)
NOW = 1_700_000_000.0
ALL = "health network geo weight shuffle"
CLIENTS = [f"10.{number // 256}.{number % 256}.7" for number in range(3000)]


def policies(words):
    offered = {policy.name: policy for policy in ugr_replica_policies()}
    return [offered[word]() for word in words.split()]


def selection(words=ALL, *extra, fuzz=10.0, **places):
    made = Selection([*policies(words), *extra], GeoDatabase(None), Networks({}), fuzz=fuzz)
    made.place(places)
    return made


def order(choice):
    return [ranked.endpoint for ranked in choice.order]


def firsts(made, endpoints, path="/f", clients=CLIENTS, down=None):
    counts = Counter(
        made.choose(endpoints, made.client(address), path, down or {}, NOW).order[0].endpoint for address in clients
    )
    return {endpoint: count / len(clients) for endpoint, count in counts.items()}


# --- the order -----------------------------------------------------------------------------------


def test_closest_comes_first_with_its_distance_and_tier():
    made = selection(oslo=EndpointPlace(OSLO), cern=EndpointPlace(GENEVA), lyon=EndpointPlace(LYON))

    choice = made.choose(["oslo", "lyon", "cern"], Client("192.0.2.1", GENEVA), "/f", {}, NOW)

    assert order(choice) == ["cern", "lyon", "oslo"]
    assert [ranked.tier for ranked in choice.order] == [0, 1, 2]
    assert [ranked.distance for ranked in choice.order] == pytest.approx([0.0, 109.0, 1553.8], abs=0.5)
    assert choice.excluded == ()


def test_unknown_distances_come_last():
    made = selection(far=EndpointPlace(VANCOUVER), nowhere=EndpointPlace(None))

    choice = made.choose(("nowhere", "far", "never-placed"), Client("192.0.2.1", GENEVA), "/f", {}, NOW)

    assert order(choice)[0] == "far"
    assert {ranked.endpoint: (ranked.distance, ranked.tier) for ranked in choice.order[1:]} == {
        "nowhere": (None, 1),
        "never-placed": (None, 1),
    }


def test_client_from_nowhere_gets_one_tier():
    made = selection(oslo=EndpointPlace(OSLO), cern=EndpointPlace(GENEVA))

    choice = made.choose(("oslo", "cern"), Client("192.0.2.1"), "/f", {}, NOW)

    assert {(ranked.distance, ranked.tier) for ranked in choice.order} == {(None, 0)}


def test_network_preference_beats_distance():
    made = selection(oslo=EndpointPlace(OSLO), cern=EndpointPlace(GENEVA), lyon=EndpointPlace(LYON))
    client = Client("192.0.2.1", GENEVA, "lab", ("oslo",))

    assert order(made.choose(("cern", "lyon", "oslo"), client, "/f", {}, NOW)) == ["oslo", "cern", "lyon"]


def test_policies_apply_in_the_order_written():
    client = Client("192.0.2.1", GENEVA, "lab", ("oslo",))
    places = {"oslo": EndpointPlace(OSLO), "cern": EndpointPlace(GENEVA)}

    assert order(selection("geo network", **places).choose(("oslo", "cern"), client, "/f", {}, NOW)) == ["cern", "oslo"]


def test_weight_never_beats_distance_and_zero_is_last_resort_of_its_tier():
    made = selection(
        near=EndpointPlace(GENEVA, 0.0), also=EndpointPlace(GENEVA, 0.01), far=EndpointPlace(OSLO, 1000.0)
    )
    for address in CLIENTS[:50]:
        choice = made.choose(("far", "near", "also"), Client(address, GENEVA), "/f", {}, NOW)
        assert order(choice) == ["also", "near", "far"]


def test_without_policies_the_order_is_that_of_the_question():
    assert order(selection("").choose(("b", "a", "c"), Client(None), "/f", {}, NOW)) == ["b", "a", "c"]


@pytest.mark.parametrize("words", ["", "health", ALL])
def test_no_endpoints_is_an_empty_choice(words):
    assert selection(words).choose((), Client("192.0.2.1", GENEVA), "/f", {"a": "down: x"}, NOW) == Choice(())
    assert selection(words).tiers((), Client(None)) == {}


def test_one_endpoint_is_the_choice():
    assert selection().choose(("a",), Client("192.0.2.1"), "/f", {}, NOW) == Choice((Ranked("a", None, 0),))


def test_places_may_change_at_any_time():
    made = selection(a=EndpointPlace(OSLO), b=EndpointPlace(LYON))
    client = Client("192.0.2.1", GENEVA)
    assert order(made.choose(("a", "b"), client, "/f", {}, NOW)) == ["b", "a"]

    made.place({"a": EndpointPlace(GENEVA), "b": EndpointPlace(LYON)})

    assert (made.position("a"), made.position("b"), made.position("c")) == (GENEVA, LYON, None)
    assert order(made.choose(("a", "b"), client, "/f", {}, NOW)) == ["a", "b"]


# --- who is down ---------------------------------------------------------------------------------


def test_endpoint_that_is_down_is_excluded_with_the_reason():
    made = selection(cern=EndpointPlace(GENEVA), oslo=EndpointPlace(OSLO))
    down = {"cern": "down: connection refused", "elsewhere": "down: no answer within 3s"}

    choice = made.choose(("cern", "oslo"), Client("192.0.2.1", GENEVA), "/f", down, NOW)

    assert order(choice) == ["oslo"]
    assert choice.order[0].tier == 1
    assert choice.excluded == (Excluded("cern", "down: connection refused"),)


def test_all_down_leaves_an_empty_order_and_all_reasons_as_asked():
    down = {"b": "down: two", "a": "down: one"}

    choice = selection().choose(("a", "b"), Client("192.0.2.1"), "/f", down, NOW)

    assert choice == Choice((), (Excluded("a", "down: one"), Excluded("b", "down: two")))


def test_without_the_health_policy_nobody_is_excluded():
    choice = selection("geo").choose(("a", "b"), Client("192.0.2.1"), "/f", {"a": "down: x"}, NOW)

    assert order(choice) == ["a", "b"]
    assert choice.excluded == ()


def test_order_of_the_others_does_not_depend_on_who_is_down():
    made = selection()
    for address in CLIENTS[:100]:
        client = made.client(address)
        whole = order(made.choose(("a", "b", "c", "d"), client, "/f", {}, NOW))
        without = order(made.choose(("a", "b", "c", "d"), client, "/f", {"b": "down: x"}, NOW))
        assert without == [endpoint for endpoint in whole if endpoint != "b"]


# --- tiers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "tiers"),
    [
        (ALL, {"cern": 0, "meyrin": 0, "lyon": 1, "oslo": 2, "nowhere": 3}),
        ("geo", {"cern": 0, "meyrin": 0, "lyon": 1, "oslo": 2, "nowhere": 3}),
        ("weight geo", {"cern": 0, "meyrin": 0, "lyon": 0, "oslo": 0, "nowhere": 0}),
        ("health", {"cern": 0, "meyrin": 0, "lyon": 0, "oslo": 0, "nowhere": 0}),
    ],
)
def test_tiers_are_those_before_spreading_begins(words, tiers):
    made = selection(
        words,
        cern=EndpointPlace(GENEVA, 1.0),
        meyrin=EndpointPlace(Position(46.23, 6.07), 5.0),
        lyon=EndpointPlace(LYON),
        oslo=EndpointPlace(OSLO),
    )

    assert made.tiers(list(tiers), Client("192.0.2.1", GENEVA)) == tiers


def test_tiers_of_a_choice_never_fall_along_its_order():
    made = selection(a=EndpointPlace(GENEVA), b=EndpointPlace(GENEVA), c=EndpointPlace(OSLO), d=EndpointPlace(OSLO))
    for address in CLIENTS[:200]:
        client = Client(address, LYON)
        choice = made.choose(("d", "c", "b", "a"), client, "/f", {}, NOW)
        assert [ranked.tier for ranked in choice.order] == [0, 0, 1, 1]
        assert made.tiers(("d", "c", "b", "a"), client) == {ranked.endpoint: ranked.tier for ranked in choice.order}


def test_tiers_are_the_callers_to_keep():
    made = selection(a=EndpointPlace(GENEVA))
    client = Client("192.0.2.1", GENEVA)
    made.tiers(("a", "b"), client).clear()

    assert made.tiers(("a", "b"), client) == {"a": 0, "b": 1}


# --- fairness and stability ----------------------------------------------------------------------


def test_shuffle_spreads_three_equals_evenly_over_clients():
    assert firsts(selection("health geo shuffle"), ("a", "b", "c")) == pytest.approx(
        {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, abs=0.035
    )


def test_shuffle_spreads_the_files_of_one_client():
    made = selection("shuffle")
    client = made.client("192.0.2.1")
    counts = Counter(order(made.choose(("a", "b", "c"), client, f"/d/{n}", {}, NOW))[0] for n in range(3000))

    assert [counts[name] / 3000 for name in "abc"] == pytest.approx([1 / 3] * 3, abs=0.035)


def test_shuffle_spreads_one_client_and_file_over_time():
    made = selection("shuffle")
    client = made.client("192.0.2.1")
    counts = Counter(order(made.choose(("a", "b", "c"), client, "/f", {}, NOW + 60 * n))[0] for n in range(3000))

    assert [counts[name] / 3000 for name in "abc"] == pytest.approx([1 / 3] * 3, abs=0.035)


def test_weight_three_to_one_gives_three_quarters():
    made = selection(a=EndpointPlace(None, 3.0), b=EndpointPlace(None, 1.0))

    assert firsts(made, ("a", "b")) == pytest.approx({"a": 0.75, "b": 0.25}, abs=0.03)


def test_share_of_an_endpoint_that_is_down_goes_to_the_others_by_weight():
    made = selection(a=EndpointPlace(None, 3.0), b=EndpointPlace(None, 1.0), c=EndpointPlace(None, 6.0))

    assert firsts(made, ("a", "b", "c"), down={"c": "down: x"}) == pytest.approx({"a": 0.75, "b": 0.25}, abs=0.03)


def test_equally_close_endpoints_share_and_others_get_nothing():
    made = selection(a=EndpointPlace(GENEVA), b=EndpointPlace(Position(46.25, 6.1)), far=EndpointPlace(OSLO))
    counts = Counter(
        order(made.choose(("far", "a", "b"), Client(address, LYON), "/f", {}, NOW))[0] for address in CLIENTS
    )

    assert counts["far"] == 0
    assert counts["a"] / len(CLIENTS) == pytest.approx(0.5, abs=0.04)


def test_choice_is_the_same_within_a_minute_and_in_every_process():
    minute = NOW // 60 * 60
    for address in CLIENTS[:50]:
        made = [selection() for _ in range(2)]
        choices = {
            one.choose(("a", "b", "c", "d"), one.client(address), "/f", {}, minute + second)
            for one in made
            for second in (0.0, 17.3, 59.9)
        }
        assert len(choices) == 1


def test_paths_that_are_no_text_for_the_outside_can_be_chosen_for():
    assert len(selection().choose(("a", "b"), Client(None), "/\udcff/ü\n", {}, NOW).order) == 2


# --- policies of others --------------------------------------------------------------------------


class NotMyself(Policy):
    """Never sends a client to the endpoint that runs on its own host."""

    name = "not-myself"
    by_address = True

    def exclude(self, candidate, client):
        return "is the client itself" if candidate.endpoint == client.address else None

    def split(self, group, client, seed):
        return [group]


class Curious(Policy):
    """Remembers what it was shown."""

    name = "curious"

    def __init__(self):
        self.shown = []

    def split(self, group, client, seed):
        self.shown.append((client.address, seed, {candidate.down for candidate in group}))
        return [group]


class Careless(Policy):
    """Loses a copy."""

    name = "careless"

    def split(self, group, client, seed):
        return [group[1:]]


class CarelessSpreader(Careless):
    """Loses a copy, too."""

    spreads = True


def test_policy_that_declares_it_sees_the_address():
    made = selection("health", NotMyself())

    choice = made.choose(("192.0.2.1", "b"), made.client("192.0.2.1"), "/f", {}, NOW)
    assert choice == Choice((Ranked("b", None, 0),), (Excluded("192.0.2.1", "is the client itself"),))
    assert order(made.choose(("192.0.2.1", "b"), made.client("192.0.2.2"), "/f", {}, NOW)) == ["192.0.2.1", "b"]


def test_policy_that_does_not_declare_it_sees_no_address_no_seed_and_nobody_down():
    curious = Curious()
    made = selection("health", curious)

    made.choose(("a", "b"), made.client("192.0.2.1"), "/f", {"a": "down: x"}, NOW)

    assert curious.shown == [(None, 0, {None})]


@pytest.mark.parametrize("policy", [Careless(), CarelessSpreader()])
def test_policy_that_loses_a_copy_is_found_out(policy):
    with pytest.raises(ConfigError, match="lost or doubled"):
        selection("health", policy).choose(("a", "b"), Client(None), "/f", {}, NOW)


def test_policies_are_told_the_fuzz():
    places = {"a": EndpointPlace(GENEVA), "b": EndpointPlace(LYON)}
    client = Client("192.0.2.1", GENEVA)

    assert selection("geo", fuzz=50.0, **places).tiers(("a", "b"), client) == {"a": 0, "b": 1}
    assert selection("geo", fuzz=150.0, **places).tiers(("a", "b"), client) == {"a": 0, "b": 0}
