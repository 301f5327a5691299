# SPDX-License-Identifier: Apache-2.0
"""What one signed URL costs: ours against boto3's, in CPU time of this thread.

Prints microseconds and the ratio; asserts only that both make the same URL. Run it with
``python -m tests.bench.bench_signing``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import boto3
from botocore.config import Config
from ugr_s3.place import place
from ugr_s3.signing import Keys, Signer

from ugr.plugin.objects import encoded

ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
URL = "https://s3.example.org"
KEY = "data18_13TeV/AOD.20418.physics_Main/AOD.20418._{:06}.pool.root.1"
ROUNDS = 5


@dataclass(frozen=True)
class Cost:
    """CPU microseconds of one URL, the best of several rounds each."""

    ours: float
    boto: float

    @property
    def ratio(self) -> float:
        """How many of ours one of boto3's costs."""
        return self.boto / self.ours


def best(sign: Callable[[int], str], count: int) -> float:
    """Return CPU microseconds per call, the best of some rounds."""
    took = []
    for _ in range(ROUNDS):
        start = time.thread_time()
        for number in range(count):
            sign(number)
        took.append(time.thread_time() - start)
    return min(took) / count * 1e6


def measure(count: int = 20_000) -> Cost:
    """Sign ``count`` URLs a round with ours, a tenth of that with boto3."""
    client = boto3.client(
        "s3",
        endpoint_url=URL,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name="us-east-1",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    keys = Keys(ACCESS_KEY, SECRET_KEY)
    signer = Signer(place(URL, "atlas", virtual=False), "us-east-1", lambda: keys, lifetime=3600)

    def ours(number: int) -> str:
        return signer.url("GET", f"/atlas/{encoded(KEY.format(number))}")[0]

    def theirs(number: int) -> str:
        return client.generate_presigned_url("get_object", Params={"Bucket": "atlas", "Key": KEY.format(number)})

    # over the edge of a second the two may differ
    assert any(ours(1) == theirs(1) for _ in range(3))
    return Cost(best(ours, count), best(theirs, count // 10))


def main() -> None:
    """Measure and print one line."""
    cost = measure()
    print(f"signed S3 URL: ours {cost.ours:.1f} us CPU, boto3 {cost.boto:.0f} us, ratio {cost.ratio:.0f}")


if __name__ == "__main__":
    main()
