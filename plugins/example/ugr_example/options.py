# SPDX-License-Identifier: Apache-2.0
"""What an administrator writes for ``type = example``, besides the options that every endpoint has.

Knows: the options. Refuses to know: requests.
"""

from __future__ import annotations

from dataclasses import dataclass

from ugr.plugin import BlockingOptions, Secret, Url, option


@dataclass(frozen=True, kw_only=True)
class ExampleOptions(BlockingOptions):
    """The options of a web server that lists its directories."""

    url: Url = option(
        help="Where ugr reaches the directory that is the endpoint's root.", example="https://www.example.org/data"
    )
    token: Secret | None = option(
        None,
        help="Token with which ugr itself asks; clients bring their own.",
        example="/etc/ugr/example.token",
    )
