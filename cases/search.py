"""Finding cases by words: what was typed, and how its rows are found quickly, be the words common, rare or absent.

A page is filled by walking down the list, a few thousand cases at most: a common word fills it at once. Where it does
not, the index of the searched texts has few rows to offer, which are put in order and looked up. Neither way depends on
how many cases there are.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Q, QuerySet

from cases.domain import SEARCH, one_spelling
from cases.domain.feed import waiting_sql
from cases.models import Bigrams, CaseSearch
from core.pagination import COUNT_CAP, Cursor, KeysetPaginator, Page, Sort
from core.personal_data import normalise

WALKED = 4_000  # cases of a list that are looked through before the index is asked
LOOKED_UP = 5_000  # of the rows that the index has found, so many are looked for in a filtered list to be counted
PAIRS = 6  # of a word, by which the index is asked
SPARSE = 0.02  # of the walked cases: below, the index counts sooner than a walk
DENSE = 0.05  # above, reading texts until the cap is reached is sooner than listing all that the index knows of
PIECE = re.compile(r'(-?)(?:"([^"]*)"?|“([^”]*)”?|「([^」]*)」?|『([^』]*)』?|(\S+))')
SPACED_DIGITS = re.compile(r"\+?[\d\s()-]+[\dXx]")
PHONE = re.compile(r"\d{11}|0\d{2,3}[2-9]\d{6,7}")  # of a fixed line with its area code
_BORN = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
IDENTITY_NUMBER = re.compile(rf"\d{{6}}(?:18|19|20)\d\d{_BORN}\d{{3}}[\dX]|[1-8]\d{{7}}{_BORN}\d{{3}}")  # also of old


@dataclass(frozen=True)
class Words:
    """What every case that is found has in its searched text, and what none has, in one spelling."""

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Words":
        """Words parted by spaces; in quotes a phrase; with a hyphen before it, what must not be there."""
        wanted, unwanted = [], []
        for sign, *phrases, word in PIECE.findall(one_spelling(text)):
            found = ("".join(phrases) or word).strip()
            if found and found != "-":
                (unwanted if sign else wanted).append(found)
        return cls(tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted)))

    def __bool__(self) -> bool:
        return bool(self.wanted or self.unwanted)

    @property
    def pairs(self) -> list[str]:
        """Neighbouring characters of the wanted words, by which the index finds them: enough to cover each word, and no
        more than a few of a long one, whose digits stand in very many texts."""
        return sorted({pair for word in self.wanted for pair in _covering(word)})

    def condition(self, field: str = "content") -> Q:
        found = Q()
        for word in self.wanted:
            found &= Q(**{f"{field}__contains": word})
        for word in self.unwanted:
            found &= ~Q(**{f"{field}__contains": word})
        return found

    def in_index(self, texts: QuerySet, field: str = "content") -> QuerySet:
        """Those of `texts` with these words, by the index; a single character has none."""
        if pairs := self.pairs:
            texts = texts.alias(pairs=Bigrams(F(field))).filter(pairs__contains=pairs)
        return texts.filter(self.condition(field))

    def sql(self) -> tuple[str, list[str]]:
        """The condition on `content`, for a statement of our own."""
        like = connection.ops.prep_for_like_query
        parts = ["content LIKE %s"] * len(self.wanted) + ["content NOT LIKE %s"] * len(self.unwanted)
        return " AND ".join(parts), [f"%{like(word)}%" for word in (*self.wanted, *self.unwanted)]


def _covering(word: str) -> list[str]:
    starts = [*range(0, len(word) - 2, 2), len(word) - 2] if len(word) > 1 else []
    step = -(-len(starts) // PAIRS) if starts else 1
    return [word[n : n + 2] for n in starts[::step]]


def read_person(text: str) -> tuple[str, str] | None:
    """The kind of number ("phone", "id_number") and the number, where `text` is one and nothing else. Landlines have
    their area code and numbers of fifteen digits a day of birth: in texts these are masked, and no word finds them."""
    text = unicodedata.normalize("NFKC", text).strip()
    if not SPACED_DIGITS.fullmatch(text):
        return None
    phone, id_number = normalise("phone", text), normalise("id_number", text)
    if PHONE.fullmatch(phone) and text[-1].isdigit():
        return "phone", phone
    return ("id_number", id_number) if IDENTITY_NUMBER.fullmatch(id_number) else None


# The keys of a page, in one statement of which PostgreSQL runs no more than is needed: cases of the list as far as the
# page goes; how many cases there were, if that did not fill it; what the index finds, if there were more of them.
KEYS = """
WITH walked AS MATERIALIZED (
  SELECT w.key, w.place FROM (
    SELECT p.key, p.value, row_number() OVER (ORDER BY p.value {way}, p.key {way}) AS place
      FROM ({part}) AS p (key, value)) AS w
    JOIN cases_casesearch s ON s.case_id = w.key WHERE {words} ORDER BY w.value {way}, w.key {way} LIMIT %s),
few AS MATERIALIZED (SELECT count(*) AS found FROM walked),
seen AS MATERIALIZED (SELECT count(*) AS cases FROM ({part}) AS p)
SELECT 'walked', key, place FROM walked
UNION ALL SELECT 'seen', NULL, cases FROM seen WHERE (SELECT found FROM few) < %s
UNION ALL SELECT 'index', key, NULL FROM ({index}) AS i
           WHERE (SELECT found FROM few) < %s AND (SELECT cases FROM seen) >= %s
UNION ALL SELECT 'waiting', NULL, ({waiting})"""
# in the order of receipt, which the searched texts have too, the list is asked for no more than it takes
IN_ORDER = """
SELECT t.key FROM ({texts}) AS t (key, value)
  JOIN LATERAL (SELECT FROM ({part}) AS p (key) WHERE p.key = t.key OFFSET 0) AS c ON true
 ORDER BY t.value {way}, t.key {way} LIMIT %s"""
SORTED = """
SELECT p.key FROM ({part}) AS p (key, value) WHERE p.key = ANY(ARRAY({texts}))
 ORDER BY p.value {way}, p.key {way} LIMIT %s"""
COUNT_WALKED = """
SELECT count(*) FILTER (WHERE {words}), count(*) FROM ({part}) AS p (key)
  LEFT JOIN cases_casesearch s ON s.case_id = p.key"""
COUNT_LISTED = """
SELECT count(c), count(*) FROM ({texts}) AS t (key)
  LEFT JOIN LATERAL (SELECT p.key FROM ({part}) AS p (key) WHERE p.key = t.key OFFSET 0) AS c ON true"""


@dataclass(frozen=True)
class Search:
    """A list to be searched: its rows without the words, the words, who searches. `plain`: nothing but the scope of
    the user narrows the list. `wide`: that scope is the city."""

    rows: QuerySet
    words: Words
    user: object
    plain: bool
    wide: bool

    @cached_property
    def texts(self) -> QuerySet:
        """What is found, by the index."""
        return self.words.in_index(CaseSearch.objects.visible_to(self.user))

    @property
    def read(self) -> QuerySet:
        """The same, by reading text after text."""
        return CaseSearch.objects.visible_to(self.user).filter(self.words.condition())


@dataclass
class FoundPage(Page):
    """A page of a search. Where counting all that is found would take too long, the count is of a part of it."""

    counter: Callable[[], tuple[int, bool]] | None = None

    @cached_property
    def _counted(self) -> tuple[int, bool]:
        """How many rows, and whether there may be more."""
        if self.previous is None and self.next is None:
            return len(self.rows), False
        count, more = self.counter()
        return max(count, len(self.rows)), more

    @property
    def count(self) -> int:
        return self._counted[0]

    @property
    def is_capped(self) -> bool:
        return self._counted[1]

    @property
    def cap(self) -> int:
        return min(self.count, COUNT_CAP)


class SearchPaginator(KeysetPaginator):
    """Pages of a searched list. `waiting`: once a page was read, how many changes the search has not read yet."""

    def __init__(self, search: Search, sort: Sort, size: int):
        super().__init__(search.rows, sort, size)
        self.search = search
        self.waiting = 0
        self._share: float | None = None  # of the cases walked for a page, those found; None: the index was asked
        self._texts = KeysetPaginator(search.texts, sort, size) if sort.field == "received_at" else None

    def neighbours(self, row, field: str = "pk", *, at: str | None = None):
        cursor = self._place(row, at)
        found = {}
        for side in ("before", "after"):
            for number, part in enumerate(self._parts(cursor, backwards=side == "before")):
                if keys := self._keys(part, 1, cursor if number == 0 else None, backwards=side == "before"):
                    found[side] = keys[0]
                    break
        values = dict(self.queryset.filter(pk__in=found.values()).values_list("pk", field))
        return tuple(values.get(found.get(side)) for side in ("before", "after"))

    def _page(self, rows: list, **more) -> FoundPage:
        page = super()._page(rows, **more)
        return FoundPage(**vars(page), counter=self._count)

    def _keys(self, part: QuerySet, limit: int, cursor: Cursor | None, *, backwards: bool) -> list[int]:
        try:
            return self._found(part, limit, cursor, backwards=backwards)
        except EmptyResultSet:  # a filter or the scope leaves nothing
            return []

    def _found(self, part: QuerySet, limit: int, cursor: Cursor | None, *, backwards: bool) -> list[int]:
        way = "DESC" if self.sort.descending != backwards else "ASC"
        listed, listed_values = _compiled(part.values_list("pk", self.sort.field)[:WALKED])
        words, words_values = self.search.words.sql()
        index, index_values = self._index(part, limit, cursor, way, backwards=backwards)
        waiting, waiting_values = waiting_sql(SEARCH)
        with connection.cursor() as db:
            db.execute(
                KEYS.format(part=listed, words=words, way=way, index=index, waiting=waiting),
                [
                    *listed_values, *words_values, limit, *listed_values,
                    limit, *index_values, limit, WALKED, *waiting_values,
                ],
            )  # fmt: skip
            lines = db.fetchall()
        keys = {of: [key for what, key, _n in lines if what == of] for of in ("walked", "index")}
        numbers = {what: number for what, _key, number in lines}
        self.waiting = numbers["waiting"]
        if len(keys["walked"]) < limit and numbers["seen"] >= WALKED:
            self._share = None
            return keys["index"]
        self._share = len(keys["walked"]) / max(numbers.get("seen", 0) or numbers.get("walked", 0), 1)
        return keys["walked"]

    def _index(self, part: QuerySet, limit: int, cursor, way: str, *, backwards: bool) -> tuple[str, list]:
        """The statement that finds the keys of `part` by the index."""
        if self._texts is None:
            texts, texts_values = _compiled(self.search.texts.order_by().values("pk"))
            listed, listed_values = _compiled(part.order_by().values_list("pk", self.sort.field))
            return SORTED.format(part=listed, texts=texts, way=way), [*listed_values, *texts_values, limit]
        (ordered,) = self._texts._parts(cursor, backwards=backwards)
        texts, texts_values = _compiled(ordered.values_list("pk", "received_at"))
        listed, listed_values = _compiled(part.order_by().values("pk"))
        return IN_ORDER.format(part=listed, texts=texts, way=way), [*texts_values, *listed_values, limit]

    def _count(self) -> tuple[int, bool]:
        """How many cases are found, and whether there may be more: no further than the cap, nor than time allows."""
        search = self.search
        if search.plain and (search.wide or self._is_sparse):
            texts = search.read if (self._share or 0) > DENSE else search.texts
            count = texts.order_by()[: COUNT_CAP + 1].count()
            return min(count, COUNT_CAP), count > COUNT_CAP
        if self._is_sparse:
            texts, texts_values = _compiled(search.texts.order_by().values("pk")[: LOOKED_UP + 1])
            listed, listed_values = _compiled(self.queryset.order_by().values("pk"))
            count, seen = _numbers(COUNT_LISTED.format(texts=texts, part=listed), [*texts_values, *listed_values])
            return count, seen > LOOKED_UP
        words, words_values = search.words.sql()
        listed, listed_values = _compiled(self.queryset.order_by("-received_at", "-pk").values("pk")[:WALKED])
        count, seen = _numbers(COUNT_WALKED.format(words=words, part=listed), [*words_values, *listed_values])
        return count, seen >= WALKED

    @property
    def _is_sparse(self) -> bool:
        return self._share is None or self._share < SPARSE


def _compiled(queryset: QuerySet) -> tuple[str, list]:
    sql, values = queryset.query.sql_with_params()
    return sql, list(values)


def _numbers(sql: str, values: list) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()
