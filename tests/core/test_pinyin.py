import pytest

from core.pinyin import KEY_LENGTH, pinyin_key
from core.text import name_key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("杭州市西湖区", "hang zhou shi xi hu qu "),
        ("重庆银行", "chong qing yin hang "),
        ("行动力商行", "xing dong li shang hang "),
        ("厦门长城", "xia men chang cheng "),
        ("绿城女装", "lv cheng nv zhuang "),
        ("Ａbc（杭州）店", "ABChang zhou dian "),
        ("315", "315"),
        ("", ""),
    ],
)
def test_key(name, key):
    assert pinyin_key(name_key(name)) == key


def test_order_of_names():
    names = ["北", "3M", "杭", "先店", "zara", "阿", "西安", "Ab", "阿里", "行", "Z杭", "巴"]

    assert sorted(names, key=lambda name: pinyin_key(name_key(name))) == [
        "3M", "Ab", "zara", "Z杭", "阿", "阿里", "巴", "北", "杭", "西安", "先店", "行",
    ]  # fmt: skip


def test_it_is_never_longer_than_its_column():
    assert len(pinyin_key("装" * 200)) == len(pinyin_key("x" * 200)) == KEY_LENGTH
    assert pinyin_key("装" * 200).startswith("zhuang zhuang ")
