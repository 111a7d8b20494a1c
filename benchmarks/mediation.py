"""How quick the mediators' pages are: `python -m benchmarks.mediation --cases N --sessions N`, progress on stderr, JSON
on stdout.

The stock of the work queue's measurement, and sessions on it: past ones of closed cases, coming ones of open cases, an
hour each, four a day for each mediator. The mediation of one case in nine is entrusted to a consumer council. The
administration is asked for its pages by a mediator of a station, the head of a district, a mediator of the whole city,
and the head of the councils.
"""

import argparse
import json
from collections.abc import Iterator

from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from benchmarks import queue
from benchmarks.answers import MEDIATION_MS, RUNS, measure_page, summary
from benchmarks.measuring import end_cleanly_on_signals, fresh_database, machine, say, settle
from cases.models import Case
from mediation.models import Entrustment, Mediator, Room, Session
from registry.models import Agency

OF_COUNCIL = 8  # mediators
# in force as long as the case is open
ENTRUSTMENTS = """
INSERT INTO mediation_entrustment
       (case_id, agency_id, complainant_agrees, respondent_agrees, note, entrusted_at, entrusted_by_id, ended_at,
        ended_by_id, ended_because)
SELECT id, councils[id % cardinality(councils) + 1], true, true, '', accepted_at, boss, closed_at,
       CASE WHEN state = 'closed' THEN boss END, CASE WHEN state = 'closed' THEN '调解结束' ELSE '' END
  FROM cases_case,
       (SELECT array_agg(id ORDER BY id) AS councils FROM registry_agency
         WHERE kind = 'council' AND valid_to IS NULL) AS bodies,
       (SELECT min(id) AS boss FROM accounts_user) AS people
 WHERE state IN ('accepted', 'mediating', 'closed') AND cases_case.id % 9 = 0"""
SESSIONS = """
INSERT INTO mediation_session
       (created_at, updated_at, case_id, agency_id, mediator_id, period, mode, room_id, place, link, state, outcome,
        minutes, held_at)
SELECT now(), now(), case_id, agency, mediator, tstzrange(start, start + interval '1 hour'), 'remote', NULL, '',
       '会议号 315', CASE WHEN open THEN 'scheduled' ELSE 'held' END, CASE WHEN open THEN '' ELSE 'agreement' END,
       CASE WHEN open THEN '' ELSE '双方到场，同意退款。' END, CASE WHEN NOT open THEN start + interval '1 hour' END
  FROM (SELECT *, date_trunc('day', now()) + (CASE WHEN open THEN n / 4 ELSE -1 - n / 4 END) * interval '1 day'
                  + (ARRAY[1, 2.5, 6, 7.5])[n %% 4 + 1] * interval '1 hour' AS start
          FROM (SELECT k.id AS case_id, m.agency_id AS agency, m.id AS mediator, state = 'accepted' AS open,
                       (row_number() OVER (PARTITION BY m.id, state = 'accepted' ORDER BY k.id DESC))::int - 1 AS n
                  FROM cases_case AS k JOIN desks AS d ON d.officer = k.officer_id
                  LEFT JOIN mediation_entrustment AS e ON e.case_id = k.id
                  JOIN mediation_mediator AS m
                    ON m.name = CASE WHEN e.id IS NULL THEN d.place::text ELSE e.agency_id || '-' || k.id %% %s END
                 WHERE state IN ('accepted', 'closed')) AS numbered
         ORDER BY n, case_id DESC LIMIT %s) AS placed"""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mediation", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=1_000_000, help="default 1,000,000")
    parser.add_argument("--open", type=int, default=40_000, help="of them open (default 40,000)")
    parser.add_argument("--sessions", type=int, default=300_000, help="default 300,000")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"how often each page is timed (default {RUNS})")
    options = parser.parse_args(arguments)
    end_cleanly_on_signals()
    with fresh_database("mediation"):
        queue.build(options.cases, options.open)
        build(options.sessions)
        settle()
        pages = {
            name: measure_page(client, name, url, runs=options.runs)
            for name, (client, url) in _pages()
        }
        found = summary([pages], most_ms=MEDIATION_MS)
        found |= {
            "cases": Case.objects.count(), "sessions": Session.objects.count(),
            "entrusted": Entrustment.objects.filter(ended_at=None).count(), "pages": pages,
        }  # fmt: skip
        print(json.dumps(found | {"machine": machine()}, ensure_ascii=False))


def build(sessions: int) -> None:
    """A mediator for each desk and some for each council, two rooms for each station, and the newest sessions."""
    say(f"writing {sessions:,} sessions")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mediation_mediator (created_at, updated_at, name, agency_id, languages)"
            " SELECT now(), now(), place, station, '{}' FROM desks"
        )
        Mediator.objects.bulk_create(
            [
                Mediator(agency=agency, name=f"{agency.pk}-{number}")
                for agency in Agency.objects.filter(kind="council", valid_to=None) for number in range(OF_COUNCIL)
            ]
        )
        cursor.execute(ENTRUSTMENTS)
        cursor.execute(SESSIONS, [OF_COUNCIL, sessions])
        Room.objects.bulk_create(
            [Room(agency=agency, name=name) for agency in Agency.objects.filter(kind="station") for name in ("一", "二")]
        )
        cursor.execute("VACUUM ANALYZE")


def _pages() -> Iterator[tuple[str, tuple[Client, str]]]:
    """The pages of every reader, by name."""
    today = timezone.localdate()
    base = "/admin/mediation"
    for reader, client, agency in _readers():
        session = Session.objects.scheduled().filter(agency__in=agency.ids_within).order_by("?").first()
        mediator = Mediator.objects.filter(agency__in=agency.ids_within).first()
        chosen = agency.children.filter(valid_to=None).first() or agency
        for name, url in {
            "day": "/admin/",
            "sessions": f"{base}/session/",
            "sessions of today": f"{base}/session/?when=today",
            "sessions without an outcome": f"{base}/session/?when=past",
            "sessions held": f"{base}/session/?state__exact=held",
            "sessions of a mediator": f"{base}/session/?q={mediator.name}",
            "sessions of a case": f"{base}/session/?q={session.case.number}",
            "session": f"{base}/session/{session.pk}/change/",
            "outcome": f"{base}/session/{session.pk}/act/hold/",
            "new session": f"{base}/session/add/?number={session.case.number}&day={today}&starts=09:00&ends=10:00",
            "calendar, day": f"{base}/session/calendar/",
            "calendar, week": f"{base}/session/calendar/?view=week",
            "calendar, day of an agency": f"{base}/session/calendar/?agency={chosen.pk}",
            "calendar, week of an agency": f"{base}/session/calendar/?view=week&agency={chosen.pk}",
            "cases in mediation": f"{base}/mediatedcase/",
            "cases to schedule": f"{base}/mediatedcase/?todo=schedule",
            "mediators": f"{base}/mediator/",
        }.items():
            yield f"{reader}: {name}", (client, url)


def _readers() -> Iterator[tuple[str, Client, Agency]]:
    root, council = (Agency.objects.get(kind=kind, parent=None) for kind in ("bureau", "council"))
    booked = Session.objects.scheduled().values("agency")
    station = Agency.objects.filter(kind="station", pk__in=booked).order_by("pk").first()
    for reader, agency, roles in (
        ("station", station, ["mediator"]), ("district", station.parent, ["approver", "mediator"]),
        ("city", root, ["mediator"]), ("councils", council, ["approver", "mediator"]),
    ):
        user = User.objects.create(username=f"benchmark-{reader}", agency=agency, is_staff=True)
        user.groups.add(*Group.objects.filter(name__in=roles))
        client = Client(headers={"accept-language": "zh-hans"})
        client.force_login(user, backend="accounts.backends.AccountBackend")
        yield reader, client, agency


if __name__ == "__main__":
    main()
