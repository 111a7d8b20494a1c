"""Bulk acts in the states that tests of them begin with, and what has become of them."""

from cases.domain import confirm_bulk, prepare_bulk
from cases.enums import Verb
from cases.models import BulkAct
from tests.factories.cases import local

NOW = local(2026, 11, 20, 10)


def prepare(actor, cases, verb=Verb.TAKE, **given) -> BulkAct:
    """Chosen, and not confirmed."""
    return prepare_bulk(actor=actor, verb=verb, case_ids=[case.pk for case in cases], list="cases", now=NOW, **given)


def queue(actor, cases, verb=Verb.TAKE, data=None, **given) -> BulkAct:
    """Confirmed, and still to be done."""
    act = prepare(actor, cases, verb, **given)
    assert confirm_bulk(act, actor=actor, data=data or {}, now=NOW)
    act.refresh_from_db()
    return act


def outcomes(act) -> list[str]:
    return list(act.rows.order_by("position").values_list("outcome", flat=True))


def state(act) -> str:
    return BulkAct.objects.get(pk=act.pk).state
