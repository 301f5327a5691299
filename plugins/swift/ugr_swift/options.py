# SPDX-License-Identifier: Apache-2.0
"""What an administrator writes for ``type = swift``.

Knows: the options and which of them cannot go together. Refuses to know: requests, signatures.
"""

from __future__ import annotations

from dataclasses import dataclass

from ugr.plugin import ConfigError, Secret, Url, option
from ugr.plugin.objects import ObjectOptions, object_faults

DEFAULT_LIFETIME = 3600
"""Seconds that a URL is good for when neither the endpoint nor ``[ugr]`` says."""


@dataclass(frozen=True, kw_only=True)
class SwiftOptions(ObjectOptions):
    """The options of one container, or of one prefix in it."""

    url: Url | None = option(
        None,
        help="Where ugr reaches the account: the storage URL, without the container. Without it, what the "
        "authentication service says is used.",
        example="https://swift.example.org/v1/AUTH_atlas",
    )
    public_url: Url | None = option(
        None,
        help="The storage URL that clients are sent to, when it differs. Its path is signed: it must be the path "
        "that Swift sees.",
        example="https://swift.example.org/v1/AUTH_atlas",
    )
    container: str = option(help="Name of the container; it must exist.", example="data")
    auth: str = option(
        "none",
        help="How ugr itself is known to the storage: none (the container is open to all), tempauth (version 1, as "
        "of Swift's tempauth and Ceph's gateway), keystone (version 3).",
        choices=("none", "tempauth", "keystone"),
    )
    auth_url: Url | None = option(
        None,
        help="Where tokens are to be had, for tempauth and keystone.",
        example="https://keystone.example.org:5000/v3",
    )
    user: str | None = option(None, help="User for tempauth (account:user) and keystone.", example="ugr")
    key: Secret | None = option(None, help="The user's key or password.", example="/etc/ugr/swift.key")
    user_domain: str = option("Default", help="Keystone domain of the user.")
    project: str | None = option(None, help="Keystone project that the account belongs to.", example="atlas")
    project_domain: str = option("Default", help="Keystone domain of the project.")
    region: str | None = option(
        None, help="Region whose Swift is looked up in Keystone's catalog; the first one unless written."
    )
    interface: str = option(
        "public",
        help="Which of the URLs in Keystone's catalog ugr itself uses.",
        choices=("public", "internal", "admin"),
    )
    temp_url_key: Secret | None = option(
        None,
        help="The key with which temporary URLs are signed: Temp-URL-Key of the account or the container. Without "
        "it clients are sent to plain URLs, which a container that is open to all serves.",
        example="/etc/ugr/swift-temp-url.key",
    )
    temp_url_digest: str = option(
        "sha256",
        help="Digest of the signatures: one that the storage allows. Ceph before version 18 knows only sha1.",
        choices=("sha256", "sha1", "sha512"),
    )


def check(name: str, options: SwiftOptions) -> None:
    """Raise ConfigError, with all faults, when the options cannot work together."""
    faults = [*_faults(options), *object_faults(options)]
    if faults:
        raise ConfigError("; ".join(faults), endpoint=name)


def _faults(options: SwiftOptions) -> list[str]:
    faults = []
    if not options.container or "/" in options.container or len(options.container.encode(errors="replace")) > 256:
        faults.append(f"container = {options.container}: is not a container's name; write only the name")
    given = {"auth_url": options.auth_url, "user": options.user, "key_file": options.key}
    if options.auth == "keystone":
        given["project"] = options.project
    missing = [word for word, value in given.items() if value is None]
    if options.auth == "none":
        if options.url is None:
            faults.append("url: must be written when auth = none")
        if len(missing) < len(given):
            faults.append("auth = none: needs no auth_url, user and key; write auth = tempauth or auth = keystone")
    elif missing:
        faults.append(f"auth = {options.auth}: needs {', '.join(missing)} too")
    if options.user is not None and not (options.user.isascii() and options.user.isprintable()):
        faults.append("user: must be printable ASCII")
    return faults
