import random
import re
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter
from django.utils import translation

from core.exceptions import FileRefused
from core.importing import workbook
from core.importing.profile import Profile
from core.importing.readers import Source, recognise

DATA = Path(__file__).parents[1] / "data"
HEADER = ["登记编号", "类型", "登记时间", "消费金额"]


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def profile(**changes):
    settings = {
        "name": "mine",
        "title": "",
        "source": "mine",
        "key_field": "external_number",
        "columns": {
            "external_number": ("登记编号",),
            "kind": ("类型",),
            "received_at": ("登记时间",),
            "claimed": ("消费金额", "消费金额(单位:元)"),
            "narrative": ("诉求内容",),
        },
        "required": ("external_number", "kind"),
    }
    return Profile(**settings | changes)


@pytest.fixture
def write(tmp_path):
    """A workbook of sheets: name -> rows."""

    def write(name="cases.xlsx", hidden=(), **sheets):
        path = tmp_path / name
        book = xlsxwriter.Workbook(path)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            if title in hidden:
                sheet.hide()
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if isinstance(cell, datetime):
                        sheet.write_datetime(row, column, cell, moment)
                    elif isinstance(cell, date):
                        sheet.write_datetime(row, column, cell, day)
                    elif isinstance(cell, str):
                        sheet.write_string(row, column, cell)
                    elif cell is not None:
                        sheet.write(row, column, cell)
        book.close()
        return path

    return write


def refusal(path, **changes):
    with pytest.raises(FileRefused) as refused:
        recognise(path, profile(**changes))
    message = str(refused.value)
    assert "\n" not in message
    assert message.startswith(f"{path.name}: ")
    return message


def with_part(path, part, edit):
    """The same archive with one part edited (text to text)."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = edit(parts[part].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_rows_of_a_workbook_with_their_types_and_row_numbers(write):
    path = write(
        s=[
            ["杭州市投诉登记表"],
            [],
            HEADER,
            ["33010220200101000001", "投诉", datetime(2020, 1, 2, 13, 4, 5), 128.5],  # noqa: DTZ001
            [],
            [None, "  ", "", None],
            ["A2", "=1+1", date(2020, 1, 3), 12],
            ["A3", "@x", "2020年1月4日", None],
        ]
    )

    source = recognise(path, profile())

    assert (source.kind, source.sheet, source.header_line, source.encoding) == ("xlsx", "s", 3, "")
    assert source.columns == {"external_number": 0, "kind": 1, "received_at": 2, "claimed": 3}
    assert source.row_count == 3
    assert list(source.rows()) == [
        (4, ["33010220200101000001", "投诉", datetime(2020, 1, 2, 13, 4, 5), 128.5]),  # noqa: DTZ001
        (7, ["A2", "=1+1", date(2020, 1, 3), 12.0]),
        (8, ["A3", "@x", "2020年1月4日", ""]),
    ]
    assert [line for line, _cells in source.rows(1)] == [7, 8]


def test_an_old_xls_is_read():
    source = recognise(DATA / "old_excel.xls", profile())

    assert (source.kind, source.sheet, source.header_line) == ("xls", "投诉", 3)
    assert list(source.rows()) == [
        (4, ["33010220200101000001", "投诉", datetime(2020, 1, 1, 9, 30), 128.5, "要求退款\n尽快处理"]),  # noqa: DTZ001
        (5, ["33010220200101000002", "举报", datetime(2020, 1, 2, 10, 0, 5), 0, "反映虚假宣传"]),  # noqa: DTZ001
        (6, [330102, "咨询", date(2020, 1, 3), 99.99, "=1+1"]),
    ]


@pytest.mark.parametrize("name", ["cases.xls", "cases.csv", "cases"])
def test_a_workbook_is_known_by_its_content(write, name):
    path = write(s=[HEADER, ["A1", "投诉"]])
    path = path.rename(path.with_name(name))

    assert recognise(path, profile()).kind == "xlsx"


def test_the_first_sheet_with_the_headers_is_read_and_the_others_are_mentioned(write):
    path = write(
        说明=[["关于本表"]],
        旧=[HEADER, ["A0", "x"]],
        投诉=[HEADER, ["A1", "x"]],
        举报=[HEADER, ["A2", "x"], ["A3", "x"]],
        hidden=("旧",),
    )

    source = recognise(path, profile())

    assert source.sheet == "投诉"
    assert [cells[0] for _row, cells in source.rows()] == ["A1"]
    assert len(source.notes) == 2
    assert "举报" in source.notes[0]
    assert "旧" in source.notes[1]


def test_the_sheet_that_the_profile_names_is_read(write):
    path = write(投诉=[HEADER, ["A1", "x"]], 举报=[HEADER, ["A2", "x"], ["A3", "x"]])

    source = recognise(path, profile(sheet="举报"))

    assert (source.sheet, source.row_count, source.notes) == ("举报", 2, ())
    assert "no sheet “咨询”; its sheets are: 投诉, 举报" in refusal(path, sheet="咨询")


def test_missing_doubled_and_unknown_headers_are_refused(write):
    assert "lacks “登记编号”" in refusal(write(s=[["编号", "类型"], ["A1", "x"]]))
    assert "“类型” (column 2), “类型” (column 3)" in refusal(write(s=[["登记编号", "类型", "类型"]]))
    assert "unknown columns: “序号” (column 3)" in refusal(write(s=[["登记编号", "类型", "序号"]]))


def test_an_empty_workbook_is_refused_and_a_header_alone_is_not(write):
    assert "it is empty" in refusal(write(s=[], t=[]))
    assert recognise(write(s=[HEADER]), profile()).row_count == 0


def test_duplicate_keys_are_found_across_text_and_number_cells(write):
    path = write(
        s=[HEADER, ["330102", "x"], [330102, "x"], ["'A1", "x"], ["A2", "x"], [1e19, "x"], [1e19, "x"]]
    )

    assert recognise(path, profile()).duplicate_keys == {Source.key_hash("330102")}


def test_formula_errors_are_mentioned(write):
    path = write(s=[HEADER, ["A1", "x", None, None]])
    with_part(
        path,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace("</row></sheetData>", '<c r="C2" t="e"><v>#N/A</v></c></row></sheetData>'),
    )

    source = recognise(path, profile())

    assert source.notes == ("Cells with a formula error such as #N/A, read as empty: 1.",)
    assert list(source.rows()) == [(2, ["A1", "x", "", ""])]


def test_a_formula_gives_its_stored_value(write, tmp_path):
    path = tmp_path / "f.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADER)
    sheet.write_row(1, 0, ["A1", "x"])
    sheet.write_formula(1, 3, "=100+28.5", value=128.5)
    book.close()

    assert list(recognise(path, profile()).rows()) == [(2, ["A1", "x", "", 128.5])]


def test_phantom_rows_are_ignored(tmp_path):
    path = tmp_path / "phantom.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    yellow = book.add_format({"bg_color": "yellow"})
    sheet.write_row(0, 0, HEADER)
    sheet.write_row(1, 0, ["A1", "投诉"])
    for row in range(2, 60_002):
        for column in range(4):
            sheet.write_blank(row, column, None, yellow)
    for row in range(60_002, 60_100):
        sheet.write_row(row, 0, [" ", "\u3000"])
    sheet.write_row(60_100, 0, ["A2", "举报"])
    book.close()
    far = (
        '<row r="1048575"><c r="XFC1048575" s="1"></c></row>'
        '<row r="1048576" s="1" customFormat="1"><c r="XFD1048576" s="1"/></row></sheetData>'
    )
    with_part(path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace("</sheetData>", far))

    source = recognise(path, profile())

    assert source.row_count == 2
    assert [(row, cells[0]) for row, cells in source.rows()] == [(2, "A1"), (60_101, "A2")]


# Files that would fill the memory


def test_a_filled_cell_far_away_is_refused(write):
    path = write(s=[HEADER, ["A1", "投诉"]])
    with_part(
        path,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(
            "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        ),
    )

    message = refusal(path)

    assert "too large to be read safely (limits: 512 MiB, 20,000,000 cells)" in message
    assert "Save it as CSV" in message


def test_a_filled_cell_far_away_is_seen_without_cell_references(write):
    wide = "<c><v>1</v></c>" * 30
    path = write(s=[HEADER])
    with_part(
        path,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace("</sheetData>", f'<row r="1048576">{wide}</row></sheetData>'),
    )

    assert "too large" in refusal(path)


def test_a_workbook_without_cell_references_is_read(write):
    path = write(s=[HEADER, ["A1", "x", "2020-01-02", 5]])
    with_part(path, "xl/worksheets/sheet1.xml", lambda xml: re.sub(r'(?<=<c) r="[A-Z]+\d+"', "", xml))

    assert list(recognise(path, profile()).rows()) == [(2, ["A1", "x", "2020-01-02", 5.0])]


def test_a_zip_bomb_is_refused_whatever_sizes_it_states(write, tmp_path):
    path = write(s=[HEADER, ["A1", "投诉"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.xml", b"\x00" * (64 << 20))
    honest = path.read_bytes()
    assert len(honest) < 100_000
    assert "too large" in refusal(path)

    lying = tmp_path / "lying.xlsx"
    lying.write_bytes(honest.replace((64 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    assert lying.read_bytes() != honest
    assert "too large" in refusal(lying)


def test_a_workbook_above_the_unpacked_limit_is_refused(write, monkeypatch):
    source = random.Random(1)
    path = write(s=[HEADER, *(["".join(source.choices("0123456789", k=20)), "x"] for _row in range(20_000))])
    assert recognise(path, profile()).row_count == 20_000

    monkeypatch.setattr(workbook, "MAX_UNPACKED", 1 << 20)

    assert "too large" in refusal(path)


def test_one_long_text_shown_in_many_cells_is_refused(write):
    text = "退" * 30_000
    path = write(s=[HEADER, *([f"A{row}", text] for row in range(10_000))])
    assert path.stat().st_size < 400_000

    assert "too large" in refusal(path)


def test_long_texts_that_fit_are_read(write):
    text = "退" * 8_000
    path = write(s=[HEADER, *([f"A{row}", text, "x" * 20, "y"] for row in range(10_000))])

    assert recognise(path, profile()).row_count == 10_000


SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
FAR = '<row r="1048576">{}</row></sheetData>'


@pytest.mark.parametrize(
    "cell",
    [
        '<c r ="XFD1048576"><v>1</v></c>',
        "<c\n r\t=\n'XFD1048576'><v>1</v></c>",
        '<c a=">" r="XFD1048576"><v>1</v></c>',
        '<c r="xfd1048576"><v>1</v></c>',
        '<c r="XFD1048576"><!-- --><v>1</v></c>',
        '<c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c>',
        '<c r="XFC1048576"/><c><v>1</v></c>',
        '<c r="XFC1048576"/><row><c><v>1</v></c></row>',
    ],
)
def test_a_filled_cell_far_away_is_seen_however_it_is_written(write, cell):
    path = write(s=[HEADER, ["A1", "投诉"]])
    with_part(path, SHEET, lambda xml: xml.replace("</sheetData>", FAR.format(cell)))

    assert "too large" in refusal(path)


@pytest.mark.parametrize(
    "cell", ['<c r="XFD1048576"/>', '<c r="XFD1048576"></c>', "<c/>" * 16384, '<c r="XFD1048576"><f/></c>']
)
def test_a_cell_without_a_value_counts_nowhere(write, cell):
    path = write(s=[HEADER, ["A1", "投诉"]])
    extension = "</sheetData><extLst><ext><f>s!A1</f></ext></extLst>"
    with_part(path, SHEET, lambda xml: xml.replace("</sheetData>", FAR.format(cell)[:-12] + extension))

    assert recognise(path, profile()).row_count == 1


@pytest.mark.parametrize("reference", ["AAAA3", "A3A", "3", "A", "A-3", "Ａ3", "A３"])
def test_a_cell_with_no_place_is_refused(write, reference):
    path = write(s=[HEADER, ["A1", "投诉"], ["A2", "投诉"]])
    with_part(path, SHEET, lambda xml: xml.replace('r="A3"', f'r="{reference}"'))

    assert "no whole Excel workbook" in refusal(path)


@pytest.mark.parametrize(
    ("part", "before", "after"),
    [
        (STRINGS, "<sst", f"<!--{'x' * 5000}--><sst"),
        (SHEET, ' t="s"', " t = 's'"),
        (SHEET, ' t="s"', ' a=">" t="s"'),
        (SHEET, "<v>1</v>", "<v> 7 </v>"),
        (SHEET, "<v>1</v>", "<v>1<!-- -->7</v>"),
        (SHEET, "<v>1</v>", "<v>1<x/>7</v>"),
        (SHEET, "<v>1</v>", "<v>1&#55;</v>"),
        (SHEET, "<v>1</v>", "<v>x</v>"),
    ],
)
def test_one_long_text_shown_in_many_cells_is_seen_however_it_is_written(write, part, before, after):
    long, short = "退" * 30_000, "x"
    path = write(s=[[long, short, *HEADER], *([short] * 10 for _row in range(2000))])
    # the first text is the long one, the second the short one; a number that is none is read as the first
    with_part(path, SHEET, lambda xml: xml.replace("<v>1</v>", "<v>0</v>") if part == STRINGS or "t=" in before else xml)
    with zipfile.ZipFile(path) as archive:
        assert before in archive.read(part).decode()
    with_part(path, part, lambda xml: xml.replace(before, after))

    message = refusal(path)
    assert "too large" in message or "no whole Excel workbook" in message


def test_texts_in_a_part_that_is_not_read_hide_no_long_one(write):
    path = write(s=[HEADER, *([f"A{row}", "退" * 30_000] for row in range(10_000))])
    strings = "<sst>" + "<si><t/></si>" * 20_000 + "</sst>"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"xl/0.xml": strings, **parts}.items():
            archive.writestr(name, content)

    assert "too large" in refusal(path)


@pytest.mark.parametrize(
    "edit",
    [
        lambda xml: xml.replace("<worksheet", '<!DOCTYPE worksheet [<!ENTITY x "1">]><worksheet', 1),
        lambda xml: xml.replace("<worksheet", '<!DOCTYPE worksheet SYSTEM "file:///etc/passwd"><worksheet', 1),
        lambda xml: "junk" + xml,
        lambda xml: xml.replace("<sheetData>", "<sheetData></x>"),
        lambda xml: xml.replace("<sheetData>", "<a>" * 400_000 + "</a>" * 400_000 + "<sheetData>"),
        lambda xml: xml.replace("<sheetData>", "".join(f"<a{n}/>" for n in range(20_000)) + "<sheetData>"),
        lambda xml: xml.replace("<sheetData>", f"<!--{random.Random(4).randbytes(9 << 19).hex()}--><sheetData>"),
    ],
)
def test_a_sheet_that_is_no_sound_xml_is_refused(write, edit):
    path = write(s=[HEADER, ["A1", "投诉"]])
    with_part(path, SHEET, edit)

    assert "no whole Excel workbook" in refusal(path)


def test_a_sheet_under_the_name_of_a_picture_is_refused(write):
    path = write(s=[HEADER, ["A1", "投诉"]])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/media/a.png"] = b"junk" + parts.pop(SHEET)
    name = "xl/_rels/workbook.xml.rels"
    parts[name] = parts[name].replace(b"worksheets/sheet1.xml", b"media/a.png")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)

    assert "no whole Excel workbook" in refusal(path)


def test_what_other_programs_keep_in_the_file_need_not_be_xml(write):
    path = write(s=[HEADER, ["A1", "投诉"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", b"\x89PNG\r\n" + bytes(range(256)))
        archive.writestr("xl/media/image2.svg", b'<!DOCTYPE svg [<!ENTITY a "b">]><svg/>')
        archive.writestr("xl/drawings/vmlDrawing1.vml", b"<xml><br></xml>")
        archive.writestr("customXml/item1.xml", '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"))

    assert recognise(path, profile()).row_count == 1


# Files that are no workbook


def test_a_workbook_that_is_cut_off_is_refused(write):
    path = write(s=[HEADER, *([f"A{row}", "投诉"] for row in range(1000))])
    whole = path.read_bytes()

    for size in (10, 100, len(whole) // 2, len(whole) - 30):
        path.write_bytes(whole[:size])
        assert "no whole Excel workbook" in refusal(path)


def test_a_workbook_of_a_version_that_does_not_exist_is_refused(write):
    path = write(s=[HEADER, ["A1", "投诉"]])
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(b"PK\x01\x02") + 6] = 148  # "version needed" of the first entry
    path.write_bytes(damaged)

    assert "no whole Excel workbook" in refusal(path)


def test_a_workbook_with_damaged_bytes_is_refused_or_read_but_never_crashes(write):
    path = write(s=[HEADER, *([f"A{row}", "投诉"] for row in range(50))])
    whole = path.read_bytes()
    source = random.Random(2)

    refused = 0
    for _attempt in range(60):
        damaged = bytearray(whole)
        for _byte in range(3):
            damaged[source.randrange(len(damaged))] ^= 1 << source.randrange(8)
        path.write_bytes(damaged)
        try:
            list(recognise(path, profile()).rows())
        except FileRefused:
            refused += 1
    assert refused > 20


def test_an_old_xls_with_damaged_bytes_is_refused_or_read_but_never_crashes(tmp_path):
    whole = (DATA / "old_excel.xls").read_bytes()
    source = random.Random(3)
    path = tmp_path / "old.xls"

    refused = 0
    for _attempt in range(200):
        damaged = bytearray(whole)
        for _byte in range(6):
            damaged[source.randrange(len(damaged))] = source.randrange(256)
        path.write_bytes(damaged)
        try:
            list(recognise(path, profile()).rows())
        except FileRefused:
            refused += 1
    assert refused > 5


def test_a_workbook_with_a_password_is_refused():
    assert "protected by a password" in refusal(DATA / "protected.xlsx")


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        (["word/document.xml"], "Word"),
        (["content.xml"], "OpenDocument"),
        (["xl/workbook.bin"], "XLSB"),
        (["a.csv"], "ZIP archive"),
    ],
)
def test_other_archives_are_refused_by_their_kind(tmp_path, parts, kind):
    path = tmp_path / "cases.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for part in parts:
            archive.writestr(part, "x")

    assert kind in refusal(path)
