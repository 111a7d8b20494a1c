"""Choosing rows of a list for a bulk act: what the bar below the list offers."""

from dataclasses import dataclass

from django.utils.http import urlencode

from cases.domain import bulk_steps
from cases.domain.bulk import MAX_CASES
from core.pagination import OF_ONE_PAGE, Page
from core.tables import Table
from core.workflow import Transition

FORM = "bulk"  # the id of the bar


@dataclass(frozen=True)
class ChoosingBar:
    """`list` names the list and `query` is its query, by which all `total` rows can be chosen where that is no more
    than `limit`."""

    list: str
    query: str
    steps: list[Transition]
    total: int
    limit: int

    @property
    def takes_all(self) -> bool:
        return self.total <= self.limit


def choosing_bar(request, name: str, page: Page, table: Table) -> ChoosingBar | None:
    """The bar of the list `name`, whose table is given boxes; None for someone without bulk acts, and where nothing is
    listed. The list has it as `bulk` in its context, includes `cases/bulk/_bar.html`, and loads bulk.css and bulk.js.
    """
    steps = list(bulk_steps(request.user).values())
    if not steps or not page.rows:
        return None
    table.pick_form = FORM
    query = {key: value for key, value in request.GET.items() if value and key not in OF_ONE_PAGE}
    return ChoosingBar(name, urlencode(query), steps, page.count, MAX_CASES)
