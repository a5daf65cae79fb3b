"""The dialect of config.ini, group.N.genesis and group.N.ini, and how a setting is read from it (node §1.3).

Rule 1  A line is blank, a comment that begins with `;`, `[section]` or `key=value`. Blanks around every part
        are dropped, so lines may be indented. A `;` further on belongs to the value.
Rule 2  A section, and a key within it, is written once: of two answers neither is taken.
Rule 3  A key without a value counts as not written, and its default holds.
Rule 4  A key that nobody asks for is no error; it is listed, so that a misspelt one is not lost in silence.

A wrong setting leaves as a `SettingsError`, which says where it is and how to mend it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from hansa.primitives import NodeId, node_id_from_hex

__all__ = ["FILE_BYTES_MAX", "IniFile", "Section", "SettingsError"]

FILE_BYTES_MAX = 1 << 20
"""A real file has some thousand bytes."""

_SHOWN_CHARACTERS_MAX = 60
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_FLAGS = {"true": True, "false": False, "1": True, "0": False}


class SettingsError(Exception):
    """A configuration file that cannot be followed: where, what is wrong, and what to write instead."""

    def __init__(
        self,
        *,
        file: str,
        problem: str,
        remedy: str,
        section: str | None = None,
        key: str | None = None,
        line: int | None = None,
    ) -> None:
        self.file = file
        self.section = section
        self.key = key
        self.line = line
        self.problem = problem
        self.remedy = remedy
        place = file if line is None else f"{file}:{line}"
        setting = f"[{section}]" if section and key is None else f"[{section}] {key}" if section else key
        what = f"{setting}: {problem}" if setting else problem
        super().__init__(f"{place}: {what}. {remedy[:1].upper()}{remedy[1:]}.")


@dataclass(frozen=True, slots=True)
class _Entry:
    value: str
    line: int


class IniFile:
    """A parsed file. Remembers which keys were asked for."""

    def __init__(self, file: str, sections: dict[str, dict[str, _Entry]], lines: dict[str, int]) -> None:
        self.file = file
        self._sections = sections
        self._lines = lines
        self._asked: set[tuple[str, str]] = set()
        self._notes: list[str] = []

    @staticmethod
    def load(path: Path) -> IniFile:
        """Read and parse a file.

        Raises:
            SettingsError: it is missing, unreadable, too long, not UTF-8, or not in this dialect.
        """
        try:
            with path.open("rb") as stream:
                data = stream.read(FILE_BYTES_MAX + 1)
        except (OSError, ValueError) as error:
            reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            raise SettingsError(
                file=str(path),
                problem=f"cannot be read: {reason.lower()}",
                remedy="name an existing file that this user may read",
            ) from error
        if len(data) > FILE_BYTES_MAX:
            raise _too_long(str(path))
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SettingsError(
                file=str(path),
                line=data.count(b"\n", 0, error.start) + 1,
                problem="the file is not UTF-8 text",
                remedy="save it as UTF-8",
            ) from error
        return IniFile.parse(text, str(path))

    @staticmethod
    def parse(text: str, file: str) -> IniFile:
        """Parse a text; `file` is its name in messages.

        Raises:
            SettingsError: too long, or not in this dialect.
        """
        if len(text) > FILE_BYTES_MAX:
            raise _too_long(file)
        sections: dict[str, dict[str, _Entry]] = {}
        lines: dict[str, int] = {}
        current = ""
        for number, raw in enumerate(text.split("\n"), start=1):
            line = raw.strip()
            if not line or line.startswith(";"):
                continue
            if "\0" in line:
                raise SettingsError(
                    file=file, line=number, problem="there is a NUL character", remedy="save it as plain text"
                )
            if line.startswith("["):
                current = _section_name(line, file, number)
                if current in sections:
                    raise SettingsError(
                        file=file,
                        section=_shown(current),
                        line=number,
                        problem=f"this section began in line {lines[current]} already",
                        remedy="put all its keys under one heading",
                    )
                sections[current] = {}
                lines[current] = number
                continue
            key, equals, value = line.partition("=")
            key = key.strip()
            if not equals or not key:
                raise SettingsError(  # the line is not shown: it may hold a password
                    file=file,
                    line=number,
                    problem="this is neither [section] nor key=value",
                    remedy="mend the line, or begin it with ; to make it a comment",
                )
            entries = sections.setdefault(current, {})
            if key in entries:
                raise SettingsError(
                    file=file,
                    section=_shown(current) or None,
                    key=_shown(key),
                    line=number,
                    problem=f"this key was set in line {entries[key].line} already",
                    remedy="remove one of the two lines",
                )
            entries[key] = _Entry(value.strip(), number)
        return IniFile(file, sections, lines)

    def section(self, name: str, *, legacy: str | None = None) -> Section:
        """A section, empty if it is not written. `legacy` is the name older files use for it.

        Raises:
            SettingsError: it is written under both names.
        """
        if legacy is None or legacy not in self._sections:
            return Section(self, name, self._sections.get(name, {}))
        if name in self._sections:
            raise SettingsError(
                file=self.file,
                section=legacy,
                line=self._lines[legacy],
                problem=f"this is the old name of [{name}], which is written too",
                remedy=f"move its keys to [{name}] and remove the heading",
            )
        return Section(self, legacy, self._sections[legacy])

    def warnings(self) -> tuple[str, ...]:
        """A sentence for each value that was passed over, then for each key that nobody asked for."""
        unasked = (
            f"{self.file}:{entry.line}: [{_shown(section)}] {_shown(key)}: unknown key, ignored"
            for section, entries in self._sections.items()
            for key, entry in entries.items()
            if (section, key) not in self._asked
        )
        return (*self._notes, *unasked)

    def mark_asked(self, section: str, key: str) -> None:
        """Count a key as known. For `Section`."""
        self._asked.add((section, key))

    def note(self, sentence: str) -> None:
        """Add a warning. For `Section`."""
        self._notes.append(sentence)


class Section:
    """The keys under one heading, read as what they should be."""

    def __init__(self, ini: IniFile, name: str, entries: dict[str, _Entry]) -> None:
        self.name = name
        self._ini = ini
        self._entries = entries

    def text(self, key: str, default: str = "") -> str:
        """A value as written."""
        self._ini.mark_asked(self.name, key)
        entry = self._entries.get(key)
        return entry.value if entry is not None and entry.value else default

    def integer(self, key: str, default: int, *, minimum: int, maximum: int) -> int:
        """A whole number within a range, both ends included."""
        value = self._optional_integer(key, minimum=minimum, maximum=maximum, instead=f" for {default}")
        return default if value is None else value

    def optional_integer(self, key: str, *, minimum: int, maximum: int) -> int | None:
        """A whole number within a range; None if it is not written."""
        return self._optional_integer(key, minimum=minimum, maximum=maximum, instead="")

    def required_integer(self, key: str, *, minimum: int, maximum: int) -> int:
        """A whole number that has no default."""
        value = self._optional_integer(key, minimum=minimum, maximum=maximum, instead=None)
        if value is None:
            raise self.error(key, "is not set", f"write {key}= and a number from {minimum} to {maximum}")
        return value

    def decimal(self, key: str, default: Decimal, *, minimum: Decimal, maximum: Decimal) -> Decimal:
        """A number with or without a fraction, within a range, both ends included."""
        value = self.optional_decimal(key, minimum=minimum, maximum=maximum)
        return default if value is None else value

    def optional_decimal(self, key: str, *, minimum: Decimal, maximum: Decimal) -> Decimal | None:
        """A number with or without a fraction; None if it is not written."""
        text = self.text(key)
        if not text:
            return None
        if not _DECIMAL.fullmatch(text) or not minimum <= Decimal(text) <= maximum:
            raise self.error(
                key,
                f"{_quoted(text)} is not a number from {minimum} to {maximum}",
                "write such a number, or remove the line for the default",
            )
        return Decimal(text)

    def flag(self, key: str, default: bool) -> bool:
        """`true` or `false`."""
        text = self.text(key)
        if not text:
            return default
        answer = _FLAGS.get(text)
        if answer is None:
            raise self.error(key, f"{_quoted(text)} is neither true nor false", "write true or false")
        return answer

    def choice(self, key: str, default: str, options: Sequence[str]) -> str:
        """One of several words, given in small letters; any case is accepted."""
        text = self.text(key, default)
        if text.lower() not in options:
            raise self.error(key, f"{_quoted(text)} is not known", f"write one of: {', '.join(options)}")
        return text.lower()

    def choice_or_default(self, key: str, default: str, options: Sequence[str]) -> str:
        """Like `choice`, but an unknown word counts as the default and leaves a warning."""
        try:
            return self.choice(key, default, options)
        except SettingsError as error:
            self._ini.note(f"{error} Until then: {default}.")
            return default

    def ignore(self, *keys: str) -> None:
        """Keys that other software acts on and Hansa has no use for: known, without effect."""
        for key in keys:
            self._ini.mark_asked(self.name, key)

    def listen_ip(self, key: str, default: str) -> str:
        """An IPv4 or IPv6 address of this host."""
        text = self.text(key, default)
        try:
            ipaddress.ip_address(text)
        except ValueError:
            raise self.error(
                key,
                f"{_quoted(text)} is not an IP address",
                "write one of this host, 127.0.0.1 for this host only, or 0.0.0.0 for all its addresses",
            ) from None
        return text

    def numbered(self, prefix: str) -> Iterator[tuple[str, str]]:
        """The keys `prefix.N` that have a value, in the order of the file, whatever stands for N."""
        for key, entry in self._entries.items():
            if key.startswith(f"{prefix}."):
                self._ini.mark_asked(self.name, key)
                if entry.value:
                    yield key, entry.value

    def node_ids(self, prefix: str) -> tuple[NodeId, ...]:
        """The node ids `prefix.N`, in the order of the file."""
        found: list[NodeId] = []
        for key, value in self.numbered(prefix):
            try:
                found.append(node_id_from_hex(value))
            except ValueError:
                raise self.error(
                    key,
                    f"{_quoted(value)} is not a node id",
                    "write the 128 hexadecimal digits of the node's conf/node.nodeid",
                ) from None
        return tuple(found)

    def error(self, key: str | None, problem: str, remedy: str) -> SettingsError:
        """An error about a key of this section, or the whole section."""
        entry = self._entries.get(key) if key is not None else None
        return SettingsError(
            file=self._ini.file,
            section=self.name,
            key=_shown(key) if key is not None else None,
            line=entry.line if entry is not None else None,
            problem=problem,
            remedy=remedy,
        )

    def _optional_integer(self, key: str, *, minimum: int, maximum: int, instead: str | None) -> int | None:
        text = self.text(key)
        if not text:
            return None
        if not _INTEGER.fullmatch(text) or not minimum <= int(text) <= maximum:
            raise self.error(
                key,
                f"{_quoted(text)} is not a whole number from {minimum} to {maximum}",
                "write such a number" + ("" if instead is None else f", or remove the line{instead}"),
            )
        return int(text)


def _section_name(line: str, file: str, number: int) -> str:
    name = line[1:-1].strip()
    if not line.endswith("]") or not name:
        raise SettingsError(
            file=file,
            line=number,
            problem=f"{_quoted(line)} is not a section heading",
            remedy="write it as [section]",
        )
    return name


def _too_long(file: str) -> SettingsError:
    return SettingsError(
        file=file,
        problem=f"the file is longer than {FILE_BYTES_MAX} bytes",
        remedy="check that this is the configuration file",
    )


def _shown(text: str) -> str:
    """Foreign text for one line of a message."""
    cut = text if len(text) <= _SHOWN_CHARACTERS_MAX else f"{text[:_SHOWN_CHARACTERS_MAX]}…"
    return "".join(character if character.isprintable() else "?" for character in cut)


def _quoted(text: str) -> str:
    return f'"{_shown(text)}"'
