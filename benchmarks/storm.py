"""`python -m benchmarks.storm [--seconds 60] [--processes 8]`: processes that fight over the same cases.

Each opens cases as people do, remembers what it saw, and some moments later does any act to any of them or issues a
document; some of the documents are given up in mid-transaction. Afterwards every case must have come to its state by one
chain of acts that the tables allow, each of which began where the one before had ended, and the numbers of the documents
must be without a gap and without a twin.
"""

import argparse
import collections
import datetime as dt
import json
import os
import random
import subprocess
import sys
import time

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from benchmarks.measuring import end_cleanly_on_signals, fresh_database, machine
from cases.domain import WORKFLOWS, issue_document, perform, register_case
from cases.enums import Kind
from cases.forms.acts import PURPOSES
from cases.models import Case, Document, DocumentSeries, Ground, Supervision
from core.exceptions import DomainError
from core.workflow import last_event_id
from registry.models import Agency

ROWS, OFFICERS = 24, 4


class GivenUp(Exception):
    """What breaks a transaction off in which a document had got its number."""


def prepare() -> None:
    """Cases of every kind in one district, and officers who may do everything to them."""

    district = Agency.objects.filter(kind="bureau", parent__isnull=False, valid_to=None).order_by("code")[0]
    officers = [User.objects.create(username=f"storm{n}", agency=district) for n in range(OFFICERS)]
    for user in officers:
        user.groups.add(*Group.objects.filter(name__in=["officer", "approver"]))
    now = timezone.now() - dt.timedelta(days=3)
    for n in range(ROWS):
        register_case(
            actor=officers[0], kind=list(Kind)[n % 3], received_at=now, now=now, handling=district,
            people=[{"name": "测试", "phone": f"139000{n:05d}"}], merchant_written="测试商店", narrative="测试",
            demand="退款",
        )  # fmt: skip


def work(seconds: float, seed: int) -> collections.Counter:
    """One process's part of the fight; returns how often each act was done, and how often one was refused."""

    rng, done = random.Random(seed), collections.Counter()
    users = list(User.objects.filter(username__startswith="storm").order_by("pk"))
    keys = list(Case.objects.order_by("pk").values_list("pk", flat=True)[:ROWS])
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        actor = User.objects.select_related("agency").get(pk=rng.choice(users).pk)
        case = Case.objects.get(pk=rng.choice(keys))
        seen = last_event_id(case) if rng.random() < 0.7 else None
        if rng.random() < 0.2:
            try:
                with transaction.atomic():
                    issue_document(case, form=FORMS[case.kind], side="internal", actor=actor)
                    if rng.random() < 0.4:
                        raise GivenUp
                done["document"] += 1
            except (DomainError, GivenUp):
                done["no document"] += 1
            continue
        step = rng.choice([step for step in WORKFLOWS[case.kind] if step.verb not in LEFT_OUT])
        try:
            perform(
                case, step.verb, actor=actor, seen=seen, **given(rng, case, step, users, timezone.localdate())
            )
            done[str(step.verb)] += 1
        except DomainError:
            done["refused"] += 1
    return done


FORMS = {"complaint": "complaint_register", "report": "report_register", "inquiry": "complaint_register"}
LEFT_OUT = {
    "merge",
    "split",
    "join",
    "dispatch",
    "return_to_intake",
    "change_regime",
    "supplement",
    "represent",
}


def given(rng: random.Random, case, step, users: list, today: dt.date) -> dict:
    """What an act needs, as far as it can be had of this case."""
    values = {
        "note": "按规定办理", "text": "请尽快办理", "officer": rng.choice(users), "mode": "remote", "both_consent": True,
        "side": rng.choice(["complainant", "respondent"]), "means": "phone", "told_on": today, "reached": "yes",
        "reply_due_on": today, "reason": "testing", "started_on": today, "ended_on": today, "document": "检测委托书",
        "identity": "verified", "number": f"33010020261125{case.pk:08d}", "goods": f"商品{rng.randrange(9)}",
    }  # fmt: skip
    data = {name: values[name] for name in (*step.needs, *step.takes) if name in values}
    if step.verb not in ("enter_national", "file"):
        data.pop("number", None)
    if "ground" in step.needs:
        data["ground"] = Ground.objects.for_case(case, PURPOSES[step.verb]).order_by("?").first()
    if "supervision" in step.needs:
        data["supervision"] = case.supervisions.filter(replied_at=None).first() or Supervision(pk=0)
    if "party" in step.needs:
        data["party"] = case.parties.first()
    return data


def faults() -> list[str]:
    """What is wrong after the fight; empty where nothing is."""
    found = []
    for case in Case.objects.prefetch_related("events"):
        state = ""
        for event in sorted(case.events.all(), key=lambda event: event.pk):
            if event.before != state:
                found.append(
                    f"{case}: {event.verb} began in {event.before!r} while the case was in {state!r}"
                )
            table = WORKFLOWS[case.kind]
            if event.verb in table and event.before not in table[event.verb].sources:
                found.append(f"{case}: {event.verb} was done in {event.before}")
            if event.verb not in table and event.before not in ("", event.after):
                found.append(f"{case}: {event.verb}, which is no act of the table, moved it to {event.after}")
            state = event.after
        if state != case.state:
            found.append(f"{case}: its acts end in {state}, and it is in {case.state}")
        running = [clock.rule_id for clock in case.clocks.filter(stopped_on=None)]
        if len(running) != len(set(running)) and case.state != "ended":
            found.append(f"{case}: a term runs twice")
    for series in DocumentSeries.objects.all():
        issued = Document.objects.filter(agency=series.agency, form=series.form, year=series.year)
        serials = sorted(issued.values_list("serial", flat=True))
        if serials != list(range(1, series.last + 1)):
            found.append(f"{series}: numbers {serials} up to {series.last}")
    return found


def fight(url: str, *, seconds: float, processes: int) -> dict:
    """Let `processes` fight on the database of `url`, which this process is connected to; returns what was done."""
    prepare()
    command = [sys.executable, "-m", "benchmarks.storm", "--worker"]
    children = [
        subprocess.Popen(  # noqa: S603 - our own module
            [*command, str(seed), "--seconds", str(seconds)], env=os.environ | {"DATABASE_URL": url},
            stdout=subprocess.PIPE, text=True,
        )
        for seed in range(processes)
    ]  # fmt: skip
    done, failed = collections.Counter(), 0
    for child in children:
        output, _errors = child.communicate(timeout=seconds + 120)
        failed += child.returncode != 0
        if child.returncode == 0:
            done.update(json.loads(output.splitlines()[-1]))
    return {
        "processes": processes,
        "seconds": seconds,
        "crashed": failed,
        "done": dict(done),
        "faults": faults(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        print(json.dumps(work(options.seconds, options.worker)))
        return

    end_cleanly_on_signals()
    with fresh_database("storm") as url:
        result = fight(url, seconds=options.seconds, processes=options.processes)
        print(json.dumps({"storm": result, "machine": machine()}, ensure_ascii=False))
    sys.exit(bool(result["faults"] or result["crashed"]))


if __name__ == "__main__":
    main()
