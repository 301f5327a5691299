# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 server that misbehaves on request, for tests of whatever speaks HTTP to storages.

It listens on 127.0.0.1 and answers from threads of its own::

    with DrunkServer() as server:
        server.behave("truncated-body", path="/data/file")
        ...ask server.url + "/data/file"...
        assert server.requests[0].method == "GET"

Without a behaviour a path is answered well: with what ``serve`` put there, else 404. ``BEHAVIOURS``
has them all by name; each is a function of an ``Exchange`` whose docstring says what it does, and
``behave`` takes a function of your own as well. What hangs is let go by ``sober_up``.
"""

from ugr.testing.drunk.behaviours import BEHAVIOURS, Behaviour
from ugr.testing.drunk.exchange import Exchange, Seen, Served
from ugr.testing.drunk.server import DrunkServer

__all__ = ["BEHAVIOURS", "Behaviour", "DrunkServer", "Exchange", "Seen", "Served"]
