# SPDX-License-Identifier: Apache-2.0
"""gunicorn with our settings: sockets, processes, threads.

Knows: gunicorn. Refuses to know: requests; of the rest it sees the WSGI application only.
"""

from ugr.server.gunicorn import serve

__all__ = ["serve"]
