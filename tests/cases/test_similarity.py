import random

import pytest

from cases.similarity import (
    MIN_PAIRS,
    SHARED,
    RareIndex,
    Threshold,
    overlap,
    pairs,
    plain,
    sketch,
)

WORDS = "商家客服退款拒绝订单快递包装破损质量问题购买使用三天出现故障联系多次没有回复要求赔偿发票合同会员余额"


def text(chance: random.Random, length: int = 120) -> str:
    return "".join(chance.choices(WORDS, k=length))


def changed(original: str, chance: random.Random, share: float) -> str:
    letters = list(original)
    for place in chance.sample(range(len(letters)), round(share * len(letters))):
        letters[place] = chance.choice("甲乙丙丁")
    return "".join(letters)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＡＢＣ净水器", "abc净水器"),
        ("净水器 漏水\n三天", "净水器漏水三天"),
        ("订单 2026-0001，退100.50元", "订单98，退3元"),
        ("电话13800001234", "电话138****1234"),
        ("付了３００元", "付了5,000元"),
    ],
)
def test_width_case_space_and_numbers_do_not_count(one, other):
    assert plain(one) == plain(other)


def test_words_do():
    assert plain("净水器漏水") != plain("净水机漏水")
    assert plain("净水器", "退款") == "净水器退款"


def test_the_overlap_is_shared_pairs_over_all_pairs():
    one, other = frozenset({"ab", "bc", "cd", "de"}), frozenset({"ab", "bc", "xy"})

    assert overlap(one, other) == 2 / 5
    assert overlap(one, one) == 1
    assert overlap(one, frozenset()) == 0


def test_a_short_text_is_like_nothing():
    assert pairs("退款") == frozenset()
    letters = "".join(chr(0x4E00 + n) for n in range(MIN_PAIRS + 1))
    assert len(pairs(letters)) == MIN_PAIRS
    assert pairs(letters[:-1]) == frozenset()


@pytest.mark.parametrize("at_least", [0.5, 0.65, 0.8, 0.9, 1])
def test_no_like_text_is_left_out_by_sketches_or_by_rare_pairs(at_least):
    """Texts changed by ever more characters, and others: whoever overlaps enough is found, whatever the order."""
    chance = random.Random(7)
    texts = [text(chance, chance.randint(25, 200)) for _n in range(60)]
    texts += [changed(chance.choice(texts), chance, max(0, chance.uniform(-0.05, 0.15))) for _n in range(240)]
    chance.shuffle(texts)
    found = [pairs(plain(one)) for one in texts]
    threshold, sketches = Threshold(at_least), [sketch(one) for one in found]
    index = RareIndex(threshold, found)

    alike = 0
    for place, one in enumerate(found):
        before = set(index.before(place, 0))
        for other in range(place):
            if overlap(one, found[other]) >= at_least:
                alike += 1
                assert threshold.possible(sketches[place], sketches[other])
                assert other in before
    assert alike > 20
    assert index.capped == 0


def test_most_other_texts_are_left_out():
    chance = random.Random(8)
    found = [pairs(plain(text(chance))) for _n in range(300)]
    threshold, sketches = Threshold(0.8), [sketch(one) for one in found]
    index = RareIndex(threshold, found)

    assert not any(threshold.possible(sketches[0], other) for other in sketches[1:])
    assert sum(len(index.before(place, 0)) for place in range(300)) < 300 * 299 / 2 / 10


def test_texts_before_the_first_are_not_found():
    same = pairs(plain(text(random.Random(9))))
    index = RareIndex(Threshold(0.8), [same] * 5)
    for place in range(4):
        index.add(place)

    assert index.before(4, 2) == [3, 2]


def test_where_very_many_say_the_same_the_latest_are_found_and_it_is_told(monkeypatch):
    monkeypatch.setattr("cases.similarity.LONGEST", 3)
    same = pairs(plain(text(random.Random(9))))
    index = RareIndex(Threshold(0.8), [same] * 6)

    assert [index.before(place, 0) for place in range(6)] == [[], [0], [1, 0], [2, 1, 0], [3, 2, 1], [4, 3, 2]]
    assert index.capped == 3


def test_a_text_is_found_by_more_pairs_than_may_be_missing():
    assert Threshold(0.8).rarest(100) == 20 + SHARED
    assert Threshold(1).rarest(100) == SHARED


@pytest.mark.parametrize("at_least", [0.49, 1.01])
def test_an_overlap_that_means_nothing_is_refused(at_least):
    with pytest.raises(ValueError, match="from 0.5 to 1"):
        Threshold(at_least)
