"""The warning letter: what a merchant is told in writing once a breach of its pledge is confirmed and it was warned.

It is one of the documents of the case, made out in the name of the agency that keeps the pledge and kept with the breach;
made out anew, it makes the one before void. The merchant learns from it what it promised and what was found, and never
who complained (Order 121, art 37). Of the case it tells no more than whoever keeps the pledge may read: its number, its
day of receipt, and what it is about.
"""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.utils import translation
from django.utils.translation import gettext as _

from cases.domain import issue_document, void_document
from cases.domain.contents import day_in_words
from cases.enums import Addressee, DocumentForm
from cases.models import Case, Document
from core.text import mask_numbers
from core.workflow import Act
from pledges.domain.evidence import BINDS_SINCE, promise_of
from pledges.enums import BreachVerb
from pledges.models import Breach, Pledge

REGULATION = "《中华人民共和国消费者权益保护法实施条例》第十二条"
RIGHTS_LAW = "《中华人民共和国消费者权益保护法》第十六条"


def letter_of(breach: Breach) -> Document | None:
    """The letter that stands: the last one made out that is not void."""
    return breach.documents.filter(voided_at__isnull=True).defer("values").order_by("created_at", "pk").last()


def proposed(breach: Breach) -> dict[str, str]:
    """What may stand in the letter before anybody has typed: why the breach was confirmed, and what was warned of."""
    return {"findings": _said(breach, BreachVerb.CONFIRM), "warned_of": _said(breach, BreachVerb.WARN)}


def why_no_letter(breach: Breach, user) -> str:
    return "" if _last(breach, BreachVerb.WARN) else _("The merchant has not been warned.")


def make_out_letter(act: Act) -> None:
    """Make out the letter, and declare the one that stood void. Raises PermissionDenied for whoever does not keep the
    pledge, and as issue_document."""
    breach, pledge = act.obj, act.obj.pledge
    if not Pledge.objects.visible_to(act.actor).filter(pk=pledge.pk).exists():
        raise PermissionDenied
    # the keeper of the pledge may not see the case
    among = Case.objects.filter(pk=breach.case_id)
    for outdated in breach.documents.filter(voided_at__isnull=True):
        void_document(outdated, reason=_("The letter was made out anew."), actor=act.actor, now=act.now, among=among)
        act.facts["voided"] = outdated.number
    # what the letter says stands in it, encrypted, and not in the event
    texts = {name: mask_numbers(act.data.pop(name, "") or said) for name, said in proposed(breach).items()}
    document = issue_document(
        breach.case, form=DocumentForm.WARNING_LETTER, side=Addressee.RESPONDENT, actor=act.actor, now=act.now,
        among=among, agency=pledge.agency, values=contents_of(breach) | texts,
    )  # fmt: skip
    breach.documents.add(document)
    act.facts |= {"document": document.pk, "number": document.number}


def contents_of(breach: Breach) -> dict[str, object]:
    """What the letter tells of the pledge, the complaint and the clock, in the language of official documents."""
    pledge, case = breach.pledge, breach.case
    premises = pledge.premises
    with translation.override("zh-hans"):
        promise = "\n".join(f"{fact.label}：{fact.value}" for fact in promise_of(pledge))
    about = (case.category, case.problem)
    return {
        "pledger": premises.merchant.name,
        "premises": "，".join(filter(None, (premises.name, premises.region.name, premises.address))),
        "pledge_type": pledge.type.name,
        "pledge_number": pledge.plaque or pledge.external_number,
        "pledge_term": f"{day_in_words(pledge.published_on)}至{day_in_words(pledge.valid_to)}",
        "promise": promise or pledge.type.name,
        "dispute": "、".join(dict.fromkeys(one.name for one in about if one)),
        "warned_on": _warned_on(breach),
        "correct_by": breach.due_on,
        "legal_basis": REGULATION if breach.counts_on >= BINDS_SINCE else RIGHTS_LAW,
    }


def _warned_on(breach: Breach) -> dt.date:
    return dt.date.fromisoformat(_last(breach, BreachVerb.WARN).data["on"])


def _said(breach: Breach, verb: str) -> str:
    event = _last(breach, verb)
    return mask_numbers(event.note) if event else ""


def _last(breach: Breach, verb: str):
    return breach.events.filter(verb=verb).order_by("-pk").first()
