"""Tags and filters of every page. An unknown figure is shown as "-", never as 0."""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.language import is_chinese
from core.text import mask_numbers

register = template.Library()

UNKNOWN = "-"
MINUS = "\N{MINUS SIGN}"
SPRITE = "vendor/tabler-icons/sprite.svg"
SOON_DAYS = 7
TONES = {"grey", "blue", "green", "amber", "red"}
# (divisor, unit) from small to large
CHINESE_UNITS = [(Decimal(1), ""), (Decimal(10) ** 4, "万"), (Decimal(10) ** 8, "亿")]
ENGLISH_UNITS = [(Decimal(1), ""), (Decimal(10) ** 6, " M"), (Decimal(10) ** 9, " B")]


def rounded(value, digits: int) -> Decimal:
    """`value` as a Decimal with `digits` places, halves away from zero."""
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def formatted(value: Decimal, digits: int) -> str:
    """`value` rounded, with thousands separators and a real minus sign."""
    text = number_format(rounded(value, digits), decimal_pos=digits, use_l10n=True, force_grouping=True)
    return text.replace("-", MINUS)


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """A symbol of the vendored sprite, hidden from screen readers: the words beside it carry the meaning."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false" width="20" height="20">'
        '<use href="{}#{}"></use></svg>',
        f" {css}" if css else "",
        static(SPRITE),
        name,
    )


@register.filter
def compact(value, digits: int = 1) -> str:
    """A large figure at a glance: 9,999 · 1.2万 · 1.26亿 in Chinese, 12,345 · 3.8 M · 1.26 B in English.

    The largest unit has a place more. The unit is chosen after rounding, so 99,999,999 is 1.00亿 and never
    10,000.0万. None is "-".
    """
    if value is None:
        return UNKNOWN
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    units = CHINESE_UNITS if is_chinese() else ENGLISH_UNITS
    for (divisor, unit), (larger, _unit) in pairwise(units):
        places = digits if unit else 0
        short = rounded(number / divisor, places)
        if abs(short) < larger / divisor:
            return formatted(short, places) + unit
    divisor, unit = units[-1]
    return formatted(number / divisor, digits + 1) + unit


@register.filter
def money(value) -> str:
    """Yuan to the fen with thousands separators: 12,345.60. None is "-"."""
    return UNKNOWN if value is None else formatted(value, 2)


@register.filter
def count(value) -> str:
    """A whole number with thousands separators. None is "-"."""
    if type(value) is int and 0 <= value < 1000:  # most are, on pages with hundreds of them
        return str(value)
    return UNKNOWN if value is None else formatted(value, 0)


@register.filter
def percent(value, digits: int = 1) -> str:
    """A fraction as a percentage: 0.981 is 98.1%. None is "-"."""
    return UNKNOWN if value is None else f"{formatted(rounded(value, 12) * 100, digits)}%"


def change(value, unit: str, good: str, digits: int) -> SafeString:
    """A change as an arrow, with words for screen readers; coloured only where up is good or bad."""
    if value is None:
        return format_html('<span class="delta">{}</span>', UNKNOWN)
    size = rounded(value, digits)
    if size == 0:
        return format_html('<span class="delta">{}</span>', _("no change"))
    up = size > 0
    tone = "neutral" if good == "none" else "good" if up == (good == "up") else "bad"
    return format_html(
        '<span class="delta delta-{}"><span aria-hidden="true">{}</span>'
        '<span class="visually-hidden">{} </span>{}{}</span>',
        tone,
        "▲" if up else "▼",
        _("up") if up else _("down"),
        formatted(abs(size), digits),
        unit,
    )


@register.simple_tag
def delta(value, good: str = "none", digits: int = 1) -> SafeString:
    """A relative change given as a fraction: 0.21 is ▲21.0%. `good` is "up", "down", "none". None is "-"."""
    return change(None if value is None else rounded(value, 12) * 100, "%", good, digits)


@register.simple_tag
def delta_points(value, good: str = "none", digits: int = 1) -> SafeString:
    """The difference of two rates given as fractions, in percentage points. None is "-"."""
    return change(None if value is None else rounded(value, 12) * 100, _(" pp"), good, digits)


@register.filter
def signed_percent(value, digits: int = 1) -> str:
    """A relative change as plain text for tables: 0.053 is "+5.3%". None is "-"."""
    if value is None:
        return UNKNOWN
    size = rounded(rounded(value, 12) * 100, digits)
    return f"{'+' if size > 0 else ''}{formatted(size, digits)}%"


@register.simple_tag
def state(label, tone: str = "grey") -> SafeString:
    """A state as a coloured dot and its words; never colour alone."""
    if tone not in TONES:
        raise template.TemplateSyntaxError(f"state: {tone!r} is not one of {', '.join(sorted(TONES))}")
    return format_html('<span class="state state-{}">{}</span>', tone, label)


@register.simple_tag
def due_tag(due_on: dt.date | None, today: dt.date | None = None) -> SafeString | str:
    """How far a term is from its due date, in calendar days: red when overdue, amber within seven days."""
    if due_on is None:
        return UNKNOWN
    left = (due_on - (today or timezone.localdate())).days
    if left < 0:
        text = ngettext("%(days)d day overdue", "%(days)d days overdue", -left) % {"days": -left}
        return format_html('<span class="due due-over">{}</span>', text)
    if left == 0:
        return format_html('<span class="due due-soon">{}</span>', _("due today"))
    text = ngettext("%(days)d day left", "%(days)d days left", left) % {"days": left}
    return format_html('<span class="due due-{}">{}</span>', "soon" if left <= SOON_DAYS else "far", text)


@register.simple_tag(takes_context=True)
def query(context, *without: str | tuple[str, ...], path: str | None = None, **changes) -> str:
    """The page's own address with `changes` to its query; None and the names in `without` are taken out.

    Cursors of paging are always dropped: any change of the query starts at the first page again. `path` is
    another page that takes the same query.
    """
    parameters = context["request"].GET.copy()
    for names in ("after", "before", "format", *without):
        for name in (names,) if isinstance(names, str) else names:
            parameters.pop(name, None)
    for name, value in changes.items():
        if value is None or value == "":
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    path = path or context["request"].path
    return f"{path}?{parameters.urlencode()}" if parameters else path


@register.simple_tag(takes_context=True)
def current(context, *names: str) -> SafeString | str:
    """`aria-current="page"` on views named in `names`: "cases:list", or "admin" for a whole namespace."""
    match = getattr(context.get("request"), "resolver_match", None)
    if match is not None and (match.view_name in names or set(match.namespaces) & set(names)):
        return format_html(' aria-current="{}"', "page")
    return ""


@register.filter
def startswith(text: str, beginning: str) -> bool:
    return text.startswith(beginning)


@register.filter
def minutes(duration: dt.timedelta) -> int:
    """A duration in whole minutes, rounded up."""
    return -(-int(duration.total_seconds()) // 60)


@register.filter
def initial(user) -> str:
    """The first character of a user's name, for the round mark beside it."""
    return (user.get_full_name() or user.get_username())[:1].upper()


@register.filter
def numbers_masked(text: str) -> str:
    """Free text with phone and identity numbers masked."""
    return mask_numbers(text)
