# SPDX-License-Identifier: Apache-2.0
"""What plugins for object storages share: keys seen as paths, pages of keys seen as directories, refusals, HMACs.

Knows: what is the same for every storage that keeps objects under keys in one bucket or container.
Refuses to know: any one of them, its signatures and its documents.

A plugin derives its endpoint from ``ObjectEndpoint``, its options from ``ObjectOptions``, and gives
one ``ObjectStore``: the few operations of the storage that the verbs are made of.
"""

from ugr.plugin.objects.digests import DIGITS, kept_digests, md5_of_tag
from ugr.plugin.objects.endpoint import ObjectEndpoint
from ugr.plugin.objects.headers import http_date, iso_date, length, number
from ugr.plugin.objects.held import Held
from ugr.plugin.objects.mac import Mac
from ugr.plugin.objects.names import Names, encoded, last
from ugr.plugin.objects.options import ObjectOptions, object_faults
from ugr.plugin.objects.pages import Entries, Object, Page
from ugr.plugin.objects.refusals import MAX_ERROR_BYTES, Row, ahead, by_status, refusal
from ugr.plugin.objects.store import ObjectStore
from ugr.plugin.objects.wire import Wire

__all__ = [
    "DIGITS",
    "MAX_ERROR_BYTES",
    "Entries",
    "Held",
    "Mac",
    "Names",
    "Object",
    "ObjectEndpoint",
    "ObjectOptions",
    "ObjectStore",
    "Page",
    "Row",
    "Wire",
    "ahead",
    "by_status",
    "encoded",
    "http_date",
    "iso_date",
    "kept_digests",
    "last",
    "length",
    "md5_of_tag",
    "number",
    "object_faults",
    "refusal",
]
