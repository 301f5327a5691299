# SPDX-License-Identifier: Apache-2.0
"""The code of plugin modules that the loader's tests install, and change."""

GOOD = """
    from dataclasses import dataclass
    from ugr.plugin import *
    from ugr.plugin import EndpointOptions

    @dataclass(frozen=True, kw_only=True)
    class Options(EndpointOptions):
        colour: str = option("red", help="A colour.", choices=("red", "blue"))
        depth: int = option(help="How deep.", example="3")

    class Good(Endpoint):
        type = "good"
        Options = Options
        async def stat(self, path, call): ...
        def list(self, path, call): ...
        def redirect(self, path, intent, transfer, call): ...

    @hookimpl
    def ugr_endpoint_types():
        return [Good]
"""

BLOCKING = """
    from dataclasses import dataclass
    from ugr.plugin import *

    @dataclass(frozen=True, kw_only=True)
    class Options(BlockingOptions):
        pass

    class Slow(BlockingEndpoint):
        type = "slow"
        Options = Options
        def stat(self, path, call): ...
        def list(self, path, call): ...
        def redirect(self, path, intent, transfer, call): ...

    @hookimpl
    def ugr_endpoint_types():
        return [Slow]
"""

POLICY = """
    from ugr.plugin import Policy, hookimpl

    class Alphabetical(Policy):
        name = "alphabetical"
        def split(self, group, client, seed):
            return [[candidate] for candidate in sorted(group, key=lambda one: one.endpoint)]

    @hookimpl
    def ugr_replica_policies():
        return [Alphabetical]
"""
