# SPDX-License-Identifier: Apache-2.0
"""Great-circle distances against values that can be worked out without the formula under test."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ugr.federation.geo import EARTH_RADIUS_KM, distance_km
from ugr.model import Position

GENEVA = Position(46.2324, 6.0502)
VANCOUVER = Position(49.2827, -123.1207)
QUARTER = math.pi * EARTH_RADIUS_KM / 2

positions = st.builds(
    Position, st.floats(-90, 90, allow_nan=False), st.floats(-180, 180, allow_nan=False)
)


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        pytest.param(GENEVA, GENEVA, 0.0, id="the same place"),
        pytest.param(Position(0, 0), Position(0, 90), QUARTER, id="a quarter of the equator"),
        pytest.param(Position(0, 17), Position(90, 0), QUARTER, id="equator to pole"),
        pytest.param(Position(90, 0), Position(-90, 77), 2 * QUARTER, id="pole to pole"),
        pytest.param(Position(0, 0), Position(0, 180), 2 * QUARTER, id="antipodes"),
        pytest.param(Position(0, 179), Position(0, -179), QUARTER / 45, id="across the date line"),
        pytest.param(Position(90, 10), Position(90, -120), 0.0, id="all longitudes meet at the pole"),
        pytest.param(Position(10, 5), Position(11, 5), QUARTER / 90, id="one degree north"),
    ],
)
def test_distance_is_the_arc_of_the_great_circle(a, b, km):
    assert distance_km(a, b) == pytest.approx(km, abs=1e-6)


def test_distance_from_geneva_to_vancouver_is_that_of_the_spherical_law_of_cosines():
    north_a, north_b = math.radians(GENEVA.latitude), math.radians(VANCOUVER.latitude)
    east = math.radians(GENEVA.longitude - VANCOUVER.longitude)
    cosine = math.sin(north_a) * math.sin(north_b) + math.cos(north_a) * math.cos(north_b) * math.cos(east)

    assert distance_km(GENEVA, VANCOUVER) == pytest.approx(math.acos(cosine) * 6371.0088, abs=1e-6)


def test_a_metre_is_still_a_metre():
    a = Position(46.0, 6.0)

    assert distance_km(a, Position(46.00001, 6.0)) == pytest.approx(0.0011120, rel=1e-3)


@given(positions, positions)
def test_distance_is_symmetric_and_never_longer_than_half_the_circumference(a, b):
    assert distance_km(a, b) == pytest.approx(distance_km(b, a), abs=1e-6)
    assert 0.0 <= distance_km(a, b) <= 2 * QUARTER + 1e-9
