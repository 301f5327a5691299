# SPDX-License-Identifier: Apache-2.0
"""Endpoints of type ``example``: web servers that list their directories as JSON."""

from ugr.plugin import hookimpl

from ugr_example.endpoint import ExampleEndpoint
from ugr_example.options import ExampleOptions

__all__ = ["ExampleEndpoint", "ExampleOptions", "ugr_endpoint_types"]


@hookimpl
def ugr_endpoint_types() -> list[type[ExampleEndpoint]]:
    """Register the one class of this distribution."""
    return [ExampleEndpoint]
