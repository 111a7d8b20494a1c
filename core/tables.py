"""Tables of list pages. The same rows are a table on a wide screen and cards on a phone.

A column says what becomes of it on a phone by `card`: "title" (first line), "aside" (right of the title),
"line" (below), "end" (below, at the right edge) or "hide".
"""

from collections.abc import Iterable, Iterator, Mapping

import django_tables2 as tables
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django_tables2.data import TableListData

from core.templatetags.portal import UNKNOWN, count, money, state


class Column(tables.Column):
    """A text column; `css` are further classes of the cell.

    Text as someone wrote it is marked as not to be translated; `written=False` for words of the portal's own.
    """

    css = ""
    head_css = ""
    written = True

    def __init__(self, *args, card: str = "line", css: str = "", written: bool | None = None, **kwargs):
        classes = " ".join(part for part in (f"cell-{card}", self.css, css) if part)
        attrs = {"td": {"class": classes}, "th": {"class": self.head_css or css}}
        if self.written if written is None else written:
            attrs["td"]["translate"] = "no"
        super().__init__(*args, attrs=attrs | kwargs.pop("attrs", {}), orderable=False, **kwargs)


class NumberColumn(Column):
    """A whole number, aligned at the right."""

    css = head_css = "num"
    written = False

    def render(self, value):
        return count(value)


class MoneyColumn(Column):
    """An amount in yuan to the fen, aligned at the right."""

    css = head_css = "num"
    written = False

    def render(self, value):
        return money(value)


class DateColumn(Column):
    """A local date, year first in both languages."""

    css = "date"
    written = False

    def render(self, value):
        local = timezone.localtime(value) if hasattr(value, "hour") else value
        return f"{local:%Y-%m-%d}"


class TimeColumn(Column):
    """A local date and time of day to the minute."""

    css = "date"
    written = False

    def render(self, value):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"


class StateColumn(Column):
    """A field with choices as a coloured dot and words; `tones` maps its values to tones of `state`."""

    css = "nowrap"
    written = False

    def __init__(self, *args, tones: Mapping[str, str], **kwargs):
        super().__init__(*args, **kwargs)
        self.tones = tones

    def render(self, value, record, bound_column):
        field = record._meta.get_field(bound_column.accessor)
        code = getattr(record, field.attname)
        return state(value, self.tones.get(code, "grey"))


class PageRows(TableListData):
    """The rows of a page. They tell their model, so that the headings are the names of its fields."""

    model = None

    def __init__(self, rows, model):
        super().__init__(list(rows or []))
        self.model = model


class Table(tables.Table):
    """A list table. The list page gives it its rows, its sort orders and its place in the list.

    Where its reader may choose columns, `on_request` names those that stand there only once they are chosen, and
    `fixed` those that cannot be taken away.
    """

    class Meta:
        template_name = "core/table.html"
        orderable = False
        default = UNKNOWN
        empty_text = _("Nothing matches these filters.")
        attrs = {"class": "table list-table"}

    keyset = None
    sorts: Mapping[str, str | tuple[str, ...]] = {}
    on_request: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    pick_form = ""  # the id of the form for which rows can be chosen by a box

    def __init__(self, data=None, *args, shown: Iterable[str] | None = None, **kwargs):
        if shown is not None:
            shown = tuple(shown)
            kwargs |= {"sequence": shown, "exclude": tuple(name for name in self.base_columns if name not in shown)}
        super().__init__(PageRows(data, self._meta.model), *args, **kwargs)

    @classmethod
    def arranged(cls, names: Iterable[str] | None) -> tuple[str, ...]:
        """The columns to show for `names`: those that there are, in this order, fixed ones always. Without names
        those that stand there by default."""
        if names is None:
            return tuple(name for name in cls._meta.fields if name not in cls.on_request)
        known = [name for name in dict.fromkeys(names) if name in cls._meta.fields]
        return (*(name for name in cls.fixed if name not in known), *known)

    def lines(self) -> Iterator[tuple]:
        """(row, its cells) for the body; a cell is (its attributes as HTML, content, whether there is nothing to say).
        The attributes are those of its column alone, and the same in every row."""
        attrs = {
            column.name: format_html('{} data-label="{}"', column.attrs["td"].as_html(), column.header)
            for column in self.columns
        }
        for row in self.rows:
            yield row, [(attrs[column.name], cell, cell == self.default) for column, cell in row.items()]

    def sort_links(self) -> list[tuple]:
        """(column, sort parameter or "", aria-sort or "") for the heading."""
        links = []
        for column in self.columns:
            parameter = aria = ""
            if column.name in self.sorts:
                sort = self.keyset.sort
                if sort.name == column.name:
                    parameter = column.name if sort.descending else f"-{column.name}"
                    aria = "descending" if sort.descending else "ascending"
                else:
                    sign = "-" if isinstance(column.column, DESCENDING_FIRST) else ""
                    parameter = f"{sign}{column.name}"
            links.append((column, parameter, aria))
        return links


DESCENDING_FIRST = (NumberColumn, MoneyColumn, DateColumn, TimeColumn)
