# SPDX-License-Identifier: Apache-2.0
"""What an administrator writes for ``type = http``.

Knows: the options and which of them cannot go together. Refuses to know: requests.
"""

from __future__ import annotations

from dataclasses import dataclass

from ugr.plugin import ConfigError, Url, Words, option
from ugr.plugin.web import DIGEST_NAMES, AccessOptions, access_faults


@dataclass(frozen=True, kw_only=True)
class HttpOptions(AccessOptions):
    """The options of one web server, or of one directory on it."""

    url: Url = option(
        help="Where ugr reaches the directory that is the endpoint's root.", example="https://www.example.org/data"
    )
    index: str = option(
        "none",
        help="What the server answers for a directory. json: the JSON of nginx (autoindex_format json) or of another "
        "ugr; html: a page of links, as Apache, nginx and others make, whose files are then asked for one by one; "
        "none: nothing to go by, and this endpoint is not asked for listings whatever listable says.",
        choices=("none", "json", "html"),
    )
    metalink: bool = option(
        False,
        help="Whether the server is another federation (ugr, Dynafed), which is asked for metalinks. Clients are sent "
        "to it, and it sends them on.",
    )
    probe: str | None = option(
        None,
        help="A file that is always there, and asked for to see whether the server is well. Without it the root is.",
        example="/.ugr-probe",
    )
    checksums: Words = option(
        (),
        help="Checksums that the server knows or computes when it is asked for them (Want-Digest).",
        example="adler32 md5",
        choices=tuple(DIGEST_NAMES),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.index == "none":
            object.__setattr__(self, "listable", False)

    @property
    def authenticated(self) -> bool:
        """Whether questions carry credentials."""
        return not (self.user is None and self.token is None and self.certificate is None)


def check(name: str, options: HttpOptions) -> None:
    """Raise ConfigError, with all faults, when the options cannot work together."""
    faults = access_faults(options)
    if options.writable:
        faults.append("writable: a web server of this type is only read; type = dav is for those that can be changed")
    if options.probe is not None and (not options.probe.startswith("/") or options.probe == "/"):
        faults.append(f'probe = {options.probe}: must be the path of a file, starting with "/"')
    if faults:
        raise ConfigError("; ".join(faults), endpoint=name)
