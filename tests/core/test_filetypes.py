import io
import struct
import zipfile

import pytest
from django.utils import translation

from core import filetypes
from core.exceptions import FileRefused
from core.filetypes import ALLOWED, DOCX, PDF, TXT, XLSX, Package, recognise, safe_name


@pytest.fixture(autouse=True)
def _english(_chinese):
    with translation.override("en"):
        yield


def archive(parts: dict, compression=zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return file.getvalue()


TYPES = "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>"
WORD = {"[Content_Types].xml": TYPES, "word/document.xml": "<w/>"}
EXCEL = {"[Content_Types].xml": TYPES, "xl/workbook.xml": "<w/>"}
RELATION = (
    "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
    "<Relationship Id='r1' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}'"
    " Target='{target}' TargetMode='External'/></Relationships>"
)


def box(brand: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + brand + b"\0\0\0\0" + b"".join(compatible)
    return struct.pack(">I", len(body) + 4) + body + b"\0\0\0\x08mdat"


MP3_FRAME = b"\xff\xfb\x90\x00" + b"\0" * 413  # 128 kbit/s at 44.1 kHz: 417 bytes
SAMPLES = {
    "pdf": b"%PDF-1.4\n%%EOF",
    "jpg": b"\xff\xd8\xff\xe0" + b"\0" * 20,
    "png": b"\x89PNG\r\n\x1a\n" + b"\0" * 20,
    "webp": b"RIFF\0\0\0\0WEBPVP8 ",
    "heic": box(b"heic", b"mif1"),
    "docx": archive(WORD),
    "xlsx": archive(EXCEL),
    "ofd": archive({"OFD.xml": "<OFD/>", "Doc_0/Document.xml": "<a/>"}),
    "txt": "商家拒绝退货。\r\n\t见附件".encode(),
    "mp3": MP3_FRAME * 3,
    "m4a": box(b"M4A "),
    "wav": b"RIFF\0\0\0\0WAVEfmt ",
    "amr": b"#!AMR\n\x3c",
    "mp4": box(b"isom"),
    "mov": box(b"qt  "),
}


@pytest.mark.parametrize("extension", SAMPLES)
def test_each_format_is_found_in_its_content(extension):
    kind = recognise(SAMPLES[extension], f"证据.{extension}")

    assert kind.extensions[0] == extension
    assert recognise(SAMPLES[extension]) is kind  # without a name, too


def test_every_allowed_format_has_a_sample():
    assert [kind.extensions[0] for kind in ALLOWED] == list(SAMPLES)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"ID3\x03\x00\x00", "a.mp3"),
        (b"#!AMR-WB\n", "录音.AMR"),
        (box(b"mp42"), "通话录音.m4a"),
        (box(b"XXXX", b"isom"), "a.mp4"),
        (b"\xff\xd8\xff\xe1" + b"\0" * 9, "IMG_0001.JPEG"),
        ("说明".encode("gb18030"), "a.txt"),
        ("说明".encode("utf-16"), "a.txt"),
        (b"\xef\xbb\xbfabc", "a.txt"),
        (b"2 < 3 and 5 > 4", "a.txt"),
        (SAMPLES["pdf"], "合同2.0"),
        (SAMPLES["pdf"], "照片.第二张"),
        (SAMPLES["pdf"], "pdf"),
    ],
)
def test_variants_are_taken(content, name):
    assert recognise(content, name)


@pytest.mark.parametrize(
    ("name", "extension", "says", "is_"),
    [
        ("发票.pdf", "png", "PDF", "PNG"),
        ("照片.jpg", "pdf", "JPEG", "PDF"),
        ("表.docx", "xlsx", "DOCX", "XLSX"),
        ("录音.mp4", "mp3", "MP4", "MP3"),
        ("说明.pdf", "txt", "PDF", "TXT"),
        ("病毒.exe", "pdf", "EXE", "PDF"),
        ("页.html", "pdf", "HTML", "PDF"),
    ],
)
def test_a_false_name_is_told(name, extension, says, is_):
    with pytest.raises(FileRefused) as refused:
        recognise(SAMPLES[extension], name)

    assert str(refused.value) == (
        f"The name says {says}, the content is {is_}. Give the file as it was saved."
    )


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"MZ\x90\0", "证据.pdf", "PDF, the content is EXE"),
        (b"\x7fELF", "a", "(ELF)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "合同.doc", "(DOC/XLS)"),
        (archive({"a.txt": "a"}), "证据.zip", "(ZIP)"),
        (archive({"a.txt": "a"}), "证据.docx", "DOCX, the content is ZIP"),
        (b"GIF89a", "a.gif", "(GIF)"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "a.svg", "(SVG)"),
        (b"<svg><script>alert(1)</script></svg>", "a.png", "PNG, the content is SVG"),
        (b"  \r\n<?xml version='1.0'?><svg/>", "a.txt", "TXT, the content is SVG"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html></html>", "a.html", "(HTML/XML)"),
        (b"<p>x</p>", "a.txt", "TXT, the content is HTML/XML"),
        ("你好<script>alert(1)</script>".encode(), "a.txt", "TXT, the content is HTML/XML"),
        ("你好<HTML >".encode("utf-16"), "a.txt", "TXT, the content is HTML/XML"),
        (b"abc\x00def", "a.txt", "TXT, the content is something else"),
        (b"\x1b[31m", "a.txt", "TXT, the content is something else"),
        (b"\xff\xfb\x90\x00 no frame follows", "a.mp3", "MP3, the content is something else"),
        (box(b"avif"), "a.heic", "HEIC, the content is MP4"),
        (b"", "a.pdf", "empty"),
        (b" %PDF-1.4", "a.pdf", "PDF, the content is TXT"),
    ],
)
def test_other_contents_are_refused(content, name, kind):
    with pytest.raises(FileRefused) as refused:
        recognise(content, name)

    assert kind in str(refused.value)


def test_a_picture_with_an_archive_at_its_end_is_refused():
    with pytest.raises(FileRefused, match="JPEG and a ZIP archive at once"):
        recognise(SAMPLES["jpg"] + SAMPLES["docx"], "照片.jpg")


# office documents


@pytest.mark.parametrize(
    "parts",
    [
        WORD | {"word/vbaProject.bin": b"x"},
        EXCEL | {"xl/VBAPROJECT.BIN": b"x"},
        EXCEL | {"xl/macrosheets/sheet1.xml": "<a/>"},
        WORD | {"[Content_Types].xml": TYPES.replace("/>", " a='vnd.ms-word.document.macroEnabled.main+xml'/>")},
    ],
)  # fmt: skip
def test_macros_are_refused(parts):
    with pytest.raises(FileRefused, match="macros"):
        recognise(archive(parts), "")


@pytest.mark.parametrize("kind", ["attachedTemplate", "oleObject", "frame"])
def test_documents_that_fetch_parts_are_refused(kind):
    relation = RELATION.format(kind=kind, target="https://198.51.100.1/x.dotm")

    with pytest.raises(FileRefused, match="fetches parts"):
        recognise(archive(WORD | {"word/_rels/settings.xml.rels": relation}), "a.docx")


def test_a_link_in_the_text_is_no_reason():
    relation = RELATION.format(kind="hyperlink", target="https://example.com/")

    assert recognise(archive(WORD | {"word/_rels/document.xml.rels": relation})) is DOCX


def test_a_bomb_is_refused_by_what_it_states():
    bomb = archive(WORD | {f"word/{n}.xml": b"\0" * (50 << 20) for n in range(6)})
    assert len(bomb) < 1 << 20

    with pytest.raises(FileRefused, match="too large"):
        recognise(bomb, "a.docx")


def test_a_bomb_is_refused_by_what_it_unpacks_to(monkeypatch):
    monkeypatch.setattr(filetypes, "RATIO_FROM", 1 << 20)
    bomb = archive(WORD | {"word/a.xml": b"\0" * (4 << 20)})

    with pytest.raises(FileRefused, match="too large"):
        recognise(bomb, "a.docx")


def test_a_lying_size_is_not_believed():
    content = archive(WORD | {"word/a.xml": b"\0" * 100_000})
    lying = content.replace(struct.pack("<I", 100_000), struct.pack("<I", 10))
    assert lying != content

    with pytest.raises(FileRefused, match="damaged"):
        recognise(lying, "a.docx")


@pytest.mark.parametrize("cut", [30, 100, -10])
def test_a_cut_archive_is_damaged(cut):
    with pytest.raises(FileRefused, match="damaged"):
        recognise(SAMPLES["docx"][:cut], "a.docx")


def test_two_parts_of_one_name_are_refused():
    content = archive(WORD | {"word/Document.xml": "<other/>"})

    with pytest.raises(FileRefused, match="damaged"):
        recognise(content, "a.docx")


def test_too_many_parts_are_refused(monkeypatch):
    monkeypatch.setattr(filetypes, "MAX_PARTS", 3)
    with pytest.raises(FileRefused, match="too large"):
        recognise(archive(WORD | {"a.xml": "", "b.xml": ""}), "a.docx")


def test_a_document_type_is_refused():
    content = archive(WORD | {"word/_rels/document.xml.rels": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"})

    with pytest.raises(FileRefused, match="document type"):
        recognise(content, "a.docx")


def test_a_password_is_told():
    content = bytearray(archive(WORD))
    for at in (i for i in range(len(content)) if content[i : i + 4] == b"PK\x01\x02"):
        content[at + 8] |= 1

    with pytest.raises(FileRefused, match="password"):
        Package(bytes(content))


# names


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\boot.ini", "boot.ini.pdf"),
        ("C:\\Users\\王\\发票.pdf", "发票.pdf"),
        ("C:发票.pdf", "C_发票.pdf"),
        ("/", "file.pdf"),
        ("", "file.pdf"),
        ("..", "file.pdf"),
        (".pdf", "pdf.pdf"),
        ("%2e%2e%2fetc%2fpasswd.pdf", "_2e_2e_2fetc_2fpasswd.pdf"),
        ("a\x00b\r\n\tc.pdf", "ab c.pdf"),
        ("账单\u202efdp.exe", "账单fdp.exe.pdf"),
        ("a\u200b\u2066b\ufeff.pdf", "ab.pdf"),
        ('<img src=x onerror="alert(1)">.pdf', "_img src=x onerror=_alert(1)__.pdf"),
        ("发票 .pdf. .", "发票.pdf"),
        ("CON.pdf", "file_CON.pdf"),
        ("lpt1", "file_lpt1.pdf"),
        ("照片.JPG", "照片.JPG.pdf"),
        ("发票.PDF", "发票.pdf"),
        ("e\u0301.pdf", "\u00e9.pdf"),
        ("合同2.0", "合同2.0.pdf"),
    ],
)
def test_names_are_made_safe(given, safe):
    assert safe_name(given, PDF) == safe


def test_a_long_name_keeps_its_extension():
    name = safe_name("很" * 5000 + ".pdf", PDF)

    assert len(name) == 200
    assert name.endswith("很.pdf")


def test_each_format_keeps_its_extensions():
    assert safe_name("a.xlsx", XLSX) == "a.xlsx"
    assert safe_name("说明", TXT) == "说明.txt"
