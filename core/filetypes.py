"""What an uploaded file is, found in its content: never in its name, nor in what the browser says.

The list is short on purpose: what people hand in as evidence, and what a portal may store without running it. All else
is refused, whatever it is called.
"""

import codecs
import io
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from lxml import etree

from core.exceptions import FileRefused
from core.text import clean_cell

NAME_LENGTH = 200
MAX_INDEX = 1 << 20  # bytes of a part that tells what the others are
MAX_PARTS = 5_000
MAX_UNPACKED = 256 << 20
# unpacked to packed size, once more than 32 MiB are unpacked; a document of text and pictures stays far below
MAX_RATIO = 200
RATIO_FROM = 32 << 20
_CHUNK = 1 << 16
_OOXML = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True)
class FileType:
    """`label` is the name that everyone knows it by, in any language; the first of `extensions` is the usual one."""

    label: str
    content_type: str
    extensions: tuple[str, ...]


PDF = FileType("PDF", "application/pdf", ("pdf",))
JPEG = FileType("JPEG", "image/jpeg", ("jpg", "jpeg", "jpe", "jfif"))
PNG = FileType("PNG", "image/png", ("png",))
WEBP = FileType("WebP", "image/webp", ("webp",))
HEIC = FileType("HEIC", "image/heic", ("heic", "heif"))
DOCX = FileType("DOCX", f"{_OOXML}.wordprocessingml.document", ("docx",))
XLSX = FileType("XLSX", f"{_OOXML}.spreadsheetml.sheet", ("xlsx",))
OFD = FileType("OFD", "application/ofd", ("ofd",))  # GB/T 33190, the format of electronic invoices
TXT = FileType("TXT", "text/plain", ("txt",))
MP3 = FileType("MP3", "audio/mpeg", ("mp3",))
M4A = FileType("M4A", "audio/mp4", ("m4a", "mp4"))
WAV = FileType("WAV", "audio/wav", ("wav",))
AMR = FileType("AMR", "audio/amr", ("amr",))
MP4 = FileType("MP4", "video/mp4", ("mp4", "m4v", "m4a", "3gp"))
MOV = FileType("MOV", "video/quicktime", ("mov", "qt"))
ALLOWED = (PDF, JPEG, PNG, WEBP, HEIC, DOCX, XLSX, OFD, TXT, MP3, M4A, WAV, AMR, MP4, MOV)

_BEGINNINGS = (
    (b"%PDF-", PDF),
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"#!AMR", AMR),
    (b"ID3", MP3),
)
_RIFF = {b"WEBP": WEBP, b"WAVE": WAV}
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), HEIC),
    **dict.fromkeys((b"M4A ", b"M4B "), M4A),
    b"qt  ": MOV,
    **dict.fromkeys(
        (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"3gp4", b"3gp5", b"3gp6"),
        MP4,
    ),
}  # fmt: skip
# not taken, but known, so that the message can say what it is
_REFUSED = (
    (b"\xd0\xcf\x11\xe0", "DOC/XLS"),
    (b"MZ", "EXE"),
    (b"\x7fELF", "ELF"),
    (b"GIF8", "GIF"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7Z"),
    (b"\x1f\x8b", "GZIP"),
    (b"BM", "BMP"),
)
_MARKUP = re.compile(r"<(?:!doctype|html|svg|script|body|iframe|\?xml|!--)|<[a-z][\w:-]*[\s>/]", re.IGNORECASE)
_ACTIVE = re.compile(r"<(?:html|svg|script|iframe|object|embed)[\s>/]", re.IGNORECASE)
_TEXT_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")


def allowed_names() -> str:
    """The formats that are taken, for people."""
    return ", ".join(kind.label for kind in ALLOWED)


def recognise(content: bytes, name: str = "") -> FileType:
    """The format of a file that may be stored. Raises FileRefused for every other, for one whose name claims another
    format, for an archive within, for macros and for what would unpack to no end."""
    if not content:
        raise FileRefused(_("The file is empty."))
    kind, label = _by_content(content)
    extension = extension_of(name)
    claimed = _claimed(extension)
    if claimed and claimed not in label.split("/") and (kind is None or extension not in kind.extensions):
        raise FileRefused(
            _("The name says %(name)s, the content is %(content)s. Give the file as it was saved.")
            % {"name": claimed, "content": label or _("something else")}
        )
    if kind is None:
        raise FileRefused(
            _("Files of this kind (%(kind)s) are not taken. Allowed are: %(allowed)s.")
            % {"kind": label or extension.upper() or _("unknown"), "allowed": allowed_names()}
        )
    if kind in (DOCX, XLSX):
        _check_office(Package(content))
    elif kind is not OFD and _holds_archive(content):
        raise FileRefused(
            _("The file is %(kind)s and a ZIP archive at once. Give the two apart.") % {"kind": kind.label}
        )
    return kind


def extension_of(name: str) -> str:
    """The extension in small letters; "" where a name has none."""
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem and extension.isalnum() else ""


_EXTENSION = re.compile("[a-z][a-z0-9]{1,4}$")


def _claimed(extension: str) -> str:
    """The format that a name with this extension says; "" where it says nothing ("v2.0", "照片.第二张")."""
    if not _EXTENSION.match(extension):
        return ""
    kinds = sorted(ALLOWED, key=lambda kind: kind.extensions[0] != extension)  # its usual format first
    return next((kind.label for kind in kinds if extension in kind.extensions), extension.upper())


def _by_content(content: bytes) -> tuple[FileType | None, str]:
    """The allowed format, and its name or that of the format which is refused ("" where it is unknown)."""
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind, kind.label
    if content.startswith(b"RIFF") and (kind := _RIFF.get(content[8:12])):
        return kind, kind.label
    if content[4:8] == b"ftyp":
        kind = _by_brand(content)
        return kind, kind.label if kind else "MP4"
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        kind = _by_parts(Package(content).names)
        return kind, kind.label if kind else "ZIP"
    for beginning, label in _REFUSED:
        if content.startswith(beginning):
            return None, label
    if _is_mp3(content):
        return MP3, MP3.label
    return _by_text(content)


def _by_brand(content: bytes) -> FileType | None:
    """By the major brand, or the first compatible one that is known (ISO/IEC 14496-12)."""
    (size,) = struct.unpack(">I", content[:4])
    if not 16 <= size <= 512 or size > len(content):
        return None
    brands = [content[8:12], *(content[at : at + 4] for at in range(16, size, 4))]
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)


def _by_parts(names: set[str]) -> FileType | None:
    if "[Content_Types].xml" in names:
        return DOCX if "word/document.xml" in names else XLSX if "xl/workbook.xml" in names else None
    return OFD if "OFD.xml" in names else None


_BITRATES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # MPEG 1, layer III
_BITRATES_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _is_mp3(content: bytes) -> bool:
    """Without a tag: two frames of MPEG audio, layer III, one after the other."""
    at = 0
    for _frame in range(2):
        head = content[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
            return False
        version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
        if version == 1 or bitrate in (0, 15) or rate == 3:
            return False
        kilobits = (_BITRATES if version == 3 else _BITRATES_2)[bitrate - 1]
        at += (144 if version == 3 else 72) * kilobits * 1000 // _RATES[version][rate] + (head[2] >> 1 & 1)
    return True


def _by_text(content: bytes) -> tuple[FileType | None, str]:
    text = _decoded(content)
    if text is None or _TEXT_CONTROLS.search(text):
        return None, ""
    beginning = text.lstrip("\ufeff \t\r\n\f")
    if _MARKUP.match(beginning) or _ACTIVE.search(text):
        return None, "SVG" if re.search(r"<svg[\s>/]", text, re.IGNORECASE) else "HTML/XML"
    return TXT, TXT.label


def _decoded(content: bytes) -> str | None:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _holds_archive(content: bytes) -> bool:
    """Whether a whole ZIP archive hangs on the file, which other programs would open instead."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return bool(archive.infolist())
    except Exception:  # whatever is wrong with it: then it is none
        return False


# packages of parts


def _is_index(name: str) -> bool:
    """Whether the part tells what the others are: read as a whole, so never a large one."""
    return name.lower().endswith(".rels") or name.lower() == "[content_types].xml"


class Package:
    """A ZIP archive of parts, as office documents are. Opening it unpacks and counts every part: sizes that the
    archive states are not believed. Raises FileRefused."""

    def __init__(self, content: bytes):
        self.packed = len(content)
        try:
            self.archive = zipfile.ZipFile(io.BytesIO(content))
            self.parts = self.archive.infolist()
            self._check()
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, struct.error, EOFError, ValueError, OSError):
            raise FileRefused(_("The file is damaged: its parts cannot be unpacked.")) from None
        self.names = {part.filename for part in self.parts}

    def _check(self) -> None:
        if any(part.flag_bits & 1 for part in self.parts):
            raise FileRefused(_("The file is protected by a password. Save it without one."))
        folded = {part.filename.replace("\\", "/").casefold() for part in self.parts}
        if len(folded) < len(self.parts):
            raise zipfile.BadZipFile  # two parts of one name: programs differ in which they read
        if any(part.file_size > MAX_INDEX for part in self.parts if _is_index(part.filename)):
            raise _unpacks_too_large()
        if len(self.parts) > MAX_PARTS or sum(part.file_size for part in self.parts) > MAX_UNPACKED:
            raise _unpacks_too_large()
        unpacked = 0
        for part in self.parts:
            with self.archive.open(part) as stream:  # never gives more than the part states
                while chunk := stream.read(_CHUNK):
                    unpacked += len(chunk)
                    if unpacked > RATIO_FROM and unpacked > MAX_RATIO * self.packed:
                        raise _unpacks_too_large()

    def read(self, name: str) -> bytes:
        return self.archive.read(name)

    def xml_parts(self) -> Iterator[str]:
        return (name for name in sorted(self.names) if name.lower().endswith((".xml", ".rels")))

    def tree(self, name: str) -> etree._Element:
        """The root of an XML part. A document type is refused: it is where entities that grow come from."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(self.read(name), parser)
        except etree.XMLSyntaxError:
            raise FileRefused(_("The file is damaged: its part %(part)s is no XML.") % {"part": name}) from None
        if root.getroottree().docinfo.doctype:
            raise FileRefused(_("The part %(part)s has a document type, which is not taken.") % {"part": name})
        return root

    def relations(self) -> Iterator[tuple[str, str]]:
        """(kind, target) of all relations that lead out of the package."""
        for name in sorted(self.names):
            if name.lower().endswith(".rels"):
                for relation in self.tree(name).iter("{*}Relationship"):
                    if (relation.get("TargetMode") or "").lower() == "external":
                        yield (relation.get("Type") or "").rpartition("/")[2], relation.get("Target") or ""

    @property
    def has_macros(self) -> bool:
        if any("vbaproject" in name.lower() or "macrosheets/" in name.lower() for name in self.names):
            return True
        return b"macroenabled" in self.read("[Content_Types].xml").lower()


def _check_office(package: Package) -> None:
    if package.has_macros:
        raise FileRefused(_("The document holds macros (a program). Save it without them."))
    if any(kind in ("attachedTemplate", "oleObject", "frame") for kind, _target in package.relations()):
        raise FileRefused(_("The document fetches parts from elsewhere when it is opened. Save it as PDF."))


def _unpacks_too_large() -> FileRefused:
    return FileRefused(
        _("Unpacked, the file would be too large (over %(size)s MB, or mostly filling).") % {"size": MAX_UNPACKED >> 20}
    )


# names

_UNSAFE = re.compile(r'[<>:"|?*%]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?$", re.IGNORECASE)


def safe_name(name: str, kind: FileType) -> str:
    """A file name to show and to save under: no path, nothing invisible or turning the direction of reading, at most
    NAME_LENGTH characters, with an extension of `kind`."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    name = " ".join(clean_cell(name).split())
    name = _UNSAFE.sub("_", name).strip(". ")
    stem, dot, _ending = name.rpartition(".")
    extension = extension_of(name)
    if extension not in kind.extensions:
        stem, extension = name, kind.extensions[0]
    if not stem.strip("_. ") or _RESERVED.match(stem):
        stem = f"{_('file')}_{stem}".rstrip("_")
    return f"{stem[: NAME_LENGTH - len(extension) - 1].rstrip('. ')}.{extension}"
