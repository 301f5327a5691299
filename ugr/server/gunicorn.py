# SPDX-License-Identifier: Apache-2.0
"""``ugr serve``: one gunicorn whose workers each run one runtime.

The application is loaded before the workers are forked (they share its memory) and started in
each worker afterwards: nothing runs before fork. Every value that matters comes from ``[ugr]``.

Told to stop (SIGTERM), the service first says that it is not ready, and goes on for ``drain``: front
servers turn to other hosts before a door closes. Then workers finish what they have begun.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import shutil
import signal
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from ugr import metrics
from ugr.app import Runtime
from ugr.config.reader import placed
from ugr.config.settings import UgrSettings
from ugr.errors import ConfigError
from ugr.wsgi import Application, build

log = logging.getLogger("ugr.server")

REQUEST_LINE = 8190
"""Longest request line: 1,000 characters of name, percent-encoded, fit."""

FIELD_SIZE = 16384
"""Longest header field; bearer tokens with many groups are several KiB."""

FIELDS = 64
"""Most header fields of a request."""

KEEPALIVE = 75
"""Seconds that an idle connection is kept; longer than front servers reuse theirs."""

CONNECTIONS = 4096
"""Connections that a worker has at a time; when there are more, the one goes that has been idle for longest."""

MOST_FILES = 4 * CONNECTIONS
"""Files that a process has open at most: connections to clients and to endpoints."""

LOOK_EVERY = 0.2
"""Seconds between two looks of a worker at whether its master lives."""

FIRST_HANDED_OVER = 3
"""The descriptor of the first socket that systemd hands over (sd_listen_fds(3))."""


def gunicorn_options(settings: UgrSettings) -> dict[str, Any]:
    """Return gunicorn's settings for ours."""
    return {
        "bind": [settings.listen],
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_class": "ugr.server.worker.Worker",
        "worker_connections": CONNECTIONS,
        "preload_app": True,
        "keepalive": KEEPALIVE,
        "timeout": 60,
        "graceful_timeout": 30,
        "limit_request_line": REQUEST_LINE,
        "limit_request_field_size": FIELD_SIZE,
        "limit_request_fields": FIELDS,
        "control_socket_disable": True,
        "forwarded_allow_ips": "",
        "secure_scheme_headers": {},
        "forwarder_headers": "",
        "proc_name": "ugr",
        "logger_class": "ugr.server.logger.Logger",
        "loglevel": settings.log_level,
        "when_ready": _when_ready,
        "post_worker_init": _post_worker_init,
        "worker_exit": _worker_exit,
    }


class _Scratch:
    """The directory that the workers share when none is configured: made when it is needed."""

    def __init__(self) -> None:
        self._master = os.getpid()
        self._directory: Path | None = None

    def __call__(self) -> Path:
        """Return the directory, the same one every time."""
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="ugr-"))
        return self._directory

    def remove(self) -> None:
        """Remove it. Workers come this way as well when they end; the directory is the master's."""
        if self._directory is not None and os.getpid() == self._master:
            shutil.rmtree(self._directory, ignore_errors=True)


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    def __init__(self, application: Application, options: dict[str, Any], scratch: _Scratch) -> None:
        self._application = application
        self._options = options
        self._scratch = scratch
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Application:
        return self._application

    def run(self) -> None:
        """Serve until told to stop; ends in SystemExit."""
        _Master(self).run()

    def leave(self) -> float:
        """Say from now on that the service is not ready; return for how many seconds it goes on, 0 the next time."""
        service = self._application.service
        if service.leaving:
            return 0.0
        service.leave()
        return service.runtime.settings.ugr.drain

    def reload(self) -> None:
        """Take the configuration as it is now for the workers that will replace these (SIGHUP).

        One that cannot be used is refused with its faults in the log, and the old one serves on.
        """
        try:
            application = build(self._scratch)
            options = _options(application)
            if options["bind"] != self._options["bind"]:
                _require(application.service.runtime)
        except ConfigError as error:
            log.error("the configuration is not used, the one before serves on:\n%s", error.message)
        else:
            self._application = self.callable = application
            self._options = options
        super().reload()


class _Master(Arbiter):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's master, which takes its leave before it closes the door."""

    def handle_term(self) -> None:
        """Go on for as long as front servers need to turn away, then stop. Told so twice, stop at once."""
        seconds = self.app.leave()
        if not seconds:
            super().handle_term()
            return
        self.log.info("no longer ready; stopping in %g seconds", seconds)
        # Meanwhile all is as ever: requests are answered, a worker that dies is replaced. A timer is not inherited.
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        signal.setitimer(signal.ITIMER_REAL, seconds)


def serve(config: Path) -> int:
    """Serve a configuration until told to stop; return the exit code. Raises ConfigError."""
    os.environ["UGR_CONFIG"] = str(config)
    scratch = _Scratch()
    try:
        application = build(scratch)
        _require(application.service.runtime)
        _forget_counts(application)
        _open_many_files()
        _Server(application, _options(application), scratch).run()
    except SystemExit as leaving:
        return int(leaving.code or 0)
    finally:
        scratch.remove()
    return 0


def _options(application: Application) -> dict[str, Any]:
    """Return gunicorn's settings for an application."""
    service = application.service
    return gunicorn_options(service.runtime.settings.ugr) | {"worker_tmp_dir": str(service.directory)}


def _open_many_files() -> None:
    """Allow as many open files as this process may allow itself, up to what connections and endpoints need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _forget_counts(application: Application) -> None:
    """Have this service's numbers begin at nothing, as those of any service that is started do."""
    if application.service.directory is not None:
        try:
            metrics.clear(application.service.directory)
        except OSError as error:
            log.warning("metrics go on from the last run: %s", error)


def _require(runtime: Runtime) -> None:
    """Raise ConfigError when the address cannot be listened on; warn of what else this host lacks."""
    for line in runtime.lacks():
        log.warning("%s", line)
    try:
        _require_address(runtime.settings.ugr.listen)
    except ConfigError as error:
        raise placed(runtime.document, error) from None


def _require_address(listen: str) -> None:
    """Raise ConfigError when the address cannot be listened on, instead of gunicorn's retries.

    A socket that systemd hands over (LISTEN_FDS) is listened on already; then it must be that address.
    """
    handed_over = [_name(descriptor) for descriptor in _handed_over()]
    if handed_over and set(handed_over) != {listen}:
        raise ConfigError(
            f"[ugr] listen = {listen}: systemd hands over {' and '.join(handed_over)}; "
            "write the same address here and in the socket unit"
        )
    if not handed_over:
        _require_free(listen)


def _handed_over() -> range:
    """Return the descriptors of the sockets that systemd opened for this process (sd_listen_fds(3))."""
    ours = os.environ.get("LISTEN_PID") == str(os.getpid())
    count = int(os.environ.get("LISTEN_FDS", "0")) if ours else 0
    return range(FIRST_HANDED_OVER, FIRST_HANDED_OVER + count)


def _name(descriptor: int) -> str:
    """Return the address of a listening socket as ``listen`` would have it."""
    with socket.socket(fileno=os.dup(descriptor)) as handed_over:
        name = handed_over.getsockname()
    if not isinstance(name, tuple):
        return f"unix:{name}"
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"


def _require_free(listen: str) -> None:
    """Raise ConfigError when the address cannot be listened on."""
    if listen.startswith("unix:"):
        directory = Path(listen.removeprefix("unix:")).parent
        if not os.access(directory, os.W_OK):
            raise ConfigError(f"[ugr] listen = {listen}: {directory} is not a directory that ugr may write")
        return
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ConfigError(
            f"[ugr] listen = {listen}: {error.strerror}; stop what listens there or choose another port"
        ) from None


def _when_ready(server: Any) -> None:
    """Move what was loaded out of the collector's sight, so that the workers keep sharing it."""
    gc.collect()
    gc.freeze()
    server.log.info("ugr is ready")


def _post_worker_init(worker: Any) -> None:
    worker.wsgi.service.start()
    threading.Thread(target=_follow, args=(worker.ppid,), name="master", daemon=True).start()


def _follow(master: int) -> None:
    """Stop this worker when its master has died: nobody would replace it, and another master needs its address."""
    while os.getppid() == master:
        threading.Event().wait(LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)


def _worker_exit(_server: Any, worker: Any) -> None:
    application = getattr(worker, "wsgi", None)
    if application is not None:
        application.service.stop()
