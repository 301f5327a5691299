# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, as facts.

Knows: the kinds of failure, and the facts that travel with one (path, endpoint, verb,
whether asking again may help). Refuses to know: HTTP. The only table from these classes
to status codes is ``ugr.frontend.replies``.

Message style: lower case, no full stop, name the thing, say what would help.
"""

from __future__ import annotations

from typing import Any, ClassVar


class UgrError(Exception):
    """Base of every error that crosses a room's door.

    ``code`` is a stable, documented word (kebab-case) that clients and scripts may match.
    ``retryable`` says whether the same question, asked again a little later, may succeed.
    ``retry_after`` is seconds, or None when unknown. ``unasked`` names the endpoints that were
    not asked because they are known to be down. ``answers`` is what each endpoint said that led to
    this, as ``ugr.federation.answers.EndpointAnswer``; empty when it is not known. ``level`` is the
    cache that remembered it, None when it was not remembered.
    """

    code: ClassVar[str] = "internal"
    retryable: bool = False
    answers: tuple[Any, ...] = ()
    level: str | None = None

    def __init__(
        self,
        message: str = "",
        *,
        path: str | None = None,
        endpoint: str | None = None,
        verb: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        unasked: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message or self.code.replace("-", " ")
        self.path = path
        self.endpoint = endpoint
        self.verb = verb
        self.retry_after = retry_after
        self.unasked = unasked
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        """One line: message, then the facts that are known."""
        facts = [
            f"{name}={value}"
            for name, value in (("endpoint", self.endpoint), ("verb", self.verb), ("path", self.path))
            if value is not None
        ]
        return f"{self.message} ({', '.join(facts)})" if facts else self.message

    def at(
        self, *, path: str | None = None, endpoint: str | None = None, verb: str | None = None
    ) -> UgrError:
        """Fill in facts that the raiser did not know; return self."""
        self.path = self.path if self.path is not None else path
        self.endpoint = self.endpoint if self.endpoint is not None else endpoint
        self.verb = self.verb if self.verb is not None else verb
        return self


class NotFound(UgrError):
    """The name does not exist: whoever could hold it was asked and said so."""

    code = "not-found"


class PermissionDenied(UgrError):
    """Known, and not allowed."""

    code = "permission-denied"


class Unauthenticated(UgrError):
    """Nobody in particular asked, and a credential could help."""

    code = "unauthenticated"


class BadRequest(UgrError):
    """The question itself is malformed."""

    code = "bad-request"


class AlreadyExists(UgrError):
    """The name is taken."""

    code = "already-exists"


class IsADirectory(UgrError):
    """A file was needed; the name is a directory."""

    code = "is-a-directory"


class NotADirectory(UgrError):
    """A directory was needed; the name is a file."""

    code = "not-a-directory"


class Conflict(UgrError):
    """Endpoints, or the state of the tree, contradict the request."""

    code = "conflict"


class PreconditionFailed(UgrError):
    """A condition that the client set does not hold."""

    code = "precondition-failed"


class Unsupported(UgrError):
    """Nobody here can do this."""

    code = "unsupported"


class NoSpace(UgrError):
    """No endpoint has room."""

    code = "no-space"


class Unavailable(UgrError):
    """The answer is not known now: somebody who might know was silent."""

    code = "unavailable"
    retryable = True


class DeadlineExceeded(UgrError):
    """The time given for the question ran out."""

    code = "deadline-exceeded"
    retryable = True


class Overloaded(UgrError):
    """This service itself has too much to do at this moment; no endpoint was asked."""

    code = "overloaded"
    retryable = True


class EndpointError(UgrError):
    """An endpoint failed; which way, says the subclass."""

    code = "endpoint-error"
    retryable = True


class Timeout(EndpointError):
    """The endpoint did not answer in time."""

    code = "endpoint-timeout"


class Refused(EndpointError):
    """The endpoint could not be reached: refused, reset, no route, name unknown, TLS failed."""

    code = "endpoint-refused"


class Busy(EndpointError):
    """The endpoint asked for patience (429, 503), or its queue here is full."""

    code = "endpoint-busy"


class Misbehaved(EndpointError):
    """The endpoint answered with something that breaks its protocol."""

    code = "endpoint-misbehaved"


class ConfigError(UgrError):
    """The configuration cannot be used; one message may list several faults, a line each."""

    code = "configuration"
