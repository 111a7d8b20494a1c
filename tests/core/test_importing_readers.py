import csv
import hashlib
import io
import os
import tracemalloc

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.exceptions import FileRefused
from core.importing import delimited, encoding
from core.importing.profile import Profile
from core.importing.readers import Source, recognise
from core.importing.report import BadRow

HEADER = "登记编号,类型,诉求内容"
ROWS = "A1,投诉,要求退款\nA2,举报,虚假宣传\n"


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
        "columns": {"external_number": ("登记编号", "登记号"), "kind": ("类型",), "narrative": ("诉求内容",)},
        "required": ("external_number", "kind"),
    }
    return Profile(**settings | changes)


@pytest.fixture
def read(tmp_path):
    """Write the content, recognise it."""

    def read(content, name="cases.csv", codec="utf-8", **changes):
        path = tmp_path / name
        path.write_bytes(content.encode(codec) if isinstance(content, str) else content)
        return recognise(path, profile(**changes))

    return read


@pytest.fixture
def refusal(read):
    def refusal(content, **options):
        with pytest.raises(FileRefused) as refused:
            read(content, **options)
        message = str(refused.value)
        assert "\n" not in message
        assert message.startswith(options.get("name", "cases.csv") + ": ")
        return message

    return refusal


def good(source):
    return [row for row in source.rows() if not isinstance(row, BadRow)]


def bad(source):
    return [row for row in source.rows() if isinstance(row, BadRow)]


# Encodings


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_encodings_are_recognised(read, codec, name):
    source = read(f"{HEADER}\n{ROWS}", codec=codec)

    assert source.encoding == name
    assert list(source.rows()) == [(2, ["A1", "投诉", "要求退款"]), (3, ["A2", "举报", "虚假宣传"])]


def test_utf_16_of_the_other_byte_order(read):
    source = read(b"\xfe\xff" + f"{HEADER}\n{ROWS}".encode("utf-16-be"))

    assert source.encoding == "utf-16"
    assert len(good(source)) == 2


def test_gb18030_with_byte_order_mark_emoji_and_rare_characters(read):
    source = read('\ufeff"登记编号",类型,诉求内容\nA1,投诉,😀𠮷㐂\n', codec="gb18030")

    assert source.encoding == "gb18030"
    assert good(source) == [(2, ["A1", "投诉", "😀𠮷㐂"])]


def test_the_encoding_is_seen_from_the_whole_file(read):
    ascii_rows = "".join(f"A{number},x,{'y' * 80}\n" for number in range(30_000))
    header = "id,type,text\n"
    columns = {"external_number": ("id",), "kind": ("type",), "narrative": ("text",)}

    source = read(header + ascii_rows + "B1,投诉,要求退款\n", codec="gb18030", columns=columns)

    assert source.size > encoding._CHUNK * 2
    assert source.encoding == "gb18030"
    assert list(source.rows(30_000)) == [(30_002, ["B1", "投诉", "要求退款"])]


def test_one_wrong_byte_in_a_utf_8_file_is_refused_not_taken_for_gb18030(refusal):
    content = bytearray(f"{HEADER}\n{ROWS}A3,投诉,要求退款\n".encode())
    offset = content.rindex("退".encode())
    content[offset] = 0xFF

    message = refusal(bytes(content))

    assert f"line 4, byte {offset}: FF is not valid UTF-8" in message
    assert "save it as “CSV UTF-8”" in message


def test_a_wrong_byte_far_into_a_large_file_is_found_with_its_line(refusal):
    rows = "".join(f"A{number},投诉,要求退款\r\n" for number in range(60_000))
    content = f"{HEADER}\r\n{rows}".encode() + b"B1,\xce\xde,x\r\n"

    message = refusal(content)

    assert f"line 60002, byte {content.index(b'B1') + 3}: CE is not valid UTF-8" in message


@pytest.mark.parametrize("size", range(1, 12))
def test_the_place_of_a_wrong_byte_does_not_hang_on_how_the_file_is_read(refusal, monkeypatch, size):
    monkeypatch.setattr(encoding, "_CHUNK", size)
    content = f"{HEADER}\r\nA1,投诉,要求\r\n\rA2,".encode()

    assert f"line 4, byte {len(content)}: FF is not valid" in refusal(
        content + b"\xff,x\r\n", encoding="utf-8"
    )


def test_a_utf_8_byte_order_mark_settles_the_encoding(refusal):
    content = b"\xef\xbb\xbf" + f"{HEADER}\n{ROWS}".encode("gb18030")

    assert "line 1, byte 3: B5 is not valid UTF-8" in refusal(content)


def test_a_wrong_byte_in_a_gb18030_file_is_refused_with_its_line(refusal):
    content = f"{HEADER}\n{ROWS}".encode("gb18030") + b"A3,\xff,x\n"

    message = refusal(content)

    assert f"line 4, byte {content.index(b'A3') + 3}: FF is not valid GB18030" in message


def test_a_wrong_byte_in_a_utf_16_file_is_refused_with_its_line(refusal):
    content = b"\xff\xfe" + f"{HEADER}\n{ROWS}A3,".encode("utf-16-le") + b"\x00\xdc,\x00"

    assert f"line 4, byte {len(content) - 4}: 00 DC is not valid UTF-16" in refusal(content)


def test_an_encoding_that_the_profile_names_is_kept_to(read, refusal):
    content = f"{HEADER}\n{ROWS}"

    assert read(content, codec="gb18030", encoding="gb18030").encoding == "gb18030"
    for codec in ("utf-16-le", "utf-16-be"):
        assert good(read(content, codec=codec, encoding="utf-16"))[0] == (2, ["A1", "投诉", "要求退款"])
    assert "is not valid UTF-8" in refusal(content.encode("gb18030"), encoding="utf-8")


@pytest.mark.parametrize(
    "content",
    [
        "Date,Résumé,text\nCafé, déjà vu,Müller\n".encode("latin-1"),
        f"{HEADER}\nRenée,Amélie,Zoëlle\n".encode("latin-1", errors="ignore"),
        f"{HEADER}\n消費者投訴,退款電話號碼檢查,賠償\n".encode("big5", errors="ignore"),
    ],
)
def test_other_encodings_are_refused_with_advice(refusal, content):
    message = refusal(content)

    assert "neither UTF-8 nor Chinese GB18030" in message
    assert "save it as “CSV UTF-8”" in message


def test_utf_16_without_a_byte_order_mark_is_refused_with_advice(refusal):
    for codec in ("utf-16-le", "utf-16-be"):
        assert 'Set encoding = "utf-16"' in refusal(f"{HEADER}\n{ROWS}", codec=codec)


def test_utf_32_is_refused(refusal):
    assert "UTF-32" in refusal(f"{HEADER}\n{ROWS}", codec="utf-32")


# Delimiters and header


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_recognised(read, delimiter):
    source = read(f"{HEADER}\n{ROWS}".replace(",", delimiter))

    assert source.delimiter == delimiter
    assert good(source)[0] == (2, ["A1", "投诉", "要求退款"])


def test_the_delimiter_of_the_profile_is_kept_to(read, refusal):
    assert read("登记编号;类型\nA1;x\n", delimiter=";").delimiter == ";"
    assert "lacks “登记编号 / 登记号”" in refusal("登记编号,类型\nA1,x\n", delimiter=";")


def test_junk_before_the_header_is_skipped(read):
    source = read(f"\ufeffsep=,\n杭州市投诉登记表\n\n导出时间：2020-01-02，共 2 条,,\n ,,\n{HEADER}\n{ROWS}")

    assert source.header_line == 6
    assert source.header == ("登记编号", "类型", "诉求内容")
    assert source.columns == {"external_number": 0, "kind": 1, "narrative": 2}
    assert [line for line, _cells in source.rows()] == [7, 8]


def test_a_quotation_mark_in_the_junk_does_not_swallow_the_header(read):
    assert read(f'"投诉登记表\n{HEADER}\n{ROWS}').header_line == 2


def test_the_header_may_stand_on_line_21_and_no_later(read, refusal):
    assert read("标题\n" * 20 + f"{HEADER}\n{ROWS}").header_line == 21
    assert "the header lacks" in refusal("标题\n" * 21 + f"{HEADER}\n{ROWS}")


def test_a_header_of_more_than_one_line(read):
    source = read(f'"登记\n编号",类型,诉求内容\n{ROWS}')

    assert source.header_line == 1
    assert [line for line, _cells in source.rows()] == [3, 4]


def test_headers_are_found_under_an_alias_another_width_and_another_order(read):
    source = read(
        "诉求内容,登记号,罚款金额（单位：元）,类 型\nx,A1,5,投诉\n", keep=("罚款金额(单位:元)", "没收金额")
    )

    assert source.columns == {"external_number": 1, "kind": 3, "narrative": 0}
    assert source.kept == {"罚款金额(单位:元)": 2}


def test_a_missing_required_header_is_named_with_what_was_found(refusal):
    message = refusal("编号,类型,诉求内容\nA1,x,y\n")

    assert "lacks “登记编号 / 登记号”" in message
    assert "line 1, has: “编号”, “类型”, “诉求内容”" in message
    assert "under [columns]" in message


def test_an_optional_header_may_be_missing(read):
    assert read("登记编号,类型\nA1,x\n").columns == {"external_number": 0, "kind": 1}


def test_doubled_columns_are_refused_with_both_places(refusal):
    message = refusal("登记编号,类型,诉求内容,登记号,类型\nA1,x,y,A1,x\n")

    assert "“登记编号” (column 1), “登记号” (column 4); “类型” (column 2), “类型” (column 5)" in message


def test_a_doubled_column_that_is_ignored_does_no_harm(read):
    assert read("登记编号,类型,序号,序号\nA1,x,1,1\n", ignore=("序号",)).row_count == 1


def test_unknown_columns_are_refused_with_the_way_to_ignore_them(refusal):
    message = refusal("登记编号,类型,序号,备注\nA1,x,1,\n", ignore=("备注",))

    assert "unknown columns: “序号” (column 3)" in message
    assert 'ignore = ["序号"]' in message


def test_a_profile_can_ignore_all_unknown_columns(read):
    assert read("登记编号,类型,序号,\nA1,x,1,y\n", ignore=("*",)).row_count == 1


def test_a_column_without_header_must_be_empty(read, refusal):
    assert read("登记编号,类型,,\nA1,x,,\nA2,x, ,\n").row_count == 2
    assert "line 3 has a value in column 4" in refusal("登记编号,类型,,\nA1,x,,\nA2,x,,y\n")


# Empty files and files of another kind


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \r\n\t\n\n", b"\n" * 5000])
def test_an_empty_file_is_refused(refusal, content):
    assert "it is empty" in refusal(content)


@pytest.mark.parametrize("content", [HEADER, f"{HEADER}\n", f"{HEADER}\n\n,,\n  , ,\n"])
def test_a_file_of_a_header_alone_has_no_rows(read, content):
    source = read(content)

    assert source.row_count == 0
    assert list(source.rows()) == []


def test_a_missing_file_and_a_directory_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(FileRefused, match="there is no such file"):
            recognise(path, profile())


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<html><table><tr><td>x</td></tr></table></html>", "web page"),
        (b"\xef\xbb\xbf\r\n <!DOCTYPE html PUBLIC>", "web page"),
        (b'<?xml version="1.0"?>\n<html xmlns="x">', "web page"),
        (b"<!-- x --><TABLE border=1>", "web page"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "web page"),
        ("<html>".encode("utf-16"), "web page"),
        (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook>', "XML"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x09\x08\x10\x00\x00\x05", "older than Excel 97"),
        (b"PK\x03\x04" + b"x" * 100, "no whole Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "no whole Excel workbook"),
    ],
)
@pytest.mark.parametrize("name", ["export.xls", "export.xlsx", "export.csv"])
def test_files_of_another_kind_are_known_by_content_and_refused(refusal, content, kind, name):
    message = refusal(content, name=name)

    assert kind in message
    assert "CSV" in message


def test_a_csv_file_under_another_name_is_read(read):
    assert read(f"{HEADER}\n{ROWS}", name="export.xls").kind == "csv"


def test_a_file_without_line_ends_is_refused_without_reading_it_into_memory(refusal):
    assert "line of more than 16 MiB" in refusal(b"x" * (encoding.MAX_LINE + 2 * encoding._CHUNK))


# Rows


def test_quoted_cells_with_newlines_delimiters_and_quotes(read):
    source = read(f'{HEADER}\nA1,投诉,"一，\n二,""三""\r\n四"\r\nA2,举报,x\rA3,咨询,"y\n"\n')

    assert list(source.rows()) == [
        (2, ["A1", "投诉", '一，\n二,"三"\r\n四']),
        (5, ["A2", "举报", "x"]),
        (6, ["A3", "咨询", "y\n"]),
    ]


def test_blank_rows_are_left_out_and_lines_still_right(read):
    source = read(f"{HEADER}\n\n,,\nA1,x,y\n \n　,\t,\n\n\nA2,x,y\n\n")

    assert source.row_count == 2
    assert [line for line, _cells in source.rows()] == [4, 9]


def test_cells_come_as_written(read):
    source = read(f"{HEADER}\n\t'A1 , 投诉,=1+1\nA2,+x,-y\x00z\x07😀\n")

    assert list(source.rows()) == [(2, ["\t'A1 ", " 投诉", "=1+1"]), (3, ["A2", "+x", "-y\x00z\x07😀"])]


def test_rows_with_too_few_and_too_many_cells_are_bad_rows(read):
    source = read(f"{HEADER}\nA1,x\nA2,x,y\nA3,x,y,z\nA4,x,y\n")

    few, many = bad(source)
    assert (few.line, few.cells, few.raw, few.rule) == (2, ["A1", "x"], "A1,x", "row.too_few_cells")
    assert "2 cells, the header has 3" in few.reason
    assert (many.line, many.cells, many.rule) == (4, ["A3", "x", "y", "z"], "row.too_many_cells")
    assert "4 cells, the header has 3" in many.reason
    assert [cells[0] for _line, cells in good(source)] == ["A2", "A4"]
    assert (source.row_count, source.bad_rows) == (4, 2)


@pytest.mark.parametrize(
    ("tail", "cells"),
    [
        ("A3,举", ["A3", "举"]),
        ("A3", ["A3"]),
        ('A3,举报,"虚假', ["A3", "举报", "虚假"]),
        ('A3,举报,"虚假\n宣', ["A3", "举报", "虚假\n宣"]),
    ],
)
def test_a_file_cut_in_mid_row_gives_a_bad_row(read, tail, cells):
    source = read(f"{HEADER}\n{ROWS}{tail}")

    assert [row[1][0] for row in good(source)] == ["A1", "A2"]
    (row,) = bad(source)
    assert (row.line, row.cells, row.raw, row.rule) == (4, cells, tail, "row.cut_off")
    assert "seems cut off" in row.reason


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "utf-16"])
def test_a_file_cut_in_mid_character_gives_a_bad_row(read, codec):
    content = f"{HEADER}\n{ROWS}A3,举报,虚假".encode(codec)

    source = read(content[:-1])

    assert len(good(source)) == 2
    (row,) = bad(source)
    assert (row.line, row.cells, row.raw) == (4, ["A3", "举报", "虚\ufffd"], "A3,举报,虚\ufffd")
    assert row.rule == "row.cut_off"


def test_a_file_without_a_last_line_end_is_whole(read):
    assert read(f"{HEADER}\nA1,x,y").bad_rows == 0


def test_a_cut_file_at_every_byte_loses_no_row_and_never_crashes(read):
    content = f'{HEADER}\nA1,投诉,"要,求\n退款"\nA2,举报,虚假\n'.encode()
    start = len(f"{HEADER}\n".encode())

    for end in range(start, len(content)):
        source = read(content[:end])
        rows = list(source.rows())
        kept = b"".join((row.raw if isinstance(row, BadRow) else ",".join(row[1])).encode() for row in rows)
        assert b"A1" in kept or end < start + 2
        assert all(row.rule == "row.cut_off" for row in bad(source))
        assert len(rows) <= 2


def test_an_unclosed_quotation_mark_does_not_swallow_the_rows_after_it(read):
    rows = "".join(f"B{number},投诉,要求\n" for number in range(500))
    source = read(f'{HEADER}\nA1,投诉,"要求退款\n{rows}')

    (row,) = bad(source)
    assert (row.line, row.raw, row.rule) == (2, 'A1,投诉,"要求退款', "row.quotes")
    assert "quotation mark" in row.reason
    assert [(line, cells[0]) for line, cells in good(source)] == [(n + 3, f"B{n}") for n in range(500)]


def test_an_unclosed_quotation_mark_before_a_quoted_row(read):
    source = read(f'{HEADER}\n"A1","投诉","要求退款\n"A2","举报","虚假"\n"A3","举报","虚\n假"\n')

    assert [row.raw for row in bad(source)] == ['"A1","投诉","要求退款']
    assert list(good(source)) == [(3, ["A2", "举报", "虚假"]), (4, ["A3", "举报", "虚\n假"])]


def test_two_rows_merged_by_a_quotation_mark_are_told_apart_though_the_cells_are_as_many(read):
    source = read(f'{HEADER}\nA1,"投诉,要求\nA2,"x",y\nA3,x,y\n')

    assert [row.raw for row in bad(source)] == ['A1,"投诉,要求']
    assert good(source) == [(3, ["A2", "x", "y"]), (4, ["A3", "x", "y"])]


def test_a_quoted_narrative_may_contain_lines_that_look_like_rows(read):
    source = read(f'{HEADER}\nA1,投诉,"first\na,b,c\nlast"\nA2,x,y\n')

    assert good(source) == [(2, ["A1", "投诉", "first\na,b,c\nlast"]), (5, ["A2", "x", "y"])]


def test_quotation_marks_inside_a_cell_do_no_harm_where_the_cells_are_right(read):
    source = read(f'{HEADER}\nA1,投诉,5" 屏幕\nA2,投诉,"5" 屏幕\nA3,投诉,x\n')

    assert source.bad_rows == 0
    assert [cells[2] for _line, cells in good(source)] == ['5" 屏幕', "5 屏幕", "x"]


def test_quotation_marks_that_shift_the_cells_make_a_bad_row(read):
    source = read(f'{HEADER}\nA1,投诉,"他说"好,的"\nA2,投诉,x\n')

    assert [(row.line, row.rule) for row in bad(source)] == [(2, "row.quotes")]
    assert good(source) == [(3, ["A2", "投诉", "x"])]


def test_a_cell_above_the_limit_is_refused_with_the_line_where_it_opens(refusal):
    rows = "".join(f"B{number},投诉,{'要' * 100}\n" for number in range(11_000))

    message = refusal(f'{HEADER}\nA1,"投\n诉","要求退款\n{rows}')

    assert "line 3: a cell that starts here is longer than 1,048,576 characters" in message
    assert "quotation mark is not closed" in message


def test_a_long_cell_below_the_limit_is_read(read):
    text = "要\n" * (delimited.MAX_CELL // 2 - 10)

    source = read(f'{HEADER}\nA1,投诉,"{text}"\nA2,x,y\n')

    assert good(source)[0][1][2] == text
    assert good(source)[1] == (delimited.MAX_CELL // 2 - 10 + 3, ["A2", "x", "y"])


# What the recognising pass tells


def test_source_has_digest_size_and_counts(read, tmp_path):
    source = read(f"{HEADER}\n{ROWS}")

    assert source.path == tmp_path / "cases.csv"
    assert source.kind == "csv"
    assert source.sha256 == hashlib.sha256(f"{HEADER}\n{ROWS}".encode()).hexdigest()
    assert source.size == len(f"{HEADER}\n{ROWS}".encode())
    assert source.row_count == 2
    assert source.notes == ()


def test_rows_can_be_resumed_at_any_row_with_the_same_lines(read):
    source = read(f'{HEADER}\nA1,x,y\n\nA2,x\nA3,x,"y\nz"\nA4,x,y\n')
    rows = list(source.rows())

    assert source.row_count == len(rows) == 4
    for start in range(6):
        assert list(source.rows(start)) == rows[start:]


def test_rows_of_a_file_that_has_changed_are_refused(read):
    source = read(f"{HEADER}\n{ROWS}")
    os.utime(source.path, ns=(0, 0))

    with pytest.raises(FileRefused, match="has changed since"):
        source.rows()


def test_duplicate_keys_are_found_as_they_will_be_stored(read):
    source = read(
        f"{HEADER}\nA1,x,y\nA2,x,y\n\t'A1 ,x,y\nA3,x,y\nA2,x,y\nA2,x,y\n,x,y\n,x,y\n-,x,y\n-,x,y\nA9\nA9\n"
    )

    assert source.duplicate_keys == {Source.key_hash("A1"), Source.key_hash("A2")}


def test_numbers_that_a_spreadsheet_has_rounded_are_no_duplicates(read):
    assert read(f"{HEADER}\n3.30102E+19,x,y\n3.30102E+19,x,y\n").duplicate_keys == frozenset()


@given(numbers=st.lists(st.integers(0, 60).map(str), max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_duplicate_keys_are_those_that_stand_twice(read, numbers):
    source = read("登记编号,类型\n" + "".join(f"{number},x\n" for number in numbers))

    assert source.duplicate_keys == {Source.key_hash(n) for n in numbers if numbers.count(n) > 1}


def test_key_hash_is_the_same_in_every_process():
    assert Source.key_hash("A1") == 0x39F03B342C298C95


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS), max_size=8),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_what_a_csv_writer_writes_is_read_back(read, rows, codec, delimiter, quoting, line_end):
    if any("\r" in cell for row in rows for cell in row):
        quoting = csv.QUOTE_ALL  # the writer forgets to quote a lone carriage return
    table = [[f"A{number}", *row] for number, row in enumerate(rows)]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerow(["登记编号", "类型", "诉求内容"])
    writer.writerows(table)

    source = read(text.getvalue(), codec=codec, encoding={"gb18030": "gb18030"}.get(codec, "auto"))

    assert [row[1] for row in source.rows()] == table
    assert source.bad_rows == 0


@given(body=st.text('ab",\n\r ', max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400, deadline=None)
def test_whatever_the_quotation_marks_no_letter_is_lost_or_doubled(read, body):
    source = read(f"{HEADER}\n{body}")

    text = "".join(row.raw if isinstance(row, BadRow) else "".join(row[1]) for row in source.rows())
    assert (text.count("a"), text.count("b")) == (body.count("a"), body.count("b"))


@given(body=st.binary(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
def test_whatever_the_bytes_the_file_is_read_or_refused(read, body):
    try:
        source = read(f"{HEADER}\n".encode() + body)
    except FileRefused:
        return

    assert len(list(source.rows())) == source.row_count


def test_memory_does_not_grow_with_the_file(read, tmp_path):
    narrative = "消费者要求退款" * 40
    path = tmp_path / "cases.csv"
    path.write_text(
        HEADER + "\n" + "".join(f"A{n},投诉,{narrative}\n" for n in range(20_000)), encoding="utf-8"
    )
    tracemalloc.start()
    try:
        source = recognise(path, profile())
        for _row in source.rows():
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < source.size / 2
