import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import clean_cell, mask_numbers, name_key


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("\t33010220200101000001", "33010220200101000001"),
        ("\u3000 投诉 \u3000", "投诉"),
        ("'33010220200101000001", "33010220200101000001"),
        ("\u201933010220200101000001", "33010220200101000001"),
        ("\t'00123 ", "00123"),
        ("'=1+1", "=1+1"),
        ("'-5", "-5"),
        ("'HZDH20200101", "HZDH20200101"),
        ("'tis fine", "'tis fine"),
        ("'90后'消费者", "'90后'消费者"),
        ("=1+1", "=1+1"),
        ("@cmd", "@cmd"),
        ("\ufeff登记\u200b编号", "登记编号"),
        ("a\x00b\x07c\x1bd\x9fe", "abcde"),
        ("line one\r\nline two\rline three\x0bfour", "line one\nline two\nline three\nfour"),
        ("a\tb", "a\tb"),
        ("e\u0301", "é"),
        ("退货😀👨‍👩‍👧❤️", "退货😀👨‍👩‍👧❤️"),
        ("甲\u200d乙", "甲乙"),
        ("\u202e恶意\u202c", "恶意"),
        ("\ud800x", "x"),
        ("", ""),
    ],
)
def test_clean_cell(written, clean):
    assert clean_cell(written) == clean


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_clean_cell_leaves_nothing_to_clean(text):
    clean = clean_cell(text)

    assert clean == clean.strip()
    assert unicodedata.is_normalized("NFC", clean)
    assert not set(clean) & {"\x00", "\r", "\x1b", "\ufeff", "\u200b"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("杭州某某（西湖）有限公司", "杭州某某(西湖)有限公司"),
        ("杭州某某（西湖）有限公司", " 杭州某某 西湖 有限公司"),
        ("ＡＢＣ商店", "abc商店"),
        ("某·某", "某•某"),
        ("STRASSE", "straße"),
    ],
)
def test_name_key_is_one_for_two_spellings(first, second):
    assert name_key(first) == name_key(second)


@pytest.mark.parametrize(("first", "second"), [("C&A", "CA"), ("一号店", "1号店"), ("甲公司", "乙公司")])
def test_name_key_tells_names_apart(first, second):
    assert name_key(first) != name_key(second)


def test_name_key_of_punctuation_alone_is_not_empty():
    assert name_key("……") == "......"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话13800001234。", "电话138****1234。"),
        ("+86 138-0000-1234", "+86 138****1234"),
        ("8613800001234", "86138****1234"),
        ("138 0000 1234转", "138****1234转"),
        ("１３８００００１２３４", "１３８****１２３４"),
        ("座机0571-88000000、010-80000000", "座机0571-****0000、010-****0000"),
        ("身份证330102199001011234", "身份证330102********1234"),
        ("身份证33010219900101123X，", "身份证330102********123X，"),
        ("旧证330102900101123", "旧证330102******123"),
        ("单号20240429145554505552", "单号20240429145554505552"),
        ("登记编号33010220200101000001", "登记编号33010220200101000001"),
        ("代码91330100MA0000000C", "代码91330100MA0000000C"),
        ("2020-01-02 消费1234.56元", "2020-01-02 消费1234.56元"),
        ("138****1234", "138****1234"),
    ],
)
def test_mask_numbers(text, masked):
    assert mask_numbers(text) == masked
    assert mask_numbers(masked) == masked
