"""Import profiles: TOML files that say how the columns of somebody's file become our fields.

docs/ describes the format for those who write profiles.
"""

import hashlib
import json
import re
import tomllib
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext as _

from core.exceptions import FileRefused
from core.text import clean_cell

ENCODINGS = ("auto", "utf-8", "gb18030", "utf-16")
DELIMITERS = ("auto", ",", ";", "\t", "|")
_TOP_KEYS = ("name", "title", "source", "reference_source", "required", "keep", "ignore")
_TABLES = {"file": ("encoding", "delimiter", "sheet"), "dates": ("formats",)}
_FREE_TABLES = ("columns", "values", "constants")
_SLUG = re.compile(r"[a-z][a-z0-9_-]{0,39}")
IGNORE_ALL = "*"
OTHER = "*"


def header_key(header: str) -> str:
    """Key under which two spellings of a header meet: white space, width and case do not count."""
    folded = unicodedata.normalize("NFKC", clean_cell(header)).casefold()
    return "".join(folded.split())


@dataclass(frozen=True)
class Profile:
    """How to read one kind of file.

    `columns`: field -> accepted headers. `required`: fields whose header must be in the file, `key_field`
    first. `reference_source`: the system that the further numbers in the file are of, "" where it is not known.
    `values`: field -> {written: code}, "*" for any other non-empty value, "" for an empty cell.
    `constants`: field -> value where the file has no column for it. `keep` and `ignore`: headers.
    `digest`: SHA-256 of the meaning, comments and layout aside.
    """

    name: str
    title: str
    source: str
    key_field: str
    columns: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    reference_source: str = ""
    encoding: str = "auto"
    delimiter: str = "auto"
    sheet: str = ""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    date_formats: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    digest: str = field(init=False, default="", compare=False)

    def __post_init__(self):
        content = asdict(self)
        del content["digest"]
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        object.__setattr__(self, "digest", hashlib.sha256(text.encode()).hexdigest())

    @property
    def ignores_unknown(self) -> bool:
        return IGNORE_ALL in self.ignore

    def translate(self, field_name: str, text: str) -> tuple[str | None, bool]:
        """(value, known) of a clean cell: the code of its value map, or the text itself where the field
        has no map. (None, True) for an empty cell; known is False for a text that the map lacks.
        """
        codes = self.values.get(field_name)
        if codes is None:
            return text or None, True
        if text in codes:
            return codes[text], True
        if not text:
            return None, True
        if OTHER in codes:
            return codes[OTHER], True
        return text, False


def load_profile(
    path_or_name: str | Path,
    *,
    known_fields: Collection[str],
    builtin_dir: Path | None = None,
    key_field: str = "external_number",
) -> Profile:
    """The profile of a TOML file, or the built-in one of that name.

    `known_fields` are the fields that the importer can fill, `key_field` the one that identifies a row.
    FileRefused, in one line with what to do, for anything wrong.
    """
    path = _find(path_or_name, builtin_dir)
    return _Reader(path, known_fields, key_field).profile()


def builtin_names(builtin_dir: Path) -> list[str]:
    return sorted(path.stem for path in builtin_dir.glob("*.toml"))


def _find(path_or_name: str | Path, builtin_dir: Path | None) -> Path:
    path = Path(path_or_name)
    if path.is_file():
        return path
    names = builtin_names(builtin_dir) if builtin_dir else []
    if str(path_or_name) in names:
        return builtin_dir / f"{path_or_name}.toml"
    if not names:
        raise FileRefused(
            _("There is no profile file %(path)s. Give the path of a TOML file.") % {"path": path_or_name}
        )
    raise FileRefused(
        _("There is no profile %(path)s. Give the path of a TOML file or a built-in name: %(names)s.")
        % {"path": path_or_name, "names": ", ".join(names)}
    )


class _Reader:
    def __init__(self, path: Path, known_fields: Collection[str], key_field: str):
        self.path = path
        self.known = frozenset(known_fields)
        self.key_field = key_field

    def refuse(self, message: str) -> FileRefused:
        return FileRefused(_("Profile %(path)s: %(problem)s") % {"path": self.path.name, "problem": message})

    def profile(self) -> Profile:
        data = self.load()
        self.check_keys(data)
        settings = data.get("file", {})
        columns = self.columns(data.get("columns"))
        keep = self.texts(data, "keep")
        ignore = self.texts(data, "ignore")
        self.check_headers(columns, keep, ignore)
        source = self.slug(data, "source")
        return Profile(
            name=self.slug(data, "name"),
            title=self.text(data.get("title", ""), "title"),
            source=source,
            reference_source=self.reference_source(data, source),
            key_field=self.key_field,
            columns=columns,
            required=self.required(data, columns),
            encoding=self.choice(settings, "encoding", ENCODINGS),
            delimiter=self.choice(settings, "delimiter", DELIMITERS),
            sheet=self.text(settings.get("sheet", ""), "file.sheet"),
            values=self.values(data.get("values", {})),
            constants=self.constants(data.get("constants", {})),
            date_formats=self.date_formats(data.get("dates", {})),
            keep=keep,
            ignore=ignore,
        )

    def load(self) -> dict:
        try:
            text = self.path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise self.refuse(_("it is not UTF-8 text. Save it as UTF-8.")) from error
        except OSError as error:
            raise self.refuse(_("it cannot be read: %(error)s.") % {"error": error.strerror}) from error
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise self.refuse(_("TOML syntax: %(error)s.") % {"error": error}) from error

    def check_keys(self, data: dict) -> None:
        for key, value in data.items():
            if key in _TOP_KEYS and isinstance(value, dict):
                raise self.refuse(_("“%(key)s” is a setting, not a table.") % {"key": key})
            if key in (*_TABLES, *_FREE_TABLES) and not isinstance(value, dict):
                raise self.refuse(_("“%(key)s” must be a table, [%(key)s].") % {"key": key})
            if key not in (*_TOP_KEYS, *_TABLES, *_FREE_TABLES):
                known = ", ".join((*_TOP_KEYS, *(f"[{name}]" for name in (*_TABLES, *_FREE_TABLES))))
                raise self.refuse(
                    _("“%(key)s” is unknown; known are %(known)s.") % {"key": key, "known": known}
                )
        for table, allowed in _TABLES.items():
            for key in data.get(table, {}):
                if key not in allowed:
                    self.check_place(key, table)
                    raise self.refuse(
                        _("“%(key)s” is unknown in [%(table)s]; known are %(known)s.")
                        % {"key": key, "table": table, "known": ", ".join(allowed)}
                    )

    def check_place(self, key: str, table: str) -> None:
        if key in _TOP_KEYS and key not in self.known:
            raise self.refuse(
                _("“%(key)s” stands inside [%(table)s]. Move it above the first table.")
                % {"key": key, "table": table}
            )

    def check_field(self, name: str, table: str) -> None:
        if name not in self.known:
            self.check_place(name, table)
            raise self.refuse(
                _("[%(table)s] names the unknown field “%(field)s”. Known fields: %(known)s.")
                % {"table": table, "field": name, "known": ", ".join(sorted(self.known))}
            )

    def columns(self, table: dict | None) -> dict[str, tuple[str, ...]]:
        if not table:
            raise self.refuse(_("the table [columns] is missing: field = header."))
        columns = {}
        for name, headers in table.items():
            self.check_field(name, "columns")
            headers = [headers] if isinstance(headers, str) else headers
            columns[name] = self.text_list(headers, f"columns.{name}")
            if not columns[name]:
                raise self.refuse(_("“%(key)s” names no header.") % {"key": f"columns.{name}"})
        if self.key_field not in columns:
            raise self.refuse(
                _("[columns] lacks “%(field)s”, the number that identifies a row.")
                % {"field": self.key_field}
            )
        return columns

    def check_headers(self, columns: dict, keep: tuple, ignore: tuple) -> None:
        """No header may have two meanings."""
        uses = [(header, name) for name, headers in columns.items() for header in headers]
        uses += [(header, "keep") for header in keep]
        uses += [(header, "ignore") for header in ignore if header != IGNORE_ALL]
        seen = {}
        for header, use in uses:
            if (key := header_key(header)) in seen:
                raise self.refuse(
                    _("the header “%(header)s” is given twice, for %(first)s and for %(second)s.")
                    % {"header": header, "first": seen[key], "second": use}
                )
            seen[key] = use

    def required(self, data: dict, columns: dict) -> tuple[str, ...]:
        names = self.texts(data, "required")
        for name in names:
            if name not in columns:
                raise self.refuse(
                    _("“required” names “%(field)s”, which has no header in [columns].") % {"field": name}
                )
        return tuple(dict.fromkeys((self.key_field, *names)))

    def values(self, tables: dict) -> dict[str, dict[str, str]]:
        result = {}
        for name, table in tables.items():
            self.check_field(name, "values")
            if not isinstance(table, dict):
                raise self.refuse(_("“%(key)s” must be a table, [%(key)s].") % {"key": f"values.{name}"})
            codes = result[name] = {}
            for written, code in table.items():
                key = clean_cell(written)
                if key in codes:
                    raise self.refuse(
                        _("[values.%(field)s] gives “%(written)s” twice.")
                        % {"field": name, "written": written}
                    )
                codes[key] = self.text(code, f"values.{name}.{written}")
        return result

    def constants(self, table: dict) -> dict[str, str]:
        result = {}
        for name, value in table.items():
            self.check_field(name, "constants")
            if name == self.key_field:
                raise self.refuse(
                    _("“%(field)s” cannot be a constant: it tells the rows apart.") % {"field": name}
                )
            result[name] = self.text(value, f"constants.{name}")
        return result

    def date_formats(self, table: dict) -> tuple[str, ...]:
        formats = self.text_list(table.get("formats", []), "dates.formats")
        sample = datetime(2021, 11, 23, 13, 14, 15)  # noqa: DTZ001
        for pattern in formats:
            try:
                found = datetime.strptime(sample.strftime(pattern), pattern)  # noqa: DTZ007
            except ValueError:
                found = None
            if not found or found.date() != sample.date():
                raise self.refuse(
                    _("the date format “%(format)s” must give year, month and day, as %%d/%%m/%%Y does.")
                    % {"format": pattern}
                )
        return formats

    def slug(self, data: dict, key: str) -> str:
        if key not in data:
            raise self.refuse(_("“%(key)s” is missing.") % {"key": key})
        value = self.text(data[key], key)
        if not _SLUG.fullmatch(value):
            raise self.refuse(
                _("“%(key)s” must be at most 40 small letters, digits, “_” or “-”, a letter first.")
                % {"key": key}
            )
        return value

    def reference_source(self, data: dict, source: str) -> str:
        if "reference_source" not in data:
            return ""
        other = self.slug(data, "reference_source")
        if other == source:
            raise self.refuse(
                _("“reference_source” is the profile's own source “%(source)s”. Name the other system, or leave it out.")
                % {"source": source}
            )
        return other

    def choice(self, table: dict, key: str, allowed: tuple[str, ...]) -> str:
        value = self.text(table.get(key, allowed[0]), f"file.{key}")
        if key == "encoding":
            value = {"utf8": "utf-8", "gbk": "gb18030", "gb2312": "gb18030", "utf16": "utf-16"}.get(
                value.lower(), value.lower()
            )
        if value not in allowed:
            raise self.refuse(
                _("“%(value)s” is no %(key)s; known are %(known)s.")
                % {"value": value, "key": f"file.{key}", "known": ", ".join(map(repr, allowed))}
            )
        return value

    def texts(self, data: dict, key: str) -> tuple[str, ...]:
        return self.text_list(data.get(key, []), key)

    def text_list(self, value, key: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.refuse(_("“%(key)s” must be a list of texts.") % {"key": key})
        if not all(item.strip() for item in value):
            raise self.refuse(_("“%(key)s” contains an empty text.") % {"key": key})
        return tuple(value)

    def text(self, value, key: str) -> str:
        if not isinstance(value, str):
            raise self.refuse(_("“%(key)s” must be a text in quotation marks.") % {"key": key})
        return value
