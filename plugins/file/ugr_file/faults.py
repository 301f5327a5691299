# SPDX-License-Identifier: Apache-2.0
"""What the operating system's errors mean as facts of the contract.

Knows: errno. Refuses to know: verbs, paths; messages name neither, because the core adds them, and
the directory of the endpoint is nobody's business but the administrator's.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ugr.plugin import (
    AlreadyExists,
    Busy,
    Conflict,
    IsADirectory,
    Misbehaved,
    NoSpace,
    NotFound,
    PermissionDenied,
    Refused,
    Timeout,
    UgrError,
    Unsupported,
)

MEANINGS: dict[int, type[UgrError]] = {
    # The name cannot be there. Only these: every other failure is silence, and silence is not absence.
    errno.ENOENT: NotFound,
    errno.ENOTDIR: NotFound,
    errno.ELOOP: NotFound,
    errno.ENAMETOOLONG: NotFound,
    errno.EACCES: PermissionDenied,
    errno.EPERM: PermissionDenied,
    errno.EROFS: PermissionDenied,
    errno.EEXIST: AlreadyExists,
    errno.EISDIR: IsADirectory,
    errno.ENOTEMPTY: Conflict,
    errno.EBUSY: Conflict,
    errno.EXDEV: Unsupported,
    errno.ENOSPC: NoSpace,
    errno.EDQUOT: NoSpace,
    errno.EFBIG: NoSpace,
    errno.ETIMEDOUT: Timeout,
    errno.EAGAIN: Busy,
    errno.EMFILE: Busy,
    errno.ENFILE: Busy,
    errno.ENOMEM: Busy,
    errno.ESTALE: Refused,
    errno.EIO: Refused,
    errno.ENODEV: Refused,
    errno.ENXIO: Refused,
    errno.ENOTCONN: Refused,
    errno.ECONNREFUSED: Refused,
    errno.EHOSTDOWN: Refused,
    errno.EHOSTUNREACH: Refused,
}
"""errno -> the fact; Misbehaved for all others."""


def meaning(error: OSError) -> UgrError:
    """Return the fact that an error of the operating system states."""
    kind = MEANINGS.get(error.errno or 0, Misbehaved)
    return kind(os.strerror(error.errno).lower() if error.errno else "the file system failed")


@contextmanager
def translated() -> Iterator[None]:
    """Let nothing but UgrError out of a verb."""
    try:
        yield
    except OSError as error:
        raise meaning(error) from error
