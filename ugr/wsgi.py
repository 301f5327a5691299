# SPDX-License-Identifier: Apache-2.0
"""``application`` for gunicorn: built from $UGR_CONFIG when imported, started after fork.

``ugr serve`` starts the service in each worker by gunicorn's hooks. Under a plain
``gunicorn ugr.wsgi`` the first request starts it, and workers meet in a directory that is made for
them when none is configured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ugr.app import Runtime, Service, configuration_path
from ugr.config.siblings import siblings
from ugr.log import configure

Environ = dict[str, Any]
StartResponse = Callable[..., Callable[[bytes], object]]


class Application:
    """The WSGI callable that makes sure its service is started in this very process."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._front_end = service.front_end()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if not self.service.started:
            self.service.start()
        return self._front_end.wsgi_app(environ, start_response)


    def apologise(self, environ: Environ, error: Exception, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request that the server itself could not read, or not answer."""
        return self._front_end.apologise(environ, error, start_response)


def build(scratch: Callable[[], Path | None] | None = None) -> Application:
    """Build the application of $UGR_CONFIG. Raises ConfigError.

    ``scratch`` makes a directory that the workers share when none is configured.
    """
    runtime = Runtime.load(configuration_path(), scratch=scratch)
    configure(runtime.settings.ugr.log_level)
    return Application(Service(configuration_path(), runtime))


def __getattr__(name: str) -> Application:
    """Build ``application`` when it is first asked for, so that importing this module needs no configuration."""
    if name != "application":
        raise AttributeError(name)
    application = globals()[name] = build(siblings(configuration_path()))
    return application
