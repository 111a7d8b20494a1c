"""The language of the page, and words that are kept in both."""

from collections.abc import Iterable

from django.utils.translation import get_language


def is_chinese() -> bool:
    return (get_language() or "zh").startswith("zh")


def in_language(chinese: str, english: str) -> str:
    """The one of two texts that the language of the page asks for; Chinese where there is no English one."""
    return chinese if is_chinese() else english or chinese


def listed(words: Iterable) -> str:
    """Words one after another, as the language of the page sets them apart."""
    return ("、" if is_chinese() else ", ").join(map(str, words))
