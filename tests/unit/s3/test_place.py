# SPDX-License-Identifier: Apache-2.0
"""A bucket is in the path or in the host name, and written as clients write it."""

from __future__ import annotations

import pytest
from ugr_s3.place import place


@pytest.mark.parametrize(
    ("url", "virtual", "origin", "root"),
    [
        ("https://s3.example.org", False, "https://s3.example.org", "/bucket"),
        ("https://s3.example.org/base", False, "https://s3.example.org", "/base/bucket"),
        ("https://s3.example.org:8443", True, "https://bucket.s3.example.org:8443", ""),
        ("https://s3.example.org/base", True, "https://bucket.s3.example.org", "/base"),
    ],
)
def test_a_bucket_is_in_the_path_or_in_the_host(url, virtual, origin, root):
    where = place(url, "bucket", virtual=virtual)
    assert (where.origin, where.root) == (origin, root)
    assert where.origin.endswith(f"//{where.host}")


def test_a_bucket_of_a_tenant_is_encoded():
    assert place("https://s3.example.org", "tenant:bucket", virtual=False).root == "/tenant%3Abucket"
