"""How alike two texts are: what share of their pairs of neighbouring characters they have in common.

Chinese needs no words for that, and a changed character costs two pairs. Numbers count as one sign each: order numbers,
amounts and telephone numbers differ where the words are the same, and are the same where the words differ.
"""

import math
import re
import unicodedata
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from operator import add
from typing import NamedTuple

MIN_PAIRS = 20  # shorter texts ("wants a refund") are alike without saying anything
SKETCH_BITS = 1024
ONE = ord("1")
SHARED = 4  # of their rarest pairs that like texts have in common at least; more make the lists longer
LONGEST = 1_000  # texts that one of the rarest pairs leads to: more have it only where all say the same
_NUMBER = re.compile(r"[\d*]+(?:[.,:/-][\d*]+)*")


def plain(*texts: str) -> str:
    """The texts as one, in the form in which they are compared: one width and case, no space, "0" for every number."""
    text = unicodedata.normalize("NFKC", " ".join(texts)).casefold()
    return _NUMBER.sub("0", "".join(text.split()))


def pairs(plain_text: str) -> frozenset[str]:
    """The pairs of neighbouring characters of a text in plain form; none where it is too short to be compared."""
    found = frozenset(map(add, plain_text, plain_text[1:]))
    return found if len(found) >= MIN_PAIRS else frozenset()


remembered_pairs = lru_cache(maxsize=4096)(pairs)


def overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Pairs that both texts have, over pairs that either has (Jaccard): from 0 to 1."""
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0


class Sketch(NamedTuple):
    """A text in a few words of memory: the number of its pairs, and a bit for each (several pairs may share one)."""

    size: int
    bits: int


def sketch(found: frozenset[str]) -> Sketch:
    """The sketch of these pairs; comparable within one process only."""
    digits = bytearray(b"0" * SKETCH_BITS)  # read at once: to set bits of a number one by one takes twice the time
    for pair in found:
        digits[hash(pair) % SKETCH_BITS] = ONE
    return Sketch(len(found), int(digits, 2))


class Threshold:
    """What can be told of two texts that overlap by `at_least`, before they are compared. Nothing that is left out by it
    is alike enough."""

    def __init__(self, at_least: float):
        if not 0.5 <= at_least <= 1:
            raise ValueError("the overlap must be from 0.5 to 1")
        self.at_least = at_least
        self._apart = (1 - at_least) / (1 + at_least)

    def possible(self, one: Sketch, other: Sketch) -> bool:
        """Whether the texts of two sketches may be alike.

        Texts of A and B pairs overlap by t only if at most (1 - t) / (1 + t) x (A + B) pairs stand in one of them
        alone, and each bit in which the sketches differ stands for one such pair at least.
        """
        return (one.bits ^ other.bits).bit_count() <= self._apart * (one.size + other.size) + 1e-6

    def rarest(self, size: int) -> int:
        """Of how many of its rarest pairs a text of `size` pairs shares SHARED with every text that is alike.

        They have t x `size` pairs in common, so a text with all of its pairs but these, and SHARED more, cannot miss
        them, in whatever order the pairs of all texts stand.
        """
        return size - math.ceil(self.at_least * size - 1e-6) + SHARED


class RareIndex:
    """Many texts in the order in which they came, each found by its rarest pairs among them."""

    def __init__(self, threshold: Threshold, texts: Iterable[frozenset[str]]):
        numbers: dict[str, int] = {}
        frequency: Counter[int] = Counter()
        rows = []
        for found in texts:
            rows.append(array("L", [numbers.setdefault(pair, len(numbers)) for pair in found]))
            frequency.update(rows[-1])
        ranks = [0] * len(numbers)
        for rank, number in enumerate(sorted(frequency, key=lambda number: (frequency[number], number))):
            ranks[number] = rank
        self._rarest = [
            array("L", sorted(map(ranks.__getitem__, row))[: threshold.rarest(len(row))]) for row in rows
        ]
        self._places: dict[int, list[int]] = defaultdict(list)
        self.capped = 0

    def before(self, place: int, first: int) -> list[int]:
        """The places from `first` to before `place` whose texts may be like that of `place`, the latest first; to be
        asked for once, in the order of the texts."""
        lists = [self._places[rank] for rank in self._rarest[place]]
        recent = [found[max(bisect_left(found, first), len(found) - LONGEST) :] for found in lists]
        self.capped += any(len(found) == LONGEST for found in recent)
        met = Counter(chain.from_iterable(recent))
        self.add(place)
        return sorted((other for other, shared in met.items() if shared >= SHARED), reverse=True)

    def add(self, place: int) -> None:
        """Let the text of `place` be found by those after it."""
        for rank in self._rarest[place]:
            self._places[rank].append(place)
