# SPDX-License-Identifier: Apache-2.0
"""What the exit code of a command says; the only table from errors to exit codes.

Knows: codes. Refuses to know: commands.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from ugr import errors
from ugr.errors import UgrError


class Exit(enum.IntEnum):
    """The exit codes; scripts may rely on them."""

    OK = 0
    NO = 1
    USAGE = 2
    CONFIGURATION = 3
    UNAVAILABLE = 4
    REFUSED = 5
    INTERRUPTED = 130


MEANING: Mapping[Exit, str] = {
    Exit.OK: "done; the answer is yes",
    Exit.NO: "the answer is no: not found, not a directory, there already, not supported",
    Exit.USAGE: "the command line cannot be understood",
    Exit.CONFIGURATION: "the configuration cannot be used, or its address cannot be listened on",
    Exit.UNAVAILABLE: "an endpoint failed or was silent, so that the answer is not known or not complete",
    Exit.REFUSED: "the client, or whoever runs the command, may not do that",
    Exit.INTERRUPTED: "interrupted from the keyboard",
}
"""Each code in words, for ``ugr --help`` and the reference."""

CODES: Mapping[type[UgrError], Exit] = {
    errors.NotFound: Exit.NO,
    errors.PermissionDenied: Exit.REFUSED,
    errors.Unauthenticated: Exit.REFUSED,
    errors.BadRequest: Exit.USAGE,
    errors.AlreadyExists: Exit.NO,
    errors.IsADirectory: Exit.NO,
    errors.NotADirectory: Exit.NO,
    errors.Conflict: Exit.NO,
    errors.PreconditionFailed: Exit.NO,
    errors.Unsupported: Exit.NO,
    errors.NoSpace: Exit.UNAVAILABLE,
    errors.Unavailable: Exit.UNAVAILABLE,
    errors.DeadlineExceeded: Exit.UNAVAILABLE,
    errors.Overloaded: Exit.UNAVAILABLE,
    errors.EndpointError: Exit.UNAVAILABLE,
    errors.ConfigError: Exit.CONFIGURATION,
    UgrError: Exit.UNAVAILABLE,
}
"""Kind of error -> exit code; a class that is not here has the code of the nearest one above it."""


def exit_of(error: BaseException) -> Exit:
    """Return the exit code of an error."""
    for cls in type(error).__mro__:
        if cls in CODES:
            return CODES[cls]
    return Exit.UNAVAILABLE
