# SPDX-License-Identifier: Apache-2.0
"""ugr: many storage endpoints, one namespace, the client sent to the closest copy.

The rooms, from the door inwards (imports point one way only)::

    wsgi, cli, server -> app -> frontend -> identity -> namespace -> federation
        -> plugin -> transport -> config -> {call, errors, model, log, metrics}
"""

__version__ = "0.1.0"
