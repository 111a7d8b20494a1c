"""What an act on a pledge or an inspection says besides its verb, its day and its note, in words."""

from collections.abc import Callable, Iterable
from functools import cached_property

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core.language import in_language, listed
from core.text import mask_numbers
from pledges.enums import (
    EvaluationResult,
    FindingResult,
    Freight,
    InspectionMode,
    InspectionVerb,
    Level,
    Origin,
    Pool,
    PromiseField,
    Stage,
)
from pledges.models import (
    ChecklistItem,
    Evaluation,
    Inspection,
    InspectionEvent,
    Opinion,
    Pledge,
    PledgeEvent,
)
from registry.models import Merchant

Part = Callable[[object], str | SafeString]  # of what the event keeps under a name


def of_pledge(event: PledgeEvent) -> str | SafeString:
    """The details of an act on a pledge; "" where there are none."""
    if event.verb == "identify":
        return _merchants(event.data)
    return _joined(part(event.data[name]) for name, part in OF_PLEDGE.items() if _is_said(event.data.get(name)))


class InspectionDetails:
    """The details of the acts on one inspection. Items and photos are asked for once, where an act names any."""

    def __init__(self, inspection: Inspection):
        self.inspection = inspection

    def __call__(self, event: InspectionEvent) -> str | SafeString:
        data, parts = event.data, []
        for name, part in OF_INSPECTION.items():
            if _is_said(data.get(name)):
                parts.append(part(data[name]))
        if data.get("follows"):
            parts.append(_("Inspected again after %(day)s") % {"day": self.inspection.follows.visited_on})
        if event.verb == InspectionVerb.FIND and "findings" in data:
            parts.append(self._revised(data.get("before", {}), data["findings"]))
        elif "findings" in data:
            parts.append(_counted(data["findings"]))
        if "photo" in data:
            parts.append(_written(_("Photo"), self._photos.get(data["photo"], "")))
        return _joined(parts)

    @cached_property
    def _items(self) -> dict[str, str]:
        return {item.code: item.label for item in ChecklistItem.objects.filter(type=self.inspection.type_id)}

    @cached_property
    def _photos(self) -> dict[int, str]:
        return dict(self.inspection.photos.values_list("pk", "name"))

    def _revised(self, before: dict[str, str], after: dict[str, str]) -> str:
        """Each item whose result is another, with what it was and what it is."""
        turned = []
        for code in dict.fromkeys([*after, *before]):
            was, now = before.get(code), after.get(code)
            if was != now:
                named = {"item": self._items.get(code, code), "result": _result(now), "before": _result(was)}
                turned.append(_("%(item)s: %(result)s, before: %(before)s") % named)
        return in_language("；", "; ").join(turned) or _("The results are the same")


def _is_said(value) -> bool:
    return value is not None and value != ""


def _joined(parts: Iterable[str | SafeString]) -> str | SafeString:
    return format_html_join(in_language("；", "; "), "{}", ((part,) for part in parts))


def _said(label, value) -> str:
    return f"{capfirst(str(label))}{in_language('：', ': ')}{value}"


def _written(label, value) -> SafeString:
    """What somebody wrote stays as it is, with numbers of persons masked."""
    text = mask_numbers(str(value)) or "-"
    return format_html('{}{}<span translate="no">{}</span>', capfirst(str(label)), in_language("：", ": "), text)


def _labelled(model, name: str, *, written: bool = False) -> Part:
    """Under the name that the field of the model bears."""
    field = model._meta.get_field(name)
    return lambda value: (_written if written else _said)(field.verbose_name, value)


def _chosen(choices) -> Part:
    return lambda value: str(choices(value).label)


def _promised(before: dict) -> str | SafeString:
    """What stood in the parts of the promise that are revised."""
    parts = []
    for field in PromiseField:
        if field in before:
            value = before[field]
            shown = Freight(value).label if field == PromiseField.FREIGHT and value else value
            parts.append(_written(field.label, "" if shown is None else shown))
    if not parts:
        return _("The promise is the same")
    return format_html("{}{}{}", _("Before"), in_language("：", ": "), _joined(parts))


def _taken_up(previous: int) -> str:
    day = Pledge.objects.filter(pk=previous).values_list("published_on", flat=True).first()
    return _("Takes up the pledge of %(day)s again") % {"day": day}


def _merchants(data: dict) -> str | SafeString:
    names = dict(Merchant.objects.filter(pk__in=[data["merchant"], data["before"]]).values_list("pk", "name"))
    return _joined([
        _written(_("Merchant"), names.get(data["merchant"], "")), _written(_("Before"), names.get(data["before"], "")),
    ])  # fmt: skip


def _favourable(value: bool) -> str:
    return _("In favour") if value else _("Against")


def _result(result: str | None) -> str:
    return str(FindingResult(result).label) if result else "-"


def _counted(findings: dict[str, str]) -> str:
    """How many items there are of each result."""
    found = list(findings.values())
    return listed(f"{one.label} {found.count(one)}" for one in FindingResult if one in found)


# by the name under which an event keeps it, in the order in which it is told
OF_PLEDGE: dict[str, Part] = {
    "origin": _chosen(Origin), "previous": _taken_up, "before": _promised, "stage": _chosen(Stage),
    "favourable": _favourable, "body": _labelled(Opinion, "body", written=True),
    "person": _labelled(Opinion, "person", written=True), "given_on": _labelled(Opinion, "given_on"),
    "text": _labelled(Opinion, "text", written=True), "year": _labelled(Evaluation, "year"),
    "result": _chosen(EvaluationResult), "level": _chosen(Level), "pool": _chosen(Pool),
    "valid_to": _labelled(Pledge, "valid_to"), "plaque": _labelled(Pledge, "plaque", written=True),
    "correct_by": _labelled(Pledge, "correct_by"), "line": lambda line: _("Line %(line)d of a file") % {"line": line},
}  # fmt: skip
OF_INSPECTION: dict[str, Part] = {
    "planned_on": _labelled(Inspection, "planned_on"), "mode": _chosen(InspectionMode),
    "visited_on": _labelled(Inspection, "visited_on"), "correct_by": _labelled(Inspection, "correct_by"),
    "corrected_on": _labelled(Inspection, "corrected_on"),
}  # fmt: skip
