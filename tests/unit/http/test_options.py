# SPDX-License-Identifier: Apache-2.0
"""Options that cannot work together are told at once, and secrets that are renewed are used."""

import pytest
from ugr_http.endpoint import HttpEndpoint

from tests.unit.http.web import options
from ugr.plugin import ConfigError, Secret

SECRET = Secret(literal="s")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"writable": True}, "type = dav"),
        ({"probe": "f"}, 'starting with "/"'),
        ({"probe": "/"}, "path of a file"),
        ({"user": "u"}, "write both"),
        ({"password": SECRET}, "write both"),
        ({"user": "u", "password": SECRET, "token": SECRET}, "not both"),
        ({"key": SECRET}, "certificate_file"),
        ({"crls": True}, "ca_directory"),
    ],
)
def test_options_that_do_not_go_together_are_refused_with_the_remedy(written, message):
    with pytest.raises(ConfigError, match=message):
        HttpEndpoint("web", options(**written))


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError, match=r"write both.*ca_directory.*probe"):
        HttpEndpoint("web", options(probe="f", user="u", crls=True))
