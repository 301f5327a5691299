# SPDX-License-Identifier: Apache-2.0
"""A real browser without a window: pages as people get them.

Knows: the Chrome DevTools protocol over a pair of pipes, messages ended by NUL. Refuses to know:
which pages there are. Names of hosts are not resolved, so that nothing outside is ever asked.
"""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.process import LOGS, ServerError, environment, require

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
    "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
BECOME = """
import fcntl, os, sys
given = [fcntl.fcntl(int(word), fcntl.F_DUPFD_CLOEXEC, 10) for word in sys.argv[1:3]]
os.dup2(given[0], 3)
os.dup2(given[1], 4)
os.execv("/usr/bin/setpriv", ["setpriv", "--pdeathsig", "KILL", *sys.argv[3:]])
"""
"""The browser reads commands from descriptor 3 and writes to descriptor 4."""

LIMIT = 30.0
"""Seconds within which the browser must answer."""


class Browser:
    """One browser process; messages in order, events kept by the page that they belong to."""

    def __init__(self, profile: Path) -> None:
        program = require("chromium", package="chromium")
        from_us, to_browser = os.pipe()
        from_browser, to_us = os.pipe()
        LOGS.mkdir(parents=True, exist_ok=True)
        with (LOGS / "chromium.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", BECOME, str(from_us), str(to_us), program, *FLAGS, f"--user-data-dir={profile}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(),
                pass_fds=(from_us, to_us),
                process_group=0,
            )
        os.close(from_us)
        os.close(to_us)
        self._to, self._from = to_browser, from_browser
        self._buffer = b""
        self._number = 0
        self.pages: dict[str, Page] = {}

    def close(self) -> None:
        """End it and everything that it started."""
        os.close(self._to)
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
        os.close(self._from)

    def ask(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """Send a command and return its result; ServerError when it fails."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + LIMIT
        while True:
            answer = self.receive(until)
            if answer is None:
                raise ServerError(f"chromium does not answer {method} within {LIMIT:g} s")
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise ServerError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def receive(self, until: float) -> dict[str, Any] | None:
        """Return the next message, None when none has come; an event is given to its page, too."""
        while b"\0" not in self._buffer:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._from], [], [], left)[0]:
                return None
            piece = os.read(self._from, 1 << 16)
            if not piece:
                raise ServerError("chromium has ended; see build/test-logs")
            self._buffer += piece
        raw, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(raw)
        page = self.pages.get(message.get("sessionId", ""))
        if page is not None and "method" in message:
            page.note(message["method"], message["params"])
        return message

    def open(self, url: str, *, width: int = 1200, height: int = 800, dark: bool = False, script: bool = True) -> Page:
        """Load a page in a window of a size, with a taste, with or without scripts; return it when it is loaded."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.ask(f"{domain}.enable")
        page.look(width, height, dark)
        if not script:
            page.ask("Emulation.setScriptExecutionDisabled", value=True)
        page.go(url)
        return page


@dataclass
class Page:
    """One page: what it asked for, and what the browser found wrong with it."""

    browser: Browser
    session: str
    target: str
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    loaded: int = 0

    def note(self, event: str, facts: dict[str, Any]) -> None:
        """Note an event."""
        if event == "Network.requestWillBeSent":
            self.requests.append(facts["request"]["url"])
        elif event == "Page.loadEventFired":
            self.loaded += 1
        elif event == "Log.entryAdded":
            self.problems.append(f"{facts['entry']['level']}: {facts['entry']['text']}")
        elif event == "Runtime.exceptionThrown":
            self.problems.append(str(facts["exceptionDetails"].get("exception", facts["exceptionDetails"]["text"])))
        elif event == "Runtime.consoleAPICalled":
            self.problems.append(f"console.{facts['type']}")

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command for this page."""
        return self.browser.ask(method, self.session, **parameters)

    def go(self, url: str) -> None:
        """Load a URL; ServerError when it is not loaded in time."""
        self.arrive(lambda: self.ask("Page.navigate", url=url))

    def arrive(self, leave: Callable[[], object]) -> None:
        """Do what leads to another page, and wait until that is loaded."""
        before, until = self.loaded, time.monotonic() + LIMIT
        leave()
        while self.loaded == before:
            if self.browser.receive(until) is None:
                raise ServerError(f"no page is loaded within {LIMIT:g} s")

    def value(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, evaluated by the debugger: the page's policy does not count."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise ServerError(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key; a single character is typed."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, code=key)

    def click(self, selector: str) -> None:
        """Click with the mouse in the middle of an element."""
        box = self.value(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " return [box.left + box.width / 2, box.top + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def look(self, width: int, height: int, dark: bool) -> None:
        """Set the size of the window, and what its owner prefers."""
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.ask("Emulation.setEmulatedMedia", features=features)

    def picture(self, path: Path) -> None:
        """Write what can be seen as PNG."""
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        """Close it."""
        self.browser.ask("Target.closeTarget", targetId=self.target)
        self.browser.pages.pop(self.session)


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Run a browser with a fresh profile for the length of a ``with`` block."""
    running = Browser(profile)
    try:
        running.ask("Browser.getVersion")
        yield running
    finally:
        running.close()
