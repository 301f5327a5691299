# SPDX-License-Identifier: Apache-2.0
"""All that a plugin may import from ugr.

An endpoint plugin is a pip distribution with an entry point in the group ``ugr.endpoints``; the
entry point's name is the ``type =`` that an administrator writes, its value a module with
``@hookimpl def ugr_endpoint_types(): return [MyEndpoint]``. Built-in plugins use the same door.
"""

from ugr.call import Call
from ugr.config.types import Address, Duration, Path, Secret, Size, Url, Words
from ugr.errors import (
    AlreadyExists,
    BadRequest,
    Busy,
    ConfigError,
    Conflict,
    DeadlineExceeded,
    EndpointError,
    IsADirectory,
    Misbehaved,
    NoSpace,
    NotADirectory,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    Refused,
    Timeout,
    UgrError,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from ugr.model import (
    FileInfo,
    Identity,
    Intent,
    Location,
    Position,
    Replica,
    Transfer,
    Usage,
)
from ugr.names import speakable
from ugr.plugin.blocking import BlockingEndpoint, BlockingOptions
from ugr.plugin.endpoint import Endpoint, Multipart, MultipartStep
from ugr.plugin.hookspecs import hookimpl
from ugr.plugin.options import EndpointOptions, option
from ugr.plugin.policy import Candidate, Client, Policy, PolicyContext
from ugr.transport import Answer, Credentials, Ourselves, Streaming, Transport

__all__ = [
    "Address",
    "AlreadyExists",
    "Answer",
    "BadRequest",
    "BlockingEndpoint",
    "BlockingOptions",
    "Busy",
    "Call",
    "Candidate",
    "Client",
    "ConfigError",
    "Conflict",
    "Credentials",
    "DeadlineExceeded",
    "Duration",
    "Endpoint",
    "EndpointError",
    "EndpointOptions",
    "FileInfo",
    "Identity",
    "Intent",
    "IsADirectory",
    "Location",
    "Misbehaved",
    "Multipart",
    "MultipartStep",
    "NoSpace",
    "NotADirectory",
    "NotFound",
    "Ourselves",
    "Path",
    "PermissionDenied",
    "Policy",
    "PolicyContext",
    "Position",
    "PreconditionFailed",
    "Refused",
    "Replica",
    "Secret",
    "Size",
    "Streaming",
    "Timeout",
    "Transfer",
    "Transport",
    "UgrError",
    "Unauthenticated",
    "Unavailable",
    "Unsupported",
    "Url",
    "Usage",
    "Words",
    "hookimpl",
    "option",
    "speakable",
]
