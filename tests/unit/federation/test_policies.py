# SPDX-License-Identifier: Apache-2.0
"""The built-in policies, each alone."""

from collections import Counter

import pytest

from ugr.federation.policies import Geo, Health, Network, Shuffle, Weight, numbers, ugr_replica_policies
from ugr.model import Position
from ugr.plugin.policy import Candidate, Client, PolicyContext

HERE = Position(46.2, 6.1)
CLIENT = Client("192.0.2.1", HERE)


def names(groups):
    return [[candidate.endpoint for candidate in group] for group in groups]


def at(**distances):
    return [Candidate(name, distance=distance) for name, distance in distances.items()]


def weighing(**weights):
    return [Candidate(name, weight=weight) for name, weight in weights.items()]


def geo(fuzz):
    policy = Geo()
    policy.prepare(PolicyContext(fuzz=fuzz))
    return policy


def test_the_built_in_policies_are_offered_in_their_usual_order():
    assert [policy.name for policy in ugr_replica_policies()] == ["health", "network", "geo", "weight", "shuffle"]
    assert [policy.spreads for policy in ugr_replica_policies()] == [False, False, False, True, True]


def test_health_excludes_what_is_down_in_the_words_given():
    assert Health().exclude(Candidate("a", down="down: connection refused"), CLIENT) == "down: connection refused"
    assert Health().exclude(Candidate("a"), CLIENT) is None


@pytest.mark.parametrize("policy", [Network(), geo(10), Weight(), Shuffle()])
def test_no_other_policy_excludes(policy):
    assert policy.exclude(Candidate("a", down="down: connection refused", weight=0.0), CLIENT) is None


@pytest.mark.parametrize(
    ("preferred", "groups"),
    [
        ((), [["a", "b", "c"]]),
        (("b",), [["b"], ["a", "c"]]),
        (("c", "a"), [["c"], ["a"], ["b"]]),
        (("c", "b", "a"), [["c"], ["b"], ["a"]]),
        (("elsewhere",), [["a", "b", "c"]]),
        (("elsewhere", "b"), [["b"], ["a", "c"]]),
    ],
)
def test_network_puts_preferred_endpoints_first_as_written(preferred, groups):
    client = Client("192.0.2.1", preferred=preferred)

    assert names(Network().split(at(a=None, b=None, c=None), client, 0)) == groups


@pytest.mark.parametrize(
    ("fuzz", "distances", "groups"),
    [
        (10, {"a": 500.0, "b": 5.0, "c": 100.0}, [["b"], ["c"], ["a"]]),
        (10, {"a": 12.0, "b": 3.0, "c": 13.0}, [["b", "a", "c"]]),
        (10, {"a": 0.0, "b": 9.0, "c": 18.0}, [["a", "b"], ["c"]]),
        (10, {"a": 1000.0, "b": 1001.0}, [["a", "b"]]),
        (10, {"a": 0.0, "b": 10.0, "c": 10.1}, [["a", "b"], ["c"]]),
        (0, {"a": 7.0, "b": 7.0, "c": 7.1}, [["a", "b"], ["c"]]),
        (10, {"a": None, "b": 9000.0, "c": None}, [["b"], ["a", "c"]]),
        (10, {"a": None, "b": None}, [["a", "b"]]),
        (20000, {"a": 9000.0, "b": 1.0, "c": None}, [["b", "a"], ["c"]]),
    ],
)
def test_geo_orders_by_distance_in_groups_that_are_equally_close(fuzz, distances, groups):
    assert names(geo(fuzz).split(at(**distances), CLIENT, 0)) == groups


def test_geo_abstains_when_the_client_is_nowhere():
    group = [Candidate("a", position=HERE), Candidate("b")]

    assert geo(10).split(group, Client("192.0.2.1"), 0) == [group]


@pytest.mark.parametrize("policy", [Weight(), Shuffle()])
def test_spreading_is_the_same_for_the_same_seed_and_loses_nobody(policy):
    group = weighing(a=1.0, b=2.0, c=0.0, d=0.5, e=0.0)
    for seed in (0, 1, 2**32 - 1, 2**64 - 1):
        once = names(policy.split(group, CLIENT, seed))
        assert names(policy.split(group, CLIENT, seed)) == once
        assert sorted(name for part in once for name in part) == ["a", "b", "c", "d", "e"]


def test_weight_puts_endpoints_without_weight_last_as_equals():
    for seed in range(100):
        groups = names(Weight().split(weighing(a=0.0, b=1.0, c=0.0, d=0.001), CLIENT, seed))
        assert groups[2] == ["a", "c"]
        assert sorted(groups[0] + groups[1]) == ["b", "d"]


def test_weight_of_nobody_leaves_all_equal():
    assert names(Weight().split(weighing(a=0.0, b=0.0), CLIENT, 7)) == [["a", "b"]]


def test_weight_gives_the_whole_order_its_shares():
    orders = Counter(
        "".join(part[0] for part in names(Weight().split(weighing(a=3.0, b=2.0, c=1.0), CLIENT, seed)))
        for seed in range(30_000)
    )

    expected = {
        "abc": 3 / 6 * 2 / 3,
        "acb": 3 / 6 * 1 / 3,
        "bac": 2 / 6 * 3 / 4,
        "bca": 2 / 6 * 1 / 4,
        "cab": 1 / 6 * 3 / 5,
        "cba": 1 / 6 * 2 / 5,
    }
    assert {order: count / 30_000 for order, count in orders.items()} == pytest.approx(expected, abs=0.012)


def test_weight_is_a_ratio_whatever_its_size():
    for low, high in ((1e-300, 3e-300), (1e300, 3e300)):
        first = [names(Weight().split(weighing(a=high, b=low), CLIENT, seed))[0] for seed in range(4000)]
        assert first.count(["a"]) / 4000 == pytest.approx(0.75, abs=0.03)


def test_shuffle_gives_every_order_the_same_share():
    orders = Counter(
        "".join(part[0] for part in names(Shuffle().split(weighing(a=9.0, b=1.0, c=0.0), CLIENT, seed)))
        for seed in range(30_000)
    )

    assert len(orders) == 6
    assert [count / 30_000 for count in orders.values()] == pytest.approx([1 / 6] * 6, abs=0.012)


def test_numbers_are_as_many_as_wanted_and_depend_on_the_seed():
    assert len(numbers(5, 300)) == 300
    assert numbers(5, 3) == numbers(5, 300)[:3]
    assert numbers(5, 3) != numbers(6, 3)
