# SPDX-License-Identifier: Apache-2.0
"""HTTP to the endpoints, and the event loop that it runs on.

Knows: connections, TLS, deadlines. Refuses to know: federations, what an endpoint is.
"""

from ugr.transport.engine import Transport
from ugr.transport.exchange import Streaming
from ugr.transport.loop import LoopThread
from ugr.transport.messages import NO_CREDENTIALS, Answer, Credentials
from ugr.transport.peers import Ourselves

__all__ = ["NO_CREDENTIALS", "Answer", "Credentials", "LoopThread", "Ourselves", "Streaming", "Transport"]
