# SPDX-License-Identifier: Apache-2.0
"""The way in: a WSGI environ becomes a Request with a Call, or is refused.

Knows: whom to believe about the client's address, scheme and host; how a request target becomes a
path. Refuses to know: what any method does, endpoints.

The target that the client really sent (``RAW_URI`` of gunicorn, ``REQUEST_URI`` of others) is the
truth; ``PATH_INFO``, which a server has already decoded and perhaps tidied up, is used only where
there is neither.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from ugr.call import Call
from ugr.config.settings import Settings
from ugr.frontend import headers
from ugr.frontend.bridge import Bridge
from ugr.frontend.data import DataSigner
from ugr.frontend.outcome import Outcome
from ugr.frontend.pages import Pages
from ugr.frontend.passing import passed
from ugr.frontend.replies import Refusal
from ugr.identity import IdentityChain, Peer
from ugr.model import Identity
from ugr.namespace.namespace import Namespace
from ugr.transport.peers import PARAMETER

PAGES = "/-/"
"""Everything below is about the service itself, never a file."""

Environ = Mapping[str, Any]

_UNCHECKED = ("/-/health/live", "/-/health/ready")
"""Asked by load balancers under whatever name or address they know: ``allowed_hosts`` does not count."""


class Area(enum.Enum):
    """Which part of the service a path belongs to."""

    NAMESPACE = "the federation's files"
    ABOVE = "a directory that leads to the namespace"
    PAGES = "pages about the service"
    ELSEWHERE = "nothing"


@dataclass(frozen=True, slots=True)
class Inside:
    """What answering needs besides the request, the same for all requests."""

    bridge: Bridge
    signer: DataSigner
    pages: Pages


@dataclass(frozen=True, slots=True)
class Request:
    """One request, checked.

    ``url_path`` is the decoded path as sent; ``path`` is the LFN: without the prefix, "/"-led,
    without a trailing slash, which ``slash`` tells of. ``origin`` is scheme, host and port by which
    the client knows this service. ``namespace`` and ``settings`` are kept for the whole request,
    whatever a reload does meanwhile. ``outcome`` is where those who decide note what they did.
    ``hidden`` says that a front server which is not trusted stands between: it names its client, and
    is not believed.
    """

    method: str
    area: Area
    url_path: str
    path: str
    slash: bool
    query: str
    origin: str
    call: Call
    environ: Environ = field(repr=False)
    settings: Settings = field(repr=False)
    namespace: Namespace = field(repr=False)
    inside: Inside = field(repr=False)
    outcome: Outcome = field(repr=False)
    hidden: bool = False

    def header(self, name: str) -> str | None:
        """Return a request header by its name as in the RFCs, None when it was not sent."""
        value: str | None = self.environ.get("HTTP_" + name.upper().replace("-", "_"))
        return value

    def listing_call(self) -> Call:
        """Return the same call with the time that a listing may take."""
        settings = self.settings.ugr
        deadline = self.outcome.started + settings.listing_deadline
        return replace(self.call, deadline=deadline)

    def href(self, directory: bool) -> str:
        """Return the encoded path by which a client knows this resource."""
        bare = encoded_prefix(self.settings.ugr.prefix) + ("" if self.path == "/" else headers.encode_path(self.path))
        return bare + "/" if directory else bare


def bare_prefix(prefix: str) -> str:
    """Return the prefix without a trailing slash; "" when the namespace is the whole host."""
    return prefix.rstrip("/")


def encoded_prefix(prefix: str) -> str:
    """Return the prefix as it stands in URLs, without a trailing slash."""
    return headers.encode_path(bare_prefix(prefix))


class Rules:
    """What the settings say about the door, made ready for many requests."""

    def __init__(self, settings: Settings) -> None:
        ugr = settings.ugr
        self.settings = settings
        self.prefix = bare_prefix(ugr.prefix)
        self.origin = ugr.public_url and "{0.scheme}://{0.netloc}".format(urlsplit(ugr.public_url))
        self.hosts = frozenset(host.lower() for host in ugr.allowed_hosts)
        if self.hosts and ugr.public_url:
            self.hosts |= {urlsplit(ugr.public_url).netloc.lower()}
        self.trusted_sockets = ugr.trusted_sockets
        networks = ugr.trusted_proxies

        @lru_cache(maxsize=4096)
        def trusted(address: str) -> bool:
            known = ip_address(address)
            return any(known in network for network in networks)

        self.trusted = trusted

    def area(self, path: str) -> tuple[Area, str]:
        """Return where a decoded path belongs, and the LFN when it is a file's."""
        if path.startswith(PAGES) or path == "/-":
            return Area.PAGES, ""
        prefix = self.prefix
        if path == prefix or path.startswith(prefix + "/"):
            return Area.NAMESPACE, path[len(prefix) :] or "/"
        if prefix.startswith(path if path.endswith("/") else path + "/"):
            return Area.ABOVE, ""
        return Area.ELSEWHERE, ""

    def allows(self, host: str) -> bool:
        """Say whether a well-formed Host is one of ours; an allowed name without port allows any port."""
        return not self.hosts or host in self.hosts or headers.host_name(host) in self.hosts


class Door:
    """Lets requests in. Safe to use from any number of threads."""

    def __init__(
        self,
        namespace_of: Callable[[], Namespace],
        settings_of: Callable[[], Settings],
        identities: IdentityChain,
        inside: Inside,
    ) -> None:
        self._namespace_of = namespace_of
        self._settings_of = settings_of
        self._identities = identities
        self._inside = inside
        self._rules = Rules(settings_of())

    def challenges(self) -> tuple[str, ...]:
        """Return the invitations to show a credential."""
        return self._identities.challenges()

    def enter(self, environ: Environ, id: str, outcome: Outcome) -> Request:
        """Check a request. Raise Refusal for one that is malformed, Unauthenticated for a bad credential."""
        settings = self._settings_of()
        rules = self._rules
        if rules.settings is not settings:
            rules = self._rules = Rules(settings)
        method = environ["REQUEST_METHOD"]
        authority, url_path, query = _target(environ, method)
        area, path = rules.area(url_path)
        host = _host(environ, authority)
        if not rules.allows(host) and url_path not in _UNCHECKED:
            raise Refusal("bad-host", "this service is not known by the name in the Host header")
        address, scheme, hidden = _client(environ, rules)
        slash = url_path.endswith("/")
        namespace = self._namespace_of()
        call = Call(outcome.started + settings.ugr.deadline, id, address, self._identify(environ, address))
        via = environ.get("HTTP_UGR_VIA")
        if via is not None or PARAMETER in query:
            call = passed(call, via, query, namespace.ourselves)
        return Request(
            method=method,
            area=area,
            url_path=url_path,
            path=path[:-1] if slash and path != "/" else path,
            slash=slash or path == "/",
            query=query,
            origin=rules.origin or f"{scheme}://{host}",
            call=call,
            environ=environ,
            settings=settings,
            namespace=namespace,
            inside=self._inside,
            outcome=outcome,
            hidden=hidden,
        )

    def _identify(self, environ: Environ, address: str | None) -> Identity:
        return self._identities.identify(Peer(address, environ.get("HTTP_AUTHORIZATION")))


def _target(environ: Environ, method: str) -> headers.Target:
    """Return authority, decoded path and raw query of the request target."""
    raw = environ.get("RAW_URI", environ.get("REQUEST_URI"))
    try:
        if raw is not None:
            if raw == "*" and method == "OPTIONS":
                return headers.Target(None, "/", "")
            found = headers.target(raw)
            return found._replace(path=headers.decode_path(found.path))
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        quoted = headers.quote_decoded(path)
        return headers.Target(None, headers.decode_path(quoted), environ.get("QUERY_STRING", ""))
    except ValueError as error:
        raise Refusal("bad-path", str(error)) from None


def _host(environ: Environ, authority: str | None) -> str:
    """Return the host that the client asked for, checked for syntax (RFC 9112 3.2)."""
    value = environ.get("HTTP_HOST") if authority is None else authority
    if value is None:
        if environ.get("SERVER_PROTOCOL") != "HTTP/1.0":
            raise Refusal("bad-host", "the request has no Host header")
        value = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    try:
        return headers.host(value)
    except ValueError as error:
        raise Refusal("bad-host", str(error)) from None


def _client(environ: Environ, rules: Rules) -> tuple[str | None, str, bool]:
    """Return the client's address and the scheme that it used, and whether somebody was not believed about them."""
    peer = headers.address(environ.get("REMOTE_ADDR") or "")
    scheme = environ.get("wsgi.url_scheme", "http")
    if not (rules.trusted_sockets if peer is None else rules.trusted(peer)):
        return peer, scheme, "HTTP_X_FORWARDED_FOR" in environ
    told = (environ.get("HTTP_X_FORWARDED_PROTO") or "").rpartition(",")[2].strip().lower()
    if told in ("http", "https"):
        scheme = told
    return headers.client_address(peer, environ.get("HTTP_X_FORWARDED_FOR"), rules.trusted), scheme, False
