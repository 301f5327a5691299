# SPDX-License-Identifier: Apache-2.0
"""What an administrator writes for ``type = s3``.

Knows: the options and which of them cannot go together. Refuses to know: requests, signatures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ugr.plugin import ConfigError, Duration, Secret, Url, option
from ugr.plugin.objects import ObjectOptions, object_faults

DEFAULT_LIFETIME = 3600
"""Seconds that a URL is good for when neither the endpoint nor ``[ugr]`` says."""

MAX_LIFETIME = 7 * 86400
"""The longest life of a URL in seconds (Signature Version 4, query parameters: X-Amz-Expires)."""

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}(:[A-Za-z0-9._-]{1,255})?\Z")
_BUCKET_HOST = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_REGION = re.compile(r"[A-Za-z0-9-]+\Z")


@dataclass(frozen=True, kw_only=True)
class S3Options(ObjectOptions):
    """The options of one bucket, or of one prefix in it."""

    url: Url = option(help="Where ugr reaches the S3 service, without the bucket.", example="https://s3.example.org")
    public_url: Url | None = option(
        None,
        help="Where clients reach the same service, without the bucket, when that differs from url. Signatures "
        "depend on it: it must be the host that clients connect to.",
        example="https://s3.example.org",
    )
    bucket: str = option(help="Name of the bucket; it must exist.", example="atlas")
    access_key: str | None = option(
        None, help="Access key id. It names the key pair and is not secret.", example="AKIAEXAMPLE"
    )
    access_key_id: Secret | None = option(
        None, help="The access key id, when it is renewed together with the secret key and so kept in a file as well."
    )
    secret_key: Secret = option(help="Secret key of the pair.", example="/etc/ugr/s3.key")
    session_token: Secret | None = option(None, help="Session token, for temporary key pairs.")
    region: str = option("us-east-1", help="Region for which requests are signed.", example="eu-west-1")
    signature: str = option(
        "v4",
        help="Version of the signatures: v4, or v2 for storages that know nothing newer. With v2 the region plays "
        "no part.",
        choices=("v4", "v2"),
    )
    addressing: str = option(
        "path",
        help="path: the bucket is the first part of the path; virtual: it is the first part of the host name.",
        choices=("path", "virtual"),
    )
    url_lifetime: Duration | None = option(
        None,
        help="How long a signed URL given to a client is good for; at most 7 days. The default is that of [ugr].",
        example="1h",
        minimum=1,
        maximum=MAX_LIFETIME,
    )


def check(name: str, options: S3Options) -> None:
    """Raise ConfigError, with all faults, when the options cannot work together."""
    faults = [*_faults(options), *object_faults(options)]
    if faults:
        raise ConfigError("; ".join(faults), endpoint=name)


def _faults(options: S3Options) -> list[str]:
    faults = []
    if (options.access_key is None) == (options.access_key_id is None):
        faults.append("access_key: write either access_key or one of access_key_id_file, access_key_id_environment")
    if options.access_key is not None and not re.fullmatch(r"[\x21-\x2e\x30-\x7e]+", options.access_key):
        faults.append("access_key: must not have spaces or slashes")
    if not _BUCKET.match(options.bucket):
        faults.append(f"bucket = {options.bucket}: is not a bucket's name; write only the name, without slashes")
    if not _REGION.match(options.region):
        faults.append(f"region = {options.region}: is not a region; write for example us-east-1")
    if options.addressing == "virtual":
        faults.extend(_virtual_faults(options))
    if options.url_lifetime is not None and not 1 <= options.url_lifetime <= MAX_LIFETIME:
        faults.append("url_lifetime: must be between 1s and 7d for S3; write one here if that of [ugr] is longer")
    return faults


def _virtual_faults(options: S3Options) -> list[str]:
    if not _BUCKET_HOST.match(options.bucket):
        return [f"bucket = {options.bucket}: cannot be part of a host name; write addressing = path"]
    if "." in options.bucket and any(
        url is not None and url.startswith("https:") for url in (options.url, options.public_url)
    ):
        return [
            f"bucket = {options.bucket}: a name with dots does not match wildcard certificates; write addressing = path"
        ]
    return []
