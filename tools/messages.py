"""Translations without GNU gettext: collect the messages of the sources, keep the Chinese catalogue complete.

    tools/messages.py                       add new messages to the .po, drop those no longer used, compile the .mo
    tools/messages.py --merge FILE.tsv      the same, and take translations from a table
    tools/messages.py --check               change nothing; exit 1 unless catalogue and sources agree

A table has lines `context<TAB>message<TAB>translation`, the context empty where there is none; \\n and \\t stand
for a line end and a tab. A message that has a translation keeps it unless --overwrite is given.
"""

import argparse
import io
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import django
import polib
from babel.messages.extract import extract
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (
    "consumer_rights", "core", "registry", "accounts", "cases", "mediation", "pledges", "insights", "demo", "templates",
)  # fmt: skip
CATALOGUE = Path("locale/zh_Hans/LC_MESSAGES/django.po")
HEADER = {
    "Project-Id-Version": "consumer-rights",
    "Language": "zh_Hans",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=1; plural=0;",
}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
# Installed packages that come without zh_Hans (Django reads zh-hans from directories of that name alone), and
# their files whose messages the portal shows.
PACKAGES = {
    "axes": ["admin.py", "models.py"],
    "django_filters": ["fields.py", "filters.py", "widgets.py"],
}
# Messages of Django's own admin that read stiffly in its Chinese; a catalogue of the project's comes before it
REWORDED = {
    "django.contrib.admin": (
        " By %(filter_title)s ", "Add %(name)s", "Filter", "None available", "Recent actions", "My actions",
    ),
}  # fmt: skip
HAN = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
PLACEHOLDER = re.compile(r"%\(\w+\)[sdfr]|%[sdr]|\{\w*\}")


@dataclass
class Message:
    """One message of the sources: singular, plural or "", context or None, and the files it is in."""

    text: str
    plural: str
    context: str | None
    files: set[str] = field(default_factory=set)

    @property
    def key(self) -> tuple[str | None, str]:
        return self.context, self.text


def messages_of(source: str, name: str) -> Iterator[tuple[str, str, str | None]]:
    """(text, plural, context) of every message in one Python file or template."""
    if not name.endswith(".py"):
        source = "\n".join(line.strip() for line in templatize(source, origin=name).splitlines())
    for _line, text, _comments, context in extract("python", io.BytesIO(source.encode()), keywords=KEYWORDS):
        singular, plural = text[:2] if isinstance(text, tuple) else (text, "")
        if singular:
            yield singular, plural or "", context


def collect(root: Path, sources: Iterable[str] = SOURCES) -> dict[tuple, Message]:
    """Every message under `root`, by (context, text). Raises ValueError for one text with two plurals."""
    found: dict[tuple, Message] = {}
    for source in sources:
        for path in sorted((root / source).rglob("*")):
            if path.suffix not in {".py", ".html", ".txt"} or "migrations" in path.parts:
                continue
            name = path.relative_to(root).as_posix()
            for text, plural, context in messages_of(path.read_text("utf-8"), name):
                message = found.setdefault((context, text), Message(text, plural, context))
                if plural and message.plural and plural != message.plural:
                    raise ValueError(f"{name}: “{text}” has two plurals, “{plural}” and “{message.plural}”")
                message.plural = message.plural or plural
                message.files.add(name)
    return found


def collect_packages(packages: dict[str, list[str]] = PACKAGES) -> dict[tuple, Message]:
    """The messages of PACKAGES, found where they are installed, and those of REWORDED."""
    found = {}
    for package, names in packages.items():
        folder = Path(find_spec(package).origin).parent
        for name in names:
            for text, plural, context in messages_of((folder / name).read_text("utf-8"), name):
                found[(context, text)] = Message(text, plural, context, {package})
    for package, texts in REWORDED.items():
        found |= {(None, text): Message(text, "", None, {package}) for text in texts}
    return found


def key_of(entry: polib.POEntry) -> tuple[str | None, str]:
    return entry.msgctxt, entry.msgid


def translation_of(entry: polib.POEntry) -> str:
    return entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr


def translate(entry: polib.POEntry, text: str) -> None:
    if entry.msgid_plural:
        entry.msgstr_plural = {0: text}
    else:
        entry.msgstr = text


def load(path: Path) -> polib.POFile:
    return polib.pofile(str(path), wrapwidth=100) if path.exists() else polib.POFile(wrapwidth=100)


def update(catalogue: polib.POFile, found: dict[tuple, Message]) -> polib.POFile:
    """A catalogue of exactly the messages found, sorted, with the translations that the old one has."""
    old = {key_of(entry): entry for entry in catalogue}
    new = polib.POFile(wrapwidth=100)
    new.metadata = dict(HEADER)
    for key in sorted(found, key=lambda key: (key[1], key[0] or "")):
        message = found[key]
        entry = polib.POEntry(msgid=message.text, msgid_plural=message.plural, msgctxt=message.context)
        entry.occurrences = [(name, "") for name in sorted(message.files)]
        if "%(" in message.text or re.search(r"%[sd]", message.text):
            entry.flags = ["python-format"]
        translate(entry, translation_of(old[key]) if key in old and "fuzzy" not in old[key].flags else "")
        new.append(entry)
    return new


def read_table(path: Path) -> Iterator[tuple[tuple[str | None, str], str]]:
    """((context, text), translation) per line. Raises ValueError with the line's number."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.replace("\\n", "\n").replace("\\t", "\t") for cell in line.split("\t")]
        if len(cells) != 3 or not cells[1] or not cells[2]:
            raise ValueError(f"{path}, line {number}: not context<TAB>message<TAB>translation: {line!r}")
        yield (cells[0] or None, cells[1]), cells[2]


def merge(catalogue: polib.POFile, path: Path, *, overwrite: bool) -> list[str]:
    """Take the table's translations; returns what was not taken and why."""
    entries = {key_of(entry): entry for entry in catalogue}
    notes = []
    for key, text in read_table(path):
        entry = entries.get(key)
        if entry is None:
            notes.append(f"{path.name}: not in the sources: {key[1]!r}")
        elif not translation_of(entry) or overwrite:
            translate(entry, text)
        elif translation_of(entry) != text:
            notes.append(f"{path.name}: kept {translation_of(entry)!r} for {key[1]!r}, the table has {text!r}")
    return notes


def problems(catalogue: polib.POFile, compiled: bytes | None, found: dict[tuple, Message]) -> list[str]:
    """What keeps the catalogue from being complete and right, one line each."""
    entries = {key_of(entry): entry for entry in catalogue}
    lines = [f"not in the catalogue: {key[1]!r}" for key in found if key not in entries]
    for key, entry in entries.items():
        text = translation_of(entry)
        if key not in found:
            lines.append(f"no longer in the sources: {key[1]!r}")
        elif (entry.msgid_plural or "") != found[key].plural:
            lines.append(f"another plural in the sources: {key[1]!r}")
        elif "fuzzy" in entry.flags:
            lines.append(f"fuzzy: {key[1]!r}")
        elif not text:
            lines.append(f"no translation: {key[1]!r} ({', '.join(sorted(found[key].files))})")
        elif sorted(set(PLACEHOLDER.findall(key[1]))) != sorted(set(PLACEHOLDER.findall(text))):
            lines.append(f"other placeholders: {key[1]!r} -> {text!r}")
    lines += [
        f"not English: {key[1]!r} ({', '.join(sorted(message.files))})"
        for key, message in found.items()
        if HAN.search(key[1])
    ]
    if compiled != catalogue.to_binary():
        lines.append("the .mo is not compiled from the .po; run tools/messages.py")
    return lines


def main(arguments: list[str] | None = None, *, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description="Keep the Chinese catalogue complete.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 unless complete")
    parser.add_argument("--merge", type=Path, action="append", default=[], metavar="FILE.tsv")
    parser.add_argument("--overwrite", action="store_true", help="let a merged table replace translations")
    options = parser.parse_args(arguments)
    if not settings.configured:  # templatize() asks for them
        settings.configure()
        django.setup()
    po, mo = root / CATALOGUE, (root / CATALOGUE).with_suffix(".mo")
    try:
        found = collect_packages() | collect(root)
        catalogue = load(po)
        if not options.check:
            catalogue = update(catalogue, found)
            for path in options.merge:
                for note in merge(catalogue, path, overwrite=options.overwrite):
                    print(note)
            po.parent.mkdir(parents=True, exist_ok=True)
            catalogue.save(str(po))
            mo.write_bytes(catalogue.to_binary())
        lines = problems(catalogue, mo.read_bytes() if mo.exists() else None, found)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for line in lines:
        print(line)
    print(f"{len(found)} messages, {len(lines)} problem(s)")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
