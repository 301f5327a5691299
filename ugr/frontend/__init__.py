# SPDX-License-Identifier: Apache-2.0
"""The front end: HTTP and WebDAV in front of a namespace, as a Flask application.

Knows: Flask, methods, XML, HTML, status codes. Refuses to know: endpoints, how anything is found.

A request for a file goes from the door straight to its method: nothing decodes, merges or redirects
its path on the way, every method reaches the table, and Flask's share of the time is saved (see
``FrontEnd.wsgi_app``). The pages below ``/-/`` are ordinary Flask views.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import flask
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from ugr.call import new_id
from ugr.config.settings import Settings
from ugr.errors import UgrError
from ugr.frontend import apologies, headers, methods, ops, replies
from ugr.frontend.bridge import Bridge
from ugr.frontend.data import DataSigner
from ugr.frontend.door import Area, Door, Inside, Request
from ugr.frontend.observing import Observer
from ugr.frontend.outcome import Outcome
from ugr.frontend.pages import Pages
from ugr.frontend.replies import Refusal, Reply
from ugr.identity import IdentityChain
from ugr.namespace.namespace import Namespace
from ugr.transport import LoopThread

log = logging.getLogger(__name__)

__all__ = ["FrontEnd", "create_app"]


class FrontEnd(Flask):
    """The Flask application; ``answer`` is all of it but the pages."""

    door: Door
    observer: Observer
    pages: Pages

    def wsgi_app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        reply = self.answer(environ)
        if reply is None:
            return super().wsgi_app(environ, start_response)
        return self.send(reply, environ, start_response)

    def send(self, reply: Reply, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Begin to send the answer to a request that ``answer`` has seen, and return its body."""
        body = replies.send(reply, environ["REQUEST_METHOD"], start_response)
        return self.observer.note(environ, reply.status, body)

    def answer(self, environ: dict[str, Any]) -> Reply | None:
        """Return the answer to a request; None for a page.

        Put into the environ are ``ugr.id``, ``ugr.outcome`` and, once the door has let it in,
        ``ugr.request``. Raises nothing: every error is an answer.
        """
        id = environ["ugr.id"] = headers.request_id(environ.get("HTTP_X_REQUEST_ID")) or new_id()
        outcome = environ["ugr.outcome"] = Outcome()
        try:
            request = environ["ugr.request"] = self.door.enter(environ, id, outcome)
            if request.area is Area.PAGES:
                _for_flask(environ, request)
                return None
            if request.area is Area.ELSEWHERE:
                raise Refusal("not-here", f"there is nothing here; the files are under {request.settings.ugr.prefix}/")
            return _marked(methods.answer(request), id)
        except Exception as error:  # the last stop: whatever it is, the client gets an answer
            return _marked(self.apology(error, environ), id)

    def apology(self, error: Exception, environ: dict[str, Any]) -> Reply:
        """Return the answer for an error; the only place where an unexpected one is logged."""
        id, accept = environ["ugr.id"], environ.get("HTTP_ACCEPT")
        code, page = "internal", partial(apologies.page, self.pages, environ)
        if isinstance(error, UgrError):
            code = error.code
            reply = replies.failure(error, id, accept, self.door.challenges(), page)
            if reply.status >= 500:
                level = logging.INFO if reply.status == 503 else logging.WARNING
                log.log(level, "%s: %s", error.code, error, extra={"request": id})
        elif isinstance(error, Refusal):
            code = error.code
            reply = replies.refused(error, id, accept, page)
        else:
            log.error("unexpected %s", type(error).__name__, exc_info=error, extra={"request": id})
            reply = replies.unexpected(id, accept, page)
        environ["ugr.outcome"].failed(code, reply.status)
        return reply

    def apologise(
        self, environ: dict[str, Any], error: Exception, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request that the server could not read, or not answer; it is noted as any other."""
        environ["ugr.id"], environ["ugr.outcome"] = new_id(), Outcome()
        return self.send(_marked(self.apology(error, environ), environ["ugr.id"]), environ, start_response)

    def page_apology(self, error: Exception) -> Any:
        """Return the answer for an error of a view, or of the search for one."""
        fault = _as_refusal(error) if isinstance(error, HTTPException) else error
        return self.apology(fault, flask.request.environ)

    def make_response(self, rv: Any) -> Response:
        """Let views return a Reply."""
        return _Sent(rv, self.send) if isinstance(rv, Reply) else super().make_response(rv)


class _Sent(Response):
    """A Reply inside Flask; it goes out as it is."""

    def __init__(self, reply: Reply, send: Callable[..., Iterable[bytes]]) -> None:
        super().__init__(status=reply.status)
        self._reply = reply
        self._send = send

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self._send(_marked(self._reply, environ["ugr.id"]), environ, start_response)


def create_app(
    namespace_of: Callable[[], Namespace],
    settings_of: Callable[[], Settings],
    loop: LoopThread,
    signer: DataSigner,
    identities: IdentityChain,
    ready: Callable[[], tuple[bool, list[str]]],
) -> FrontEnd:
    """Build the application; starts nothing.

    ``namespace_of`` and ``settings_of`` are asked once per request, because a reload swaps what they
    return. ``ready`` says whether clients can be served, and if not, why.
    """
    app = FrontEnd(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    app.pages = Pages(app.jinja_env)
    inside = Inside(Bridge(loop, settings_of), signer, app.pages)
    app.door = Door(namespace_of, settings_of, identities, inside)
    app.observer = Observer(settings_of)
    app.register_blueprint(ops.pages(loop, ready))
    app.register_error_handler(Exception, app.page_apology)
    return app


def _marked(reply: Reply, id: str) -> Reply:
    """Return the answer with the request id, checked to be fit for the wire."""
    return reply.adding(("Ugr-Request-Id", id)).check()


def _for_flask(environ: dict[str, Any], request: Request) -> None:
    """Hand a checked request to Flask's router: one truth about the path, decoded once."""
    environ["HTTP_HOST"] = "localhost"  # the real one has been checked, by other rules than Flask's
    environ["SCRIPT_NAME"] = ""
    environ["PATH_INFO"] = request.url_path.encode().decode("latin-1")


def _as_refusal(error: HTTPException) -> Refusal:
    """Return Flask's word on a page that is not there, or on a method that it has not, as one of ours."""
    if error.code == 405:
        allow = tuple((name, value) for name, value in error.get_headers() if name == "Allow")
        return Refusal("method-not-allowed", "this page can only be read", headers=allow)
    return Refusal("not-here", "there is no such page")
