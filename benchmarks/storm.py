"""`python -m benchmarks.storm [--seconds 60] [--processes 8]`: processes that fight over the same cases.

Each opens cases as people do, remembers what it saw, and some moments later does any act to any of them or issues a
document; some of the documents are given up in mid-transaction. Cases are passed between a city, a district and its
stations, halves of submissions join the fight, and every other second all processes merge the same two reports, half of
them the other way round. Afterwards every case must have come to its state by one chain of acts that the tables allow,
each of which began where the one before had ended; whatever an act leaves behind must be there exactly once; the numbers
of the documents must be without a gap and without a twin; and the database must not have broken a deadlock.
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
from itertools import groupby

from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from benchmarks.measuring import end_cleanly_on_signals, fresh_database, machine
from cases.domain import WORKFLOWS, issue_document, perform, register_case
from cases.domain.acts import GROUNDS_OF, MAX_RETURNS, NOTICE, PAUSABLE, UNDECIDED, regimes_of
from cases.domain.clocks import EXTENDED
from cases.domain.registration import custody
from cases.enums import FINAL_STATES, Kind, PartyRole, State, Verb
from cases.models import (
    Case,
    CaseEvent,
    Document,
    DocumentSeries,
    Ground,
    Party,
    Supervision,
)
from core.exceptions import DomainError
from core.workflow import last_event_id
from registry.models import Agency

ROWS, OFFICERS = 24, 4
ABOVE = f"storm{OFFICERS}"  # the officer of the city, who sees every case
EVERY, WAIT = 2, 0.5  # seconds between merges that cross, and how long the processes wait for one another
ADDED, NARRATIVE, HALF = "补充材料", "测试", "另一半"


class GivenUp(Exception):
    """What breaks a transaction off in which a document had got its number."""


def prepare() -> None:
    """Cases of every kind in one district, officers there, above and below, who may do everything to them."""
    stations = Agency.objects.filter(kind="station", valid_to=None).order_by("code")
    district = stations[0].parent
    below = list(stations.filter(parent=district)[:2])
    agencies = [*[district] * OFFICERS, district.parent, *below]
    officers = [User.objects.create(username=f"storm{n}", agency=agency) for n, agency in enumerate(agencies)]
    for user in officers:
        user.groups.add(*Group.objects.filter(name__in=["officer", "approver"]))
    now = timezone.now() - dt.timedelta(days=3)
    for n in range(ROWS):
        register_case(
            actor=officers[0], kind=list(Kind)[n % 3], received_at=now, now=now, handling=district,
            people=[{"name": "测试", "phone": "13900000000"}], merchant_written="测试商店", narrative=NARRATIVE,
            demand="退款",
        )  # fmt: skip


def work(seconds: float, seed: int) -> collections.Counter:
    """One process's part of the fight; returns how often each act was done, and how often one was refused."""
    rng, done = random.Random(seed), collections.Counter()
    users = list(User.objects.filter(username__startswith="storm").order_by("pk"))
    agencies = list(Agency.objects.filter(pk__in={user.agency_id for user in users}).order_by("pk"))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if EVERY - time.time() % EVERY < WAIT:
            done.update(cross(seed))
            continue
        actor = User.objects.select_related("agency").get(pk=rng.choice(users).pk)
        # the halves that have been split off meanwhile, too, and now and then a case that has gone out of sight
        cases = Case.objects.visible_to(actor) if rng.random() < 0.95 else Case.objects.none()
        case = Case.objects.get(pk=rng.choice(keys(cases) or keys(Case.objects.all())))
        seen = last_event_id(case) if rng.random() < 0.7 else None
        if rng.random() < 0.2:
            try:
                with transaction.atomic():
                    issue_document(case, form=FORMS[case.kind], side="internal", actor=actor)
                    if rng.random() < 0.4:
                        raise GivenUp
                done["document"] += 1
            except (DomainError, GivenUp, PermissionDenied):
                done["no document"] += 1
            continue
        step = chosen(rng, case)
        data = given(rng, case, step, users, agencies, timezone.localdate())
        try:
            perform(case, step.verb, actor=actor, seen=seen, **data)
            done[str(step.verb)] += 1
        except DomainError:
            done["refused"] += 1
        except PermissionDenied:
            done["out of sight"] += 1
    return done


def cross(seed: int) -> list[str]:
    """Merge one of two reports into the other at the next full moment, as all processes do, half of them the other way
    round: what has been done."""
    actor = User.objects.select_related("agency").get(username=ABOVE)
    reports = Case.objects.filter(
        kind=Kind.REPORT, state__in=UNDECIDED, parties__role=PartyRole.REPORTER
    ).distinct()
    pair = list(reports.order_by("-pk")[:2])
    time.sleep(EVERY - time.time() % EVERY)
    if len(pair) < 2:
        return []
    case, target = pair if seed % 2 else reversed(pair)
    try:
        perform(case, Verb.MERGE, actor=actor, target=target, note="同一事实", new_facts=seed % 4 > 1)
    except DomainError:
        return ["refused"]
    return [str(Verb.MERGE)]


def keys(cases) -> list[int]:
    return list(cases.order_by("pk").values_list("pk", flat=True))


FORMS = {"complaint": "complaint_register", "report": "report_register", "inquiry": "complaint_register"}

# what holds between cases, and what ends
LINKING = (Verb.MERGE, Verb.SPLIT, Verb.DISPATCH, Verb.RETURN, Verb.REOPEN)


def chosen(rng: random.Random, case):
    """Any act; mostly one that the state of the case allows, as people do who look at its page."""
    table = list(WORKFLOWS[case.kind])
    if rng.random() < 0.85:
        table = [step for step in table if case.state in step.sources]
    return rng.choices(table, [4 if step.verb in LINKING else 1 for step in table])[0]


def given(rng: random.Random, case, step, users: list, agencies: list, today: dt.date) -> dict:
    """What an act needs, as far as it can be had of this case."""
    values = {
        "note": "按规定办理", "text": HALF if step.verb == Verb.SPLIT else ADDED, "officer": rng.choice(users),
        "mode": "remote", "both_consent": True, "side": rng.choice(["complainant", "respondent"]), "means": "phone",
        "told_on": today, "reached": "yes", "reply_due_on": today, "reason": "testing", "started_on": today,
        "ended_on": today, "document": "检测委托书", "identity": "verified", "goods": f"商品{rng.randrange(9)}",
        "merchant_written": f"商店{rng.randrange(9)}", "agency": rng.choice(agencies), "represented_agree": True,
        "role": rng.choice(ROLES), "name": "测试", "new_facts": rng.random() < 0.5, "lead": rng.random() < 0.2,
        "found_on": today,
        # two cases claim the same number
        "number": f"33010020261125{case.pk // 2:08d}",
    }  # fmt: skip
    data = {name: values[name] for name in (*step.needs, *step.takes) if name in values}
    if case.kind == Kind.REPORT:
        data.pop("merchant_written", None)  # a repeat is about the same merchant
    if "ground" in step.needs:
        data["ground"] = Ground.objects.for_case(case, GROUNDS_OF[step.verb]).order_by("?").first()
    if "supervision" in step.needs:
        data["supervision"] = case.supervisions.filter(replied_at=None).first() or Supervision(pk=0)
    if "party" in step.needs:
        data["party"] = case.parties.first() or Party(pk=0)
    if "representatives" in step.needs:
        data["representatives"] = list(
            case.parties.filter(role=PartyRole.CONSUMER).order_by("?")[: rng.choice([1, 2])]
        )
    if "regime" in step.needs:
        data["regime"] = rng.choice(regimes_of(case) or ["order20"])
    if "target" in step.needs:
        data["target"] = repeated(rng, case)
    return data


ROLES = (PartyRole.CONSUMER, PartyRole.REPORTER, PartyRole.INQUIRER, PartyRole.PROXY)


def repeated(rng: random.Random, case) -> Case:
    """The report that `case` repeats: mostly its neighbour, which is merged into it by others at the same moment."""
    reports = keys(Case.objects.filter(kind=Kind.REPORT))
    place = reports.index(case.pk) ^ 1
    near = place < len(reports) and rng.random() < 0.7
    return Case.objects.get(pk=reports[place] if near else rng.choice(reports))


def faults(done: dict | None = None) -> list[str]:
    """What is wrong after the fight, in which `done` was done; empty where nothing is."""
    found = []
    merged = {}
    for case in Case.objects.select_related("custodian", "origin").prefetch_related("events"):
        events = sorted(case.events.all(), key=lambda event: event.pk)
        checks = (_chain, _history, _clocks, _custody, _left_behind, _split)
        found += [f"{case}: {fault}" for check in checks for fault in check(case, events)]
        moves = [event for event in events if event.before != event.after]
        if moves and moves[-1].verb == Verb.MERGE:
            merged[case.pk] = case.origin_id
            if case.origin is None or moves[-1].data["number"] != case.origin.number:
                found.append(f"{case}: was merged into {moves[-1].data['number']} and names {case.origin}")
    for start, place in merged.items():
        way = {start}
        while place in merged and place not in way:
            way.add(place)
            place = merged[place]
        if place in way:
            found.append(f"cases {sorted(way)} are merged into each other, and none is handled")
    found += _repeats()
    for series in DocumentSeries.objects.all():
        issued = Document.objects.filter(agency=series.agency, form=series.form, year=series.year)
        serials = sorted(issued.values_list("serial", flat=True))
        if serials != list(range(1, series.last + 1)):
            found.append(f"{series}: numbers {serials} up to {series.last}")
    if done is not None:
        found += _counts(done)
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        if deadlocks := cursor.fetchone()[0]:
            found.append(f"{deadlocks} deadlocks were broken by the database")
    return found


def _chain(case, events):
    """Each act began where the one before had ended."""
    state, table = "", WORKFLOWS[case.kind]
    for event in events:
        if event.before != state:
            yield f"{event.verb} began in {event.before!r} while the case was in {state!r}"
        if event.verb in table and event.before not in table[event.verb].sources:
            yield f"{event.verb} was done in {event.before}"
        if event.verb not in table and event.before not in ("", event.after):
            yield f"{event.verb}, which is no act of the table, moved it to {event.after}"
        state = event.after
    if state != case.state:
        yield f"its acts end in {state}, and it is in {case.state}"


def _history(case, events):
    """The versions of the row tell the same as its acts, and end in the row."""
    versions = list(case.history.order_by("pgh_id"))
    told = [state for state, _same in groupby(event.after for event in events)]
    kept = [state for state, _same in groupby(version.state for version in versions)]
    if told != kept:
        yield f"its acts tell {told}, its history {kept}"
    for name in ("state", "outcome", "ground", "handling_id", "custodian_id", "officer_id", "regime"):
        if getattr(versions[-1], name) != getattr(case, name):
            yield f"its history ends with {name} {getattr(versions[-1], name)}, and it has {getattr(case, name)}"
    passed = [event for event in events if event.verb in (Verb.DISPATCH, Verb.RETURN)]
    held = [
        pair for pair, _same in groupby((version.handling_id, version.custodian_id) for version in versions)
    ]
    if [event.data["from"] for event in passed] != [handling for handling, _custodian in held[:-1]]:
        yield f"it was passed on from {[event.data['from'] for event in passed]}, and its history tells {held}"


def _clocks(case, events):
    """No term runs twice for one side, and of a case that has ended only those within which someone is told."""
    base = {extended: code for code, extended in EXTENDED.items()}
    clocks = case.clocks.filter(stopped_on=None).select_related("rule")
    running = collections.Counter(
        (base.get(clock.rule.code, clock.rule.code), clock.side) for clock in clocks
    )
    doubled = [term for term, n in running.items() if n > 1]
    if doubled:
        yield f"terms run twice: {doubled}"
    late = sorted({code for code, _side in running} - {NOTICE, "report.inform"})
    if late and case.state in (State.ENDED, *FINAL_STATES):
        yield f"it has ended ({case.state}), and {', '.join(late)} runs on"
    if case.state not in PAUSABLE and case.pauses.filter(ended_on=None).exists():
        yield f"it is paused in the state {case.state}"


def _custody(case, events):
    """One agency has it, and passed on it has been no more often than may be."""
    if case.handling_id not in (None, case.custodian_id):
        yield f"it is handled by {case.handling_id} and held by {case.custodian_id}"
    wrong = {name: value for name, value in custody(case.custodian).items() if getattr(case, name) != value}
    if wrong:
        yield f"the agencies above its own are wrong: {wrong}"
    passed = [event for event in events if event.verb in (Verb.DISPATCH, Verb.RETURN)]
    if passed and (case.handling_id is None) != (passed[-1].verb == Verb.RETURN):
        yield f"it is handled by {case.handling_id} after {[event.verb for event in passed]}"
    if sum(event.verb == Verb.RETURN for event in passed) > MAX_RETURNS:
        yield f"it was returned more than {MAX_RETURNS} times"


def _left_behind(case, events):
    """What acts add to a case is there as often as they were done."""
    times = collections.Counter(event.verb for event in events)
    split = events[0].data.get("split_from")
    expected = {
        "supplements": (case.narrative.count(ADDED), times[Verb.SUPPLEMENT]),
        "demands": (case.supervisions.count(), times[Verb.URGE] + times[Verb.SUPERVISE]),
        "replies": (case.supervisions.exclude(replied_at=None).count(), times[Verb.REPLY]),
        "call-backs": (case.call_backs.count(), times[Verb.CALL_BACK]),
        "documents": (case.documents.count(), times[Verb.ISSUE]),
        "pauses": (case.pauses.count(), times[Verb.PAUSE]),
        "extensions": (case.extensions.count(), times[Verb.ASK_EXTENSION]),
        "extensions granted": (case.extensions.filter(granted=True).count(), times[Verb.GRANT_EXTENSION]),
        "extensions denied": (case.extensions.filter(granted=False).count(), times[Verb.DENY_EXTENSION]),
    }
    if not split:  # how many people a half began with depends on when it was split off
        expected["people"] = (case.parties.count(), 1 + times[Verb.JOIN])
    for what, (there, done) in expected.items():
        if there != done:
            yield f"{there} {what} after {done} acts"
    acting = case.parties.exclude(representative=None).values_list("representative", flat=True)
    if sorted(acting) not in ([], [1], [1, 2]):
        yield f"its representatives are {sorted(acting)}"


def _split(case, events):
    """A submission has one other half, whatever leads are found besides."""
    splits = [event for event in events if event.verb == Verb.SPLIT]
    halves = CaseEvent.objects.filter(verb=Verb.REGISTER, data__split_from=case.number).order_by("pk")
    named, there = [event.data["number"] for event in splits], [event.case.number for event in halves]
    mixed = [event.data["number"] for event in splits if not event.data.get("lead")]
    if named != there or len(mixed) > 1:
        yield f"it was split into {named}, and {there} were split from it"
    if mixed and "split_from" in events[0].data:
        yield f"it is a half of {events[0].data['split_from']} and was split again into {mixed}"


def _repeats():
    """The two cases of a merge tell of it alike."""
    told = {
        verb: collections.Counter(
            CaseEvent.objects.filter(verb=verb).values_list("case__number", "data__number")
        )
        for verb in (Verb.MERGE, Verb.RECEIVE_REPEAT)
    }
    received = collections.Counter({(two, one): n for (one, two), n in told[Verb.RECEIVE_REPEAT].items()})
    if told[Verb.MERGE] != received:
        yield f"merges {dict(told[Verb.MERGE])} are known as {dict(received)} by the earlier reports"


def _counts(done: dict):
    """As many events as acts that were done, and nothing more."""
    events = collections.Counter(CaseEvent.objects.values_list("verb", flat=True))
    verbs = {step.verb for workflow in WORKFLOWS.values() for step in workflow}
    expected = {str(verb): done.get(verb, 0) for verb in verbs} | {
        str(Verb.REGISTER): ROWS + done.get(Verb.SPLIT, 0), str(Verb.RECEIVE_REPEAT): done.get(Verb.MERGE, 0),
        str(Verb.ISSUE): done.get("document", 0),
    }  # fmt: skip
    for verb in sorted(expected.keys() | events.keys()):
        if events[verb] != expected.get(verb, 0):
            yield f"{verb} was done {expected.get(verb, 0)} times and has {events[verb]} events"
    if Case.objects.count() != expected[Verb.REGISTER]:
        yield f"{Case.objects.count()} cases were registered {expected[Verb.REGISTER]} times"


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
        "faults": faults(None if failed else done),
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
