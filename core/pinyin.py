"""Order of names by their sound: a key that is stored, so that no database's collation decides."""

import functools
import unicodedata

KEY_LENGTH = 128
_LONGEST_PHRASE = 4


def pinyin_key(name: str) -> str:
    """What a normalised name (core.text.name_key) is sorted by, byte by byte.

    Latin is in capitals, Chinese in syllables of small letters without tones, so that Latin comes first; a space
    behind each syllable puts 西安 before 先. At most KEY_LENGTH characters, which are some twenty of Chinese.

    A character of several readings has the one of the phrase it stands in (银行 hang, 行动 xing).
    """
    syllables, phrases, beginnings = _readings()
    text = name[:KEY_LENGTH].upper()
    found = []
    at = 0
    while at < len(text):
        char = text[at]
        if char in beginnings:
            for size in range(_LONGEST_PHRASE, 1, -1):
                if phrase := phrases.get(text[at : at + size]):
                    found.append(phrase)
                    at += size
                    break
            else:
                found.append(syllables[ord(char)])
                at += 1
        else:
            found.append(syllables.get(ord(char), char))
            at += 1
    return "".join(found)[:KEY_LENGTH]


@functools.cache
def _readings() -> tuple[dict[int, str], dict[str, str], frozenset[str]]:
    """Syllables by character; those of phrases in which a character is not read as it is alone; how these begin."""
    # some 0.3 s and 60 MB: only for those who make merchants
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT  # noqa: PLC0415

    syllables = {code: _plain(readings.partition(",")[0]) for code, readings in PINYIN_DICT.items()}
    phrases = {}
    for phrase, readings in PHRASES_DICT.items():
        if len(phrase) <= _LONGEST_PHRASE:
            read = [_plain(reading[0]) for reading in readings]
            if read != [syllables.get(ord(char)) for char in phrase]:
                phrases[phrase] = "".join(read)
    return syllables, phrases, frozenset(phrase[0] for phrase in phrases)


@functools.cache
def _plain(reading: str) -> str:
    """A reading without its tone, and v for ü, as it is typed."""
    letters = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(letter for letter in letters if not unicodedata.combining(letter)) + " "
