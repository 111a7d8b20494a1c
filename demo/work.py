"""The officers' work of the last weeks in one district of the demo city: calls that were registered, and acts on what is
open. Each goes through the same verbs as anyone's, on a day on which it could have been done."""

import datetime as dt
import random
import tomllib
from pathlib import Path

from django.utils import timezone

from accounts.models import User
from cases.domain import available_acts, confirm_bulk, perform, prepare_bulk, register_case, run_bulk_acts
from cases.domain.acts import GROUNDS_OF
from cases.enums import Kind, Verb
from cases.models import Case, CaseEvent, Ground
from core.exceptions import DomainError
from registry.models import Category, Channel, Problem, Region

WORKED_ON = 70  # open cases
HERE = Path(__file__).resolve().parent


class Work:
    """`now` goes on with each act of a case, from its receipt to the demo's day at most."""

    def __init__(self, *, seed: int, today: dt.date):
        self.rng = random.Random(f"{seed}/work")
        with open(HERE / "data" / "work.toml", "rb") as file:
            self.words = tomllib.load(file)
        self.people = {user.username: user for user in User.objects.select_related("agency")}
        self.officer, self.colleague, self.head = (self.people[name] for name in ("officer", "colleague", "approver"))
        self.end = end_of(today)

    def do(self) -> int:
        """Work on the newest open cases of the district and register some calls; returns the number of acts done."""
        before = CaseEvent.objects.count()
        for call in self.words["call"]:
            self._call(call)
        rows = Case.objects.open().filter(custodian=self.officer.agency, received_at__lt=self.end, events=None)
        for n, case in enumerate(rows.order_by("-received_at", "-pk")[:WORKED_ON]):
            ways = self.words["way"][case.kind]
            self._follow(case, ways[n % len(ways)], self._someone())
        self._at_once()
        return CaseEvent.objects.count() - before

    def _at_once(self) -> None:
        """The head of the unit gives a handful of cases to an officer in one go; some have one already."""
        open_ones = Case.objects.open().filter(custodian=self.officer.agency, received_at__lt=self.end)
        chosen = [*open_ones.filter(officer=None)[:6], *open_ones.filter(officer=self.colleague)[:2]]
        if chosen:
            ids = [case.pk for case in chosen]
            act = prepare_bulk(
                actor=self.head, verb=Verb.ASSIGN, case_ids=ids, chosen=len(ids), list="cases", now=self.end
            )
            confirm_bulk(act, actor=self.head, data={"officer": self.colleague.pk}, now=self.end)
            run_bulk_acts(only=act, now=self.end)

    def _someone(self):
        return self.rng.choice((self.officer, self.colleague))

    def _call(self, call: dict) -> None:
        """A person calls; the officer takes it down and goes on with it."""
        received_at = self.end - dt.timedelta(days=call["days_ago"], minutes=self.rng.randrange(400))
        case = register_case(
            actor=self.officer, kind=call["kind"], received_at=received_at, now=received_at + dt.timedelta(minutes=6),
            handling=self.officer.agency, people=call["people"], merchant_written=call["merchant"],
            channel=Channel.objects.get(code="12315-phone"), narrative=call["narrative"], demand=call.get("demand", ""),
            claimed=call.get("claimed"), goods=call.get("goods", ""), sales_mode=call.get("sales_mode", ""),
            region=Region.objects.filter(code=self.officer.agency.region.code).order_by("-valid_from").first(),
            category=Category.objects.filter(scheme="12315", code=call["category"]).first(),
            problem=Problem.objects.filter(scheme="12315", code=call["problem"]).first(),
        )  # fmt: skip
        self._follow(case, call["way"], self.officer)

    def _follow(self, case: Case, way: list[str], officer) -> None:
        """Do the acts of `way` one after another, as far as they are legal and time allows."""
        now = case.received_at + dt.timedelta(hours=1)
        for verb in way:
            now += dt.timedelta(hours=self.rng.randrange(3, 30))
            if now >= self.end:
                return
            actor = self._actor(verb, officer)
            if verb not in {step.verb for step in available_acts(case, actor)}:
                return
            try:
                perform(case, verb, actor=actor, now=now, **self._given(case, verb, now))
            except DomainError:  # such as a day before the start of a term: this case is left as it is
                return

    def _actor(self, verb: str, officer):
        if verb in (Verb.ASSIGN, Verb.SUPERVISE, Verb.GRANT_EXTENSION, Verb.DENY_EXTENSION, Verb.REOPEN):
            return self.head
        if verb == Verb.CALL_BACK:
            return self.colleague if officer == self.officer else self.officer
        return officer

    def _given(self, case: Case, verb: str, now: dt.datetime) -> dict:
        """What the act needs, in words that such a case could have."""
        day = timezone.localdate(now)
        texts = self.words["text"]
        match verb:
            case Verb.ASSIGN:
                return {"officer": self._someone()}
            case Verb.MEDIATE:
                return {"mode": self.rng.choice(("remote", "on_site")), "both_consent": True}
            case Verb.PAUSE:
                return {"reason": "testing", "started_on": day, "document": texts["pause"].format(n=case.pk % 900 + 100)}
            case Verb.RESUME:
                return {"ended_on": day}
            case Verb.INFORM:
                waiting = case.clocks.filter(stopped_on=None, rule__code="complaint.notify_end").order_by("-side")
                side = waiting.values_list("side", flat=True).first()
                return {"means": "phone", "told_on": day} | ({"side": side} if case.kind == Kind.COMPLAINT else {})
            case Verb.URGE | Verb.SUPERVISE:
                return {"text": self.rng.choice(texts[verb]), "reply_due_on": day + dt.timedelta(days=3)}
            case Verb.REPLY:
                return {"supervision": case.supervisions.filter(replied_at=None).first(), "text": texts["reply"]}
            case Verb.SPLIT:
                return {"text": texts["split"]}
            case Verb.CALL_BACK:
                return {"reached": "yes", "satisfaction": self.rng.choice(("very_satisfied", "satisfied", "fair"))}
            case Verb.REFUSE | Verb.NOT_FILE | Verb.RETURN | Verb.FAIL:
                grounds = Ground.objects.for_case(case, GROUNDS_OF[verb])
                if verb == Verb.FAIL:
                    grounds = grounds.filter(outcome="failed", after_term=False)
                return {"ground": grounds.first(), "note": texts["decision"]}
            case Verb.ASK_EXTENSION | Verb.DENY_EXTENSION | Verb.REOPEN | Verb.ANSWER:
                return {"note": texts[verb]}
        return {}


def end_of(today: dt.date) -> dt.datetime:
    """Until when people have worked in the demo: the end of its day, and no later than now."""
    return min(timezone.now(), dt.datetime.combine(today, dt.time(17), timezone.get_default_timezone()))


def has_been_done() -> bool:
    """Whether anybody has worked on a case here; then the demo adds nothing."""
    return CaseEvent.objects.exists()
