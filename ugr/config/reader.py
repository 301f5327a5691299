# SPDX-License-Identifier: Apache-2.0
"""INI text to sections and values, each of which remembers where it was written.

Knows: the syntax, includes, which kinds of section there are. Refuses to know: options and
their types, what any section is for.

The syntax is small and strict, because each liberty of the usual INI parsers is a trap::

    # a comment has a line of its own; so does
    ; this one
    [kind:name]
    option = value
    other = first word
        more words on indented lines
    third = "kept as it is, with ; and # inside"

* A section is written once, over all files; an option once in its section. Nothing is merged.
* Option names are lower case, and only ``=`` separates them from the value.
* A value in double quotes (one line, none inside) loses the quotes. Any other value must not
  hold `` #`` or `` ;``: whoever writes that means a comment.
* A blank line ends a value; an indented line that looks like an option or a section is a fault.
* Text is UTF-8. A byte order mark at the start and CRLF line ends are accepted; invisible
  characters (NUL, no-break and zero-width spaces) are faults.
* Only the file that was named includes others: ``include`` of ``[ugr]``, words separated by
  white space, relative to that file. Wildcards may be in the last part of a word and match in
  order of name, hidden files never.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
import unicodedata
from dataclasses import dataclass, field

from ugr.config.faults import Faults, suggestion
from ugr.errors import ConfigError

NAMED_KINDS = ("endpoint", "network", "acl")
"""Kinds of section that are written with a name: ``[endpoint:NAME]``."""

KINDS = ("ugr", "cache", "selection", "health", *NAMED_KINDS)
"""Every kind of section."""

MAX_FILE_BYTES = 8 << 20
MAX_FILES = 10_000

_HEADER = re.compile(r"\[([^\[\]]*)\]\Z")
_OPTION = re.compile(r"([^\s=:\[\]]+)[ \t]*([=:])(.*)\Z", re.DOTALL)
_OPTION_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_LEADING_OPTION = re.compile(r"([a-z][a-z0-9_]*)(?: = .*?)?: ")
_INDENTED_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9_-]*[ \t]*=")
_COMMENT = re.compile(r"(?:\A|[ \t])[#;]")
_QUOTED = re.compile(r'"([^"]*)"\Z')
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"})
_SHOWN = 60

_OWN_LINE = 'a comment needs a line of its own; to keep " #" or " ;", write the whole value in double quotes'


@dataclass(frozen=True, slots=True)
class Value:
    """What was written for an option, without the white space around; lines are joined by a newline."""

    text: str
    file: str
    line: int

    def shown(self) -> str:
        """Return the text on one line, shortened, for a message."""
        flat = " ".join(self.text.split())
        return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 3] + "..."


@dataclass(frozen=True, slots=True)
class Section:
    """One section. ``header`` is the text between the brackets: ``kind`` or ``kind:name``."""

    kind: str
    name: str
    header: str
    file: str
    line: int
    options: dict[str, Value] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Return ``file:line``."""
        return f"{self.file}:{self.line}"

    def blame(self, faults: Faults, message: str, option: str | None = None, *, show: bool = True) -> None:
        """Note a fault of this section, or of one option in it, at the line where that was written.

        The option's value is part of the message unless ``show`` is off (it may be a secret). A
        message of several lines is several faults; without ``option``, a line such as
        ``bucket = x: ...`` or ``bucket: ...`` is blamed on the option that it begins with.
        """
        if option is None:
            for line in message.splitlines():
                said = line.removeprefix(f"[{self.header}]").lstrip(": ")
                word = _LEADING_OPTION.match(said)
                place = self.options.get(word[1], self) if word else self
                separator = " " if word else ": "
                faults.add(place.file, place.line, f"[{self.header}]{separator}{said}")
            return
        value = self.options.get(option)
        if value is None:
            faults.add(self.file, self.line, f"[{self.header}] {option}: {message}")
        else:
            said = f"{option} = {value.shown()}" if show and value.text else option
            faults.add(value.file, value.line, f"[{self.header}] {said}: {message}")


@dataclass(frozen=True, slots=True)
class Document:
    """All sections of a configuration in the order in which they were read; ``files`` likewise."""

    path: str
    sections: list[Section]
    files: list[str]

    def section(self, header: str) -> Section | None:
        """Return the section with this header (``ugr``, ``endpoint:cern``), or None."""
        return next((section for section in self.sections if section.header == header), None)

    def of_kind(self, kind: str) -> list[Section]:
        """Return the sections of one kind, in order; ``[endpoint:*]`` is one of kind endpoint."""
        return [section for section in self.sections if section.kind == kind]

    def endpoint_sections(self) -> list[Section]:
        """Return the sections of endpoints, without ``[endpoint:*]``, in order."""
        return [section for section in self.of_kind("endpoint") if section.name != "*"]


def placed(document: Document, error: ConfigError, header: str = "ugr") -> ConfigError:
    """Return an error about one option of a section with the place at which that is written."""
    section = document.section(header)
    if section is None:
        return error
    faults = Faults()
    section.blame(faults, error.message)
    return ConfigError("\n".join(faults.lines()))


def read(path: str, faults: Faults | None = None) -> Document:
    """Read a configuration and the files that it includes.

    Without ``faults`` raise ConfigError that lists every fault. With it, add to it and return
    what could be understood, so that later steps can add theirs before anything is raised.
    """
    found = Faults() if faults is None else faults
    sections: dict[str, Section] = {}
    files = [path]
    text = _load(path, found)
    if text is not None:
        _Parser(path, found, sections).parse(text)
        for included in _included(path, sections.get("ugr"), found):
            files.append(included)
            text = _load(included, found)
            if text is not None:
                _Parser(included, found, sections).parse(text)
    if faults is None:
        found.raise_if_any()
    return Document(path, list(sections.values()), files)


def parse(text: str, file: str = "configuration", faults: Faults | None = None) -> Document:
    """Read a configuration from text; ``include`` is not followed. Faults as for ``read``."""
    found = Faults() if faults is None else faults
    sections: dict[str, Section] = {}
    _Parser(file, found, sections).parse(text)
    if faults is None:
        found.raise_if_any()
    return Document(file, list(sections.values()), [file])


def _load(path: str, faults: Faults) -> str | None:
    """Return the text of a file, or None after noting why there is none."""
    try:
        # Not blocking: opening a pipe that nobody writes to would otherwise wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        faults.add(path, 0, f"cannot be read: {reason.lower()}")
        return None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
        faults.add(path, 0, f"is {kind}; name a configuration file")
        return None
    try:
        with open(descriptor, "rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        faults.add(path, 0, f"cannot be read: {(error.strerror or str(error)).lower()}")
        return None
    if len(data) > MAX_FILE_BYTES:
        faults.add(path, 0, f"is longer than {MAX_FILE_BYTES >> 20}MiB; is it a configuration file?")
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.add(path, line, "is not UTF-8 text; save the file with that encoding")
        return None


def _included(path: str, section: Section | None, faults: Faults) -> list[str]:
    """Return the files that ``include`` names, each once, in order."""
    if section is None or "include" not in section.options:
        return []
    found: list[str] = []
    for pattern in section.options["include"].text.replace(",", " ").split():
        for name in _expand(os.path.join(os.path.dirname(path), pattern), pattern, section, faults):
            if os.path.realpath(name) == os.path.realpath(path):
                section.blame(faults, f"{pattern} would include this very file; narrow it to conf.d/*.conf", "include")
            elif name not in found:
                found.append(name)
    if len(found) > MAX_FILES:
        section.blame(faults, f"matches {len(found)} files; at most {MAX_FILES} are read", "include")
    return found[:MAX_FILES]


def _expand(full: str, pattern: str, section: Section, faults: Faults) -> list[str]:
    """Return the files that one word of ``include`` matches, sorted by name."""
    directory, last = os.path.split(full)
    if not re.search(r"[*?\[]", pattern):
        if not os.path.lexists(full):
            section.blame(faults, f"{full} does not exist", "include")
            return []
        return [full]
    if re.search(r"[*?\[]", os.path.dirname(pattern)) or not last:
        section.blame(faults, f"{pattern}: wildcards may only be in the file's own name", "include")
        return []
    try:
        names = sorted(os.listdir(directory or "."))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        section.blame(faults, f"{directory} cannot be read: {reason.lower()}", "include")
        return []
    return [
        os.path.join(directory, name) for name in names if not name.startswith(".") and fnmatch.fnmatchcase(name, last)
    ]


class _Parser:
    """Reads one file into ``sections``, which earlier files may have begun to fill."""

    def __init__(self, file: str, faults: Faults, sections: dict[str, Section]) -> None:
        self.file = file
        self.faults = faults
        self.sections = sections
        self.section: Section | None = None
        self.stray = False
        self.option: str | None = None
        """The option that an indented line continues; "" when the line above was faulty."""
        self.single = False

    def parse(self, text: str) -> None:
        """Read the text to its end."""
        for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
            line = raw.removesuffix("\r").rstrip(" \t")
            content = line.lstrip(" \t")
            if not content:
                self.option = None
            elif content[0] in "#;":
                continue
            elif (invisible := _invisible(content)) is not None:
                self.option = ""
                self.fault(number, f"contains the invisible character {invisible}; type the line again")
            elif line[0] in " \t":
                self.continuation(number, content)
            elif line[0] == "[":
                self.header(number, line)
            else:
                self.assignment(number, line)

    def fault(self, line: int, message: str) -> None:
        """Note a fault in this file, naming the section when there is one."""
        self.faults.add(self.file, line, f"[{self.section.header}] {message}" if self.section else message)

    def header(self, number: int, line: str) -> None:
        """Begin a section. One that is faulty is read on for its own faults, and dropped."""
        self.option = None
        self.section = None
        self.stray = False
        match = _HEADER.match(line)
        header = match[1] if match else line.strip("[] \t")
        kind, colon, name = header.partition(":")
        self.section = Section(kind, name, header, self.file, number)
        problem = None
        if match is None and _COMMENT.search(line):
            problem = "a comment needs a line of its own"
        elif match is None:
            problem = "a section is written [kind] or [kind:name], and nothing else on that line"
        elif header != header.strip() or kind != kind.strip() or name != name.strip():
            problem = "write no spaces inside the brackets around kind and name"
        elif kind not in KINDS:
            problem = f"there is no such kind of section{_other_kind(header, kind)}"
        elif kind in NAMED_KINDS and not name:
            problem = f"needs a name: [{kind}:{'/prefix' if kind == 'acl' else 'NAME'}]"
        elif kind not in NAMED_KINDS and colon:
            problem = f"takes no name; write [{kind}]"
        elif header in self.sections:
            first = self.sections[header]
            problem = f"is already in {first.origin}; a section is written once"
        if problem is not None:
            self.faults.add(self.file, number, f"[{header}]: {problem}")
        else:
            self.sections[header] = self.section

    def assignment(self, number: int, line: str) -> None:
        """Take ``name = value``."""
        self.option = ""
        if self.section is None:
            if not self.stray:
                self.fault(number, "stands before the first section; begin with a line such as [ugr]")
            self.stray = True
            return
        match = _OPTION.match(line)
        if match is None:
            # The line itself is not repeated: it may be the rest of a secret.
            self.fault(number, 'this line is neither a section nor "name = value"; a continued value is indented')
            return
        name, separator, text = match[1], match[2], match[3].strip(" \t")
        if separator == ":":
            self.fault(number, f'{name}: only "=" separates an option from its value')
        fixed = name.lower().replace("-", "_")
        if not _OPTION_NAME.match(fixed):
            self.fault(number, f"{name} is not the name of an option: those are letters, digits and underscores")
            return
        if fixed != name:
            self.fault(number, f"{name}: options are written in lower case with underscores: {fixed}")
        if fixed in self.section.options:
            first = self.section.options[fixed]
            self.fault(number, f"{fixed} is already in {first.file}:{first.line}; an option is written once")
            return
        self.option = fixed
        quoted = _QUOTED.match(text)
        self.single = quoted is not None
        value = quoted[1] if quoted else self.piece(number, fixed, text)
        self.section.options[fixed] = Value(value, self.file, number)

    def continuation(self, number: int, content: str) -> None:
        """Take an indented line as more of the value above."""
        if self.section is None:
            self.assignment(number, content)
            return
        if self.option is None:
            self.fault(number, "this line is indented, but there is no value above that it could continue")
            self.option = ""
        elif _INDENTED_OPTION.match(content) or _HEADER.match(content):
            self.fault(number, "an option or section starts at the left margin; this line is indented")
        elif self.option and self.single:
            self.fault(number, f"{self.option}: a value in double quotes ends on its own line")
        elif self.option:
            before = self.section.options[self.option]
            text = f"{before.text}\n{self.piece(number, self.option, content)}".strip("\n")
            self.section.options[self.option] = Value(text, before.file, before.line)

    def piece(self, number: int, option: str, text: str) -> str:
        """Return one line of a value that is not in quotes, without the comment it must not have."""
        comment = _COMMENT.search(text)
        if comment is not None:
            self.fault(number, f"{option}: {_OWN_LINE}")
            return text[: comment.start()].strip()
        if text.startswith('"'):
            self.fault(
                number, f"{option}: a value that starts with a double quote ends with one, and has none in between"
            )
        return text


def _other_kind(header: str, kind: str) -> str:
    """Continue a message about an unknown kind of section with what may have been meant."""
    if header.lower() == "default":
        return "; what holds for all endpoints stands in [endpoint:*]"
    near = suggestion(kind, KINDS)
    if near:
        return near
    if header and ":" not in header:
        return f"; an endpoint is written [endpoint:{header}]"
    return f"; the kinds are {', '.join(KINDS)}"


def _invisible(text: str) -> str | None:
    """Name the first character that cannot be seen, or None; space and tab are fine."""
    if text.isascii() and text.isprintable():
        return None
    for char in text:
        if char not in " \t" and unicodedata.category(char) in _INVISIBLE:
            return f"U+{ord(char):04X}" + (f" ({name.lower()})" if (name := unicodedata.name(char, "")) else "")
    return None
