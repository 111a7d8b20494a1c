"""What kind of file it is and in which encoding its text is written, seen from the whole content."""

import codecs
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from core.importing.report import refused

_CHUNK = 1 << 20
# longer lines are no table, and would be held in memory whole
MAX_LINE = 16 << 20

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_RAW_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x10\x00")
_FOREIGN = {
    b"%PDF": "PDF",
    b"\x1f\x8b": "gzip",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7-Zip",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"{\\rtf": "RTF",
}
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*"
    r"<(?:!doctype\s+html|html|head|body|meta|table|style|div|script)\b|\s*mime-version:",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(r"\s*<\?xml\b|\s*<(?:\w+:)?workbook\b", re.IGNORECASE)

# put in place of a character whose last bytes are missing at the end of the file
CUT = "\udcff"
CUT_HANDLER = "importing.cut"
_CUT_REASONS = ("unexpected end of data", "incomplete multibyte sequence", "truncated data")


def _mark_cut(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError) and error.reason in _CUT_REASONS:
        return CUT, error.end
    raise error


codecs.register_error(CUT_HANDLER, _mark_cut)


@dataclass(frozen=True)
class Survey:
    """`kind` is "csv", "zip" or "ole"; `encoding` is "utf-8", "gb18030" or "utf-16" for text, else ""."""

    kind: str
    encoding: str
    sha256: str
    size: int
    mtime_ns: int


def survey(path: Path, encoding: str = "auto") -> Survey:
    """Read the whole file once, one chunk at a time; FileRefused for what is no table.

    Bytes that are wrong in a GB18030 or UTF-16 file are found when its rows are read, see
    `refuse_undecodable`.
    """
    try:
        with path.open("rb") as stream:
            status = path.stat()
            head = stream.read(_CHUNK)
            kind = _kind(path, head)
            if kind != "csv":
                sha256 = hashlib.sha256(head)
                while chunk := stream.read(_CHUNK):
                    sha256.update(chunk)
                return Survey(kind, "", sha256.hexdigest(), status.st_size, status.st_mtime_ns)
            text = _TextSurvey(path)
            stream.seek(0)
            while chunk := stream.read(_CHUNK):
                text.feed(chunk)
            found = text.encoding(head) if encoding == "auto" else encoding
    except OSError as error:
        raise refused(path, _("it cannot be read: %(error)s.") % {"error": error.strerror}) from error
    if found == "utf-8" and text.invalid_at is not None:
        raise refuse_undecodable(path, "utf-8")
    return Survey(kind, found, text.sha256.hexdigest(), status.st_size, status.st_mtime_ns)


def text_codec(path: Path, encoding: str) -> str:
    """The name under which Python decodes the file, a byte order mark taken off where there is one."""
    if encoding == "utf-8":
        return "utf-8-sig"
    if encoding == "utf-16":
        with path.open("rb") as stream:
            head = stream.read(4096)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        return "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
    return encoding


def _kind(path: Path, head: bytes) -> str:
    if head.startswith(_ZIP):
        return "zip"
    if head.startswith(_OLE):
        return "ole"
    if head.startswith(_RAW_BIFF):
        raise refused(
            path,
            _("it is older than Excel 97. Open it in Excel or WPS and save it as .xlsx or CSV."),
        )
    for magic, name in _FOREIGN.items():
        if head.startswith(magic):
            raise refused(
                path, _("it is a %(kind)s file, not a table. Give a CSV or XLSX file.") % {"kind": name}
            )
    start = _start_of_text(head)
    if _HTML.match(start):
        raise refused(
            path,
            _(
                "it is a web page (HTML), whatever its name says. "
                "Open it in Excel or WPS and save it as .xlsx or CSV."
            ),
        )
    if _XML.match(start):
        raise refused(path, _("it is an XML file. Open it in Excel or WPS and save it as .xlsx or CSV."))
    return "csv"


def _start_of_text(head: bytes) -> str:
    head = head[:4096]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", errors="replace")
    return head.removeprefix(codecs.BOM_UTF8).decode("latin-1")


class _TextSurvey:
    def __init__(self, path: Path):
        self.path = path
        self.sha256 = hashlib.sha256()
        self.size = 0
        self.invalid_at: int | None = None
        self.wide = 0  # characters of three bytes or more before the first byte that is no UTF-8
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.run = 0

    def feed(self, chunk: bytes) -> None:
        self.sha256.update(chunk)
        self.check_line(chunk)
        if self.invalid_at is None:
            self.check_utf8(chunk)
        self.size += len(chunk)

    def check_line(self, chunk: bytes) -> None:
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        self.run = self.run + len(chunk) if end < 0 else len(chunk) - end
        if self.run > MAX_LINE:
            raise refused(
                self.path,
                _("it has a line of more than %(size)s MiB, so it is no table. Give a CSV or XLSX file.")
                % {"size": MAX_LINE >> 20},
            )

    def check_utf8(self, chunk: bytes) -> None:
        pending = len(self.decoder.getstate()[0])
        try:
            text = self.decoder.decode(chunk)
        except UnicodeDecodeError as error:
            self.invalid_at = self.size - pending + error.start
            valid = error.object[: error.start]
            text = valid.decode()
        else:
            valid = chunk
        self.wide += max(0, len(valid) - len(text)) // 2

    def encoding(self, head: bytes) -> str:
        if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
            raise refused(self.path, _("it is UTF-32 text. %(advice)s") % {"advice": _save_as_utf8()})
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if head.count(0) * 50 > len(head) and (b"\n\x00" in head or b"\x00\n" in head):
            raise refused(
                self.path,
                _(
                    "it looks like UTF-16 text without a byte order mark. "
                    'Set encoding = "utf-16" in the profile under [file], or save it as “CSV UTF-8”.'
                ),
            )
        if self.invalid_at is None or head.startswith(codecs.BOM_UTF8):
            return "utf-8"
        with self.path.open("rb") as stream:
            sample = _sample(stream, self.invalid_at)
        if self._mostly_utf8(sample):
            return "utf-8"
        if not _mostly_chinese(sample):
            raise self._neither()
        return "gb18030"

    def _mostly_utf8(self, sample: bytes) -> bool:
        text = sample.decode("utf-8", errors="replace")
        wrong = text.count("\ufffd")
        wide = self.wide + sum(1 for char in text if char > "\u07ff") - wrong
        return wide > wrong

    def _neither(self):
        line, offset, value = _first_invalid(self.path, "utf-8")
        return refused(
            self.path,
            _(
                "it is neither UTF-8 nor Chinese GB18030 text: line %(line)s, byte %(offset)s is %(value)s. "
                '%(advice)s If it is GB18030 all the same, set encoding = "gb18030" in the profile '
                "under [file]."
            )
            % {"line": line, "offset": offset, "value": value, "advice": _save_as_utf8()},
        )


def _save_as_utf8() -> str:
    return _("Open it in Excel or WPS and save it as “CSV UTF-8”.")


def _sample(stream: BinaryIO, offset: int) -> bytes:
    """Up to 1 MiB from the start of the line that holds `offset`."""
    start = max(0, offset - 65536)
    stream.seek(start)
    before = stream.read(offset - start)
    line = max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
    return before[line:] + stream.read(_CHUNK)


def _mostly_chinese(sample: bytes) -> bool:
    """At least half of the two-byte characters are everyday ones (GB 2312); Latin-1 and Big5 text that
    happens to be valid GB18030 has few of them."""
    counts = Counter(sample.decode("gb18030", errors="ignore"))
    everyday = rare = 0
    for char, count in counts.items():
        if char < "\x80" or len(char.encode("gb18030", errors="ignore")) != 2:
            continue
        if char.encode("gb2312", errors="ignore"):
            everyday += count
        else:
            rare += count
    return everyday > 0 and everyday >= rare


def refuse_undecodable(path: Path, encoding: str):
    """The refusal that names the first bytes which are wrong in `encoding`."""
    line, offset, value = _first_invalid(path, encoding)
    return refused(
        path,
        _(
            "line %(line)s, byte %(offset)s: %(value)s is not valid %(encoding)s. "
            "The file is damaged or in another encoding. %(advice)s"
        )
        % {
            "line": line,
            "offset": offset,
            "value": value,
            "encoding": encoding.upper(),
            "advice": _save_as_utf8(),
        },
    )


def _first_invalid(path: Path, encoding: str) -> tuple[int, int, str]:
    """(physical line, byte offset, the bytes in hexadecimal), line from 1 and offset from 0."""
    decoder = codecs.getincrementaldecoder(text_codec(path, encoding))(errors=CUT_HANDLER)
    lines = _LineCount()
    offset = 0
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(_CHUNK)
            state = decoder.getstate()
            try:
                lines.add(decoder.decode(chunk, final=not chunk))
            except UnicodeDecodeError as error:
                pending = len(error.object) - len(chunk)
                decoder.setstate(state)
                lines.add(decoder.decode(chunk[: max(0, error.start - pending)]))
                wrong = error.object[error.start : error.end]
                return lines.line, offset - pending + error.start, wrong.hex(" ").upper()
            offset += len(chunk)
            if not chunk:
                raise AssertionError("every byte is valid")


class _LineCount:
    def __init__(self):
        self.line = 1
        self.after_return = False

    def add(self, text: str) -> None:
        if not text:
            return
        ends = text.count("\n") + text.count("\r") - text.count("\r\n")
        self.line += ends - (self.after_return and text[0] == "\n")
        self.after_return = text[-1] == "\r"
