# SPDX-License-Identifier: Apache-2.0
"""What several endpoints say of one name, made one statement; pure.

Knows: the rules by which copies agree or contradict each other. Refuses to know: time, asking,
caching.

* A file on one endpoint and a directory on another contradict each other: Conflict.
* Copies of different size are not the same file, nor are copies of one size whose checksums of one
  kind differ. What most copies have is believed; a tie goes to the newest. The rest are excluded,
  with a reason. (A half-written upload is the usual cause.)
* mtime is the oldest of those that agree, so that it does not change with who answers first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ugr.errors import Conflict
from ugr.federation.answers import EndpointAnswer, Excluded
from ugr.model import FileInfo, Result

_PREFERRED_CHECKSUMS = ("adler32", "md5", "sha256", "sha1", "crc32c")


@dataclass(frozen=True, slots=True)
class Merged:
    """The statement, the endpoints whose copies may be used, and those whose copies may not."""

    info: FileInfo
    holders: tuple[str, ...]
    excluded: tuple[Excluded, ...] = ()


def merge(path: str, answers: Iterable[EndpointAnswer]) -> Merged | None:
    """Merge the answers that found something; None when none did. Raise Conflict for kinds that differ."""
    found = [
        (answer.endpoint, answer.info)
        for answer in answers
        if answer.result is Result.FOUND and answer.info is not None
    ]
    if not found:
        return None
    directories = [name for name, info in found if info.directory]
    if len(directories) == len(found):
        return Merged(_directory(path, found), tuple(directories))
    if directories:
        files = ", ".join(name for name, info in found if not info.directory)
        raise Conflict(f"a file on {files} and a directory on {', '.join(directories)}", path=path)
    return _files(path, found)


def _directory(path: str, found: Sequence[tuple[str, FileInfo]]) -> FileInfo:
    times = [info.mtime for _, info in found if info.mtime is not None]
    return FileInfo(path.rpartition("/")[2], directory=True, mtime=max(times, default=None))


def _files(path: str, found: Sequence[tuple[str, FileInfo]]) -> Merged:
    sizes = {info.size for _, info in found}
    agreeing = found
    others: tuple[Excluded, ...] = ()
    if len(sizes) > 1:
        believed = max(sizes, key=lambda size: _standing(size, found))
        agreeing = [item for item in found if item[1].size == believed]
        others = tuple(
            Excluded(name, f"its copy has {info.size} bytes, {len(agreeing)} of {len(found)} have {believed}")
            for name, info in found
            if info.size != believed
        )
    for algorithm in sorted({algorithm for _, info in agreeing for algorithm in info.checksums}):
        agreeing, differing = _same_checksum(algorithm, agreeing)
        others += differing
    checksums = {algorithm: value for _, info in agreeing for algorithm, value in info.checksums.items()}
    times = [info.mtime for _, info in agreeing if info.mtime is not None]
    info = FileInfo(
        path.rpartition("/")[2], size=agreeing[0][1].size, mtime=min(times, default=None), checksums=checksums
    )
    return Merged(info, tuple(name for name, _ in agreeing), others)


def _same_checksum(
    algorithm: str, found: Sequence[tuple[str, FileInfo]]
) -> tuple[Sequence[tuple[str, FileInfo]], tuple[Excluded, ...]]:
    """Part the copies whose checksum is that of most, or unknown, from the others; a tie goes to the newest."""
    times: dict[str, list[float]] = {}
    for _, info in found:
        if algorithm in info.checksums:
            times.setdefault(info.checksums[algorithm], []).append(info.mtime or 0.0)
    if len(times) < 2:
        return found, ()
    believed = max(times, key=lambda value: (len(times[value]), max(times[value]), value))
    agreeing = [item for item in found if item[1].checksums.get(algorithm, believed) == believed]
    reason = f"its {algorithm} is another than that of {len(times[believed])} of {len(found)} copies"
    return agreeing, tuple(Excluded(name, reason) for name, info in found if (name, info) not in agreeing)


def _standing(size: int | None, found: Sequence[tuple[str, FileInfo]]) -> tuple[int, float, int]:
    """Rank a size: how many copies have it, then the newest of them, then the larger."""
    times = [info.mtime or 0.0 for _, info in found if info.size == size]
    return len(times), max(times), -1 if size is None else size


def etag(path: str, info: FileInfo) -> str | None:
    """Return the strong entity tag of a file, quotes included; None when too little is known.

    It is made of path, size and a checksum, or the time of change where no checksum is known, and
    never looks like an MD5 (some clients take 32 hex digits for one).
    """
    if info.directory or info.size is None:
        return None
    proof = next((f"{name}:{info.checksums[name]}" for name in _PREFERRED_CHECKSUMS if name in info.checksums), None)
    if proof is None:
        if info.mtime is None:
            return None
        proof = f"mtime:{info.mtime:.0f}"
    digest = hashlib.blake2b(f"{path}\0{info.size}\0{proof}".encode("utf-8", "surrogatepass"), digest_size=10)
    return f'"ugr-{digest.hexdigest()}"'
