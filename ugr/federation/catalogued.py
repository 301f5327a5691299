# SPDX-License-Identifier: Apache-2.0
"""A question that catalogues take part in: they name copies, and the endpoints say whether those are there.

Knows: how named copies join the question, and what several questions to one endpoint come to.
Refuses to know: how URLs are read, what the answers of all mean together.

A catalogue is believed as to names only. What it names is asked of the endpoint that has it, at the
path that was named, in the same flight; an endpoint that has the file where its mount says is not
asked again. Without catalogues none of this runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ugr.call import Call
from ugr.federation.answers import EndpointAnswer, Target
from ugr.federation.flight import Flight
from ugr.federation.guarded import GuardedEndpoint
from ugr.federation.routes import Eligible
from ugr.federation.storages import Storages
from ugr.model import Replica, Result

MOST = 64
"""Copies of one name that are taken from one catalogue."""

Place = Callable[[Replica], tuple[GuardedEndpoint, str] | None]
"""Says which endpoint has a named copy, and at which path; None for one that cannot be asked."""


class Catalogues:
    """Begins questions, with the catalogues that have a say in them."""

    def __init__(self, guards: Mapping[str, GuardedEndpoint], downs: Callable[[], Mapping[str, str]]) -> None:
        self._guards = guards
        self._downs = downs
        self._storages = Storages({name: guard.options for name, guard in guards.items()})

    def flight(
        self,
        asked: Sequence[tuple[GuardedEndpoint, Target]],
        unasked: dict[str, str],
        eligible: Eligible,
        call: Call,
        landed: Callable[[Flight], None],
    ) -> Flight:
        """Ask. An endpoint that a catalogue names and that is known to be down is added to ``unasked``."""
        if not eligible.catalogues:
            return Flight(asked, call, landed)

        def place(copy: Replica) -> tuple[GuardedEndpoint, str] | None:
            found = self._storages.place(copy.url)
            if found is None or not eligible.named(*found):
                return None
            reason = self._downs().get(found[0])
            if reason is None:
                return self._guards[found[0]], found[1]
            unasked[found[0]] = reason
            return None

        return CataloguedFlight(asked, eligible.catalogues, place, call, landed)


class CataloguedFlight(Flight):
    """A flight whose ``catalogues``, by name, are asked for names of copies."""

    def __init__(
        self,
        asked: Sequence[tuple[GuardedEndpoint, Target]],
        catalogues: frozenset[str],
        place: Place,
        call: Call,
        landed: Callable[[Flight], None],
    ) -> None:
        self._catalogues = catalogues
        self._place = place
        self._pending = Counter(guard.name for guard, _ in asked)
        self._said: dict[str, EndpointAnswer] = {}
        super().__init__(asked, call, landed)

    def cut(self) -> None:
        """Stop waiting for whoever is outstanding."""
        self._pending.clear()
        super().cut()

    async def _ask(self, guard: GuardedEndpoint, target: Target) -> None:
        if guard.name in self._catalogues:
            answer, named = await guard.replicas(target.path, self.call)
            self._arrived(replace(answer, reason=self._pursue(named)) if answer.result is Result.NAMED else answer)
        else:
            await super()._ask(guard, target)

    def _pursue(self, named: Sequence[Replica]) -> str:
        """Ask the endpoints of named copies; return in words what was named."""
        places: dict[tuple[str, str], tuple[GuardedEndpoint, Replica]] = {}
        elsewhere = 0
        for copy in named[:MOST]:
            place = self._place(copy)
            if place is None:
                elsewhere += 1
            else:
                guard, path = place
                places.setdefault((guard.name, path), (guard, copy))
        for (name, path), (guard, copy) in places.items():
            if name in self.answers and self.answers[name].result is Result.FOUND:
                continue
            said = self.answers.pop(name, None)
            if said is not None:
                self._said[name] = said
            self.outstanding[name] = guard
            self._pending[name] += 1
            self._tasks.append(self.loop.create_task(self._verify(guard, path, copy)))
        names = ", ".join(dict.fromkeys(name for name, _ in places)) or "no endpoint that could be asked"
        return f"copies on {names}" + (f", and {elsewhere} elsewhere" if elsewhere else "")

    async def _verify(self, guard: GuardedEndpoint, path: str, copy: Replica) -> None:
        answer = await guard.stat(path, self.call)
        info = answer.info
        if info is not None and not info.directory and copy.size in (None, info.size) and copy.checksums:
            info = replace(info, checksums={**copy.checksums, **info.checksums})
        self._arrived(replace(answer, info=info, path=path if answer.result is Result.FOUND else None))

    def _arrived(self, answer: EndpointAnswer) -> None:
        """Take one of an endpoint's answers: a find is its last, silence outweighs absence."""
        name = answer.endpoint
        self._pending[name] -= 1
        if answer.result is not Result.FOUND:
            said = self._said.get(name)
            if said is None or said.result is Result.ABSENT:
                self._said[name] = answer
            if self._pending[name] > 0:
                return
            answer = self._said[name]
        super()._arrived(answer)
