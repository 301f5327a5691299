# SPDX-License-Identifier: Apache-2.0
"""What an administrator writes for ``type = azure``.

Knows: the options and which of them cannot go together. Refuses to know: requests, signatures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ugr.plugin import ConfigError, Duration, Secret, Url, option
from ugr.plugin.objects import ObjectOptions, object_faults

DEFAULT_LIFETIME = 3600
"""Seconds that a URL is good for when neither the endpoint nor ``[ugr]`` says."""

MAX_DELEGATED_LIFETIME = 6 * 86400
"""The longest life of a URL in seconds when a user delegation key signs it, which itself lives seven days."""

_ACCOUNT = re.compile(r"[a-z0-9]{3,24}\Z")
_CONTAINER = re.compile(r"(\$web|[a-z0-9](-?[a-z0-9]){2,62})\Z")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


@dataclass(frozen=True, kw_only=True)
class AzureOptions(ObjectOptions):
    """The options of one container, or of one prefix in it."""

    url: Url = option(
        help="Where ugr reaches the account's Blob service, without the container.",
        example="https://atlas.blob.core.windows.net",
    )
    public_url: Url | None = option(
        None,
        help="Where clients reach the same account, without the container, when that differs from url.",
        example="https://atlas.blob.core.windows.net",
    )
    account: str = option(help="Name of the storage account.", example="atlas")
    container: str = option(help="Name of the container; it must exist.", example="data")
    account_key: Secret | None = option(
        None, help="One of the account's keys, as the portal shows it.", example="/etc/ugr/azure.key"
    )
    tenant: str | None = option(
        None,
        help="Directory (tenant) of an application of Entra ID, which is used instead of an account key. It needs "
        "the roles Storage Blob Delegator and Storage Blob Data Reader (or Contributor).",
        example="11111111-2222-3333-4444-555555555555",
    )
    client_id: str | None = option(
        None, help="The application's client id.", example="66666666-7777-8888-9999-000000000000"
    )
    client_secret: Secret | None = option(
        None, help="The application's client secret.", example="/etc/ugr/azure-client.secret"
    )
    authority: Url = option(
        Url("https://login.microsoftonline.com"), help="Where Entra ID gives tokens; other clouds have their own."
    )
    url_lifetime: Duration | None = option(
        None,
        help="How long a signed URL given to a client is good for; at most 6 days with Entra ID. The default is that "
        "of [ugr].",
        example="1h",
        minimum=1,
    )


def check(name: str, options: AzureOptions) -> None:
    """Raise ConfigError, with all faults, when the options cannot work together."""
    faults = [*_faults(options), *object_faults(options)]
    if faults:
        raise ConfigError("; ".join(faults), endpoint=name)


def _faults(options: AzureOptions) -> list[str]:
    faults = []
    if not _ACCOUNT.match(options.account):
        faults.append(f"account = {options.account}: is not an account's name: 3 to 24 lower-case letters and digits")
    if not _CONTAINER.match(options.container) or len(options.container) > 63:
        faults.append(f"container = {options.container}: is not a container's name; write only the name")
    words = ("tenant", "client_id", "client_secret_file")
    application = dict(zip(words, (options.tenant, options.client_id, options.client_secret), strict=True))
    missing = [word for word, value in application.items() if value is None]
    if options.account_key is not None and len(missing) < len(application):
        faults.append("account_key_file: write either it, or tenant, client_id and client_secret_file")
    elif options.account_key is None and len(missing) == len(application):
        faults.append("account_key_file: is missing; write it, or tenant, client_id and client_secret_file")
    elif options.account_key is None and missing:
        faults.append(f"{' and '.join(missing)}: must be written with the other options of Entra ID")
    if options.account_key is None and not missing:
        faults.extend(_entra_faults(options))
    return faults


def _entra_faults(options: AzureOptions) -> list[str]:
    faults = []
    for word, value in (("tenant", options.tenant), ("client_id", options.client_id)):
        if not _WORD.match(value or ""):
            faults.append(f"{word} = {value}: is not an id")
    if options.url_lifetime is not None and options.url_lifetime > MAX_DELEGATED_LIFETIME:
        faults.append("url_lifetime: must be at most 6d with Entra ID; write one here if that of [ugr] is longer")
    for word, url in (("url", options.url), ("authority", options.authority)):
        if not url.startswith("https:"):
            faults.append(f"{word} = {url}: must be https with Entra ID, since secrets go there")
    return faults
