# SPDX-License-Identifier: Apache-2.0
"""A multistatus about a directory to its entries, none twice.

Knows: that the directory itself is among them, first, last or nowhere, and that some entries cannot
be shown. Refuses to know: requests, and how names are spelt.
"""

from __future__ import annotations

from collections.abc import Iterator

from ugr.plugin import FileInfo, Misbehaved, NotADirectory
from ugr_dav.hrefs import Place
from ugr_dav.multistatus import Multistatus, Response
from ugr_dav.properties import described, is_directory


class Listing:
    """The answer to PROPFIND of Depth 1 that came from ``url``. ``hidden`` counts what cannot be shown.

    For each piece of the answer: ``read`` it, find out the name of each thing that it yields, and
    ask ``entry`` what there is to show.
    """

    def __init__(self, url: str) -> None:
        self._place = Place(url)
        self._document = Multistatus()
        self._seen: set[str] = set()
        self.hidden = 0
        self.refused: int | None = None
        """The status of the directory itself, when its own entry is a refusal."""

    def read(self, piece: bytes) -> Iterator[tuple[str, Response]]:
        """Take a piece; yield what is inside the directory, and the last component of its href as written.

        Raises NotADirectory when the place is a file, Misbehaved and EndpointError for nonsense.
        """
        self._document.feed(piece)
        return self._inside()

    def close(self) -> Iterator[tuple[str, Response]]:
        """Take the end, which Misbehaved says may come too early; yield what was not yielded yet."""
        self._document.close()
        return self._inside()

    def entry(self, name: str | None, response: Response) -> FileInfo | None:
        """Return what to show; None when it was shown already, has no name, or no length yet."""
        if name in self._seen:
            return None
        if name is not None and response.status == 200:
            try:
                info = described(response.properties, name, slash=response.href.endswith("/"))
            except Misbehaved:
                pass  # a file without a length is one that is being written
            else:
                self._seen.add(name)
                return info
        self.hidden += 1
        return None

    def _inside(self) -> Iterator[tuple[str, Response]]:
        for response in self._document.taken():
            raw = self._place.inside(response.href)
            if raw is not None:
                yield raw, response
            elif response.status != 200:
                self.refused = response.status
            elif not is_directory(response.properties, slash=_slash(response)):
                raise NotADirectory


def _slash(response: Response) -> bool:
    """Say whether the slash at the end of an href means anything: one who was asked with it may repeat it."""
    return response.href.endswith("/") and "getcontentlength" not in response.properties
