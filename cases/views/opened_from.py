"""The list from which a case was opened: pages about the case carry its query in their addresses, and lead back."""

from django.urls import reverse
from django.utils.translation import gettext as _

from cases.views.lists import CaseList
from cases.views.queue import WorkQueue

OF_THE_CASE = ("list", "at")  # which list it is, and the place of the case in it


def from_queue(request) -> bool:
    """Whether it was the work queue; where the address names none it is the list of cases."""
    return request.GET.get("list") == WorkQueue.list_name


def opened_from(request) -> dict:
    """For the page's context: the `list_query` that its address carries, as `list_suffix` of further addresses; what
    the list is called, under which heading of the menu it stands, and its address as it was (`back`)."""
    page = WorkQueue if from_queue(request) else CaseList
    query = request.GET.copy()
    carried = query.urlencode()
    for name in OF_THE_CASE:
        query.pop(name, None)
    if query.get("sort") == page.default_sort:
        query.pop("sort")
    path = reverse(page.list_view)
    return {
        "list_query": carried,
        "list_suffix": f"?{carried}" if carried else "",
        "list_label": page.list_label,
        "list_group": _("Casework") if page is WorkQueue else _("Supervision"),
        "back": f"{path}?{query.urlencode()}" if query else path,
    }
