# SPDX-License-Identifier: Apache-2.0
"""A transport on each kind of loop, scripted servers, a small PKI."""

import asyncio
import os

import pytest
import uvloop

from tests.integration.transport.pki import Authority
from tests.integration.transport.servers import Server
from ugr.transport import Transport


@pytest.fixture(params=["uvloop", "asyncio"])
def loop_factory(request):
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}[request.param]


@pytest.fixture
def run(loop_factory):
    """Run ``scenario(transport)`` on a loop; nothing may be left of it and the loop must not complain."""

    def runner(scenario, **options):
        complaints = []

        async def main():
            asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
            transport = Transport(**options)
            try:
                result = await asyncio.wait_for(scenario(transport), 50)
                assert transport.running == 0
                return result
            finally:
                await transport.close()

        with asyncio.Runner(loop_factory=loop_factory) as loop:
            result = loop.run(main())
        assert complaints == []
        return result

    return runner


@pytest.fixture
def serve():
    """Start servers: ``serve(script)``; all are stopped at the end."""
    servers = []

    def start(script, **options):
        servers.append(Server(script, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority("ugr test ca", tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory):
    return Authority("ugr strange ca", tmp_path_factory.mktemp("strange"))


@pytest.fixture
def descriptors():
    """Count the open descriptors of this process."""
    return lambda: len(os.listdir("/proc/self/fd"))
