"""How quick the mediators' pages are: `python -m benchmarks.mediation --cases N --sessions N`, progress on stderr, JSON
on stdout.

The stock of the work queue's measurement, and sessions on it: past ones of closed cases, coming ones of open cases, an
hour each, four a day for each mediator. The mediation of one case in nine is entrusted to a consumer council. What was
held came to an agreement, of which the newest are to be signed or performed, one in twenty goes to a court, and one
complaint in sixteen has been with a platform. The administration is asked for its pages by a mediator of a station, the
head of a district, a mediator of the whole city, and the head of the councils.
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
from mediation.models import (
    Agreement,
    Entrustment,
    JudicialConfirmation,
    Mediator,
    PlatformReferral,
    Room,
    Session,
)
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
        minutes, held_at, source, external_number)
SELECT now(), now(), case_id, agency, mediator, tstzrange(start, start + interval '1 hour'), 'remote', NULL, '',
       '会议号 315', CASE WHEN open THEN 'scheduled' ELSE 'held' END, CASE WHEN open THEN '' ELSE 'agreement' END,
       CASE WHEN open THEN '' ELSE '双方到场，同意退款。' END, CASE WHEN NOT open THEN start + interval '1 hour' END,
       '', ''
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

IN_HAND = 20_000  # the newest agreements, to be signed or performed
AGREEMENTS = """
INSERT INTO mediation_agreement
       (created_at, updated_at, case_id, session_id, form, state, reached_on, terms, effective_on, performed_on)
SELECT now(), now(), case_id, id, 'bureau', state, day, '退还货款。', CASE WHEN state <> 'draft' THEN day END,
       CASE WHEN state = 'performed' THEN day END
  FROM (SELECT *, (held_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
               CASE WHEN n > %s THEN 'performed' WHEN n %% 10 = 0 THEN 'draft' ELSE 'in_force' END AS state
          FROM (SELECT id, case_id, held_at, row_number() OVER (ORDER BY held_at DESC, id) AS n
                  FROM mediation_session WHERE outcome = 'agreement' AND id %% 50 <> 0) AS numbered
       ) AS placed"""
INSTALMENTS = """
INSERT INTO mediation_instalment (agreement_id, due_on, what, kind, amount, performed_on, evidence)
SELECT id, reached_on + 10 * part, '退还货款', 'refund', 50, CASE WHEN done THEN reached_on END,
       CASE WHEN done THEN '转账记录' ELSE '' END
  FROM (SELECT a.id, a.reached_on, part, a.state = 'performed' OR part = 1 AND a.id % 2 = 0 AS done
          FROM mediation_agreement AS a, generate_series(1, 2) AS part) AS parts"""
CONFIRMATIONS = """
INSERT INTO mediation_judicialconfirmation
       (created_at, updated_at, agreement_id, court_id, state, safe_on, due_on, provisional, applied_on, article, in_time,
        number, accepted_on, ruled_on, ruling, ground, enforcement)
SELECT now(), now(), id, court, CASE WHEN ruled THEN 'confirmed' ELSE 'prepared' END, effective_on + 30,
       effective_on + 30, false, CASE WHEN ruled THEN effective_on + 9 END, CASE WHEN ruled THEN 205 END,
       CASE WHEN ruled THEN true END, CASE WHEN ruled THEN '调确' || id ELSE '' END,
       CASE WHEN ruled THEN effective_on + 10 END, CASE WHEN ruled THEN effective_on + 20 END, '', '', ''
  FROM (SELECT *, state = 'performed' AS ruled FROM mediation_agreement WHERE effective_on IS NOT NULL AND id % 20 = 7
       ) AS agreed,
       (SELECT min(id) AS court FROM registry_agency WHERE kind = 'court') AS courts"""
REFERRALS = """
INSERT INTO mediation_platformreferral
       (created_at, updated_at, case_id, platform_id, state, referred_at, safe_on, due_on, provisional, reply, ended_at,
        returned_because, reason, settlement)
SELECT now(), now(), id, platforms[id / 16 % cardinality(platforms) + 1], state, received_at,
       received_at::date + 14, received_at::date + 14, false, '', CASE WHEN state <> 'waiting' THEN received_at END,
       CASE WHEN state = 'returned' THEN 'silence' ELSE '' END, '',
       CASE WHEN state = 'settled' THEN '双方和解。' ELSE '' END
  FROM (SELECT id, received_at,
               CASE WHEN cases_case.state = 'accepted' THEN 'waiting' WHEN id % 5 = 0 THEN 'returned' ELSE 'settled' END
                 AS state
          FROM cases_case WHERE kind = 'complaint' AND id % 16 = 0) AS referred,
       (SELECT array_agg(id ORDER BY id) AS platforms FROM registry_platform) AS members"""


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
            "agreements": Agreement.objects.count(), "confirmations": JudicialConfirmation.objects.count(),
            "referrals": PlatformReferral.objects.count(),
            "entrusted": Entrustment.objects.filter(ended_at=None).count(), "pages": pages,
        }  # fmt: skip
        print(json.dumps(found | {"machine": machine()}, ensure_ascii=False))


def build(sessions: int) -> None:
    """A mediator for each desk and some for each council, two rooms for each station, and the newest sessions."""
    say(f"writing {sessions:,} sessions")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mediation_mediator (created_at, updated_at, name, number, agency_id, languages)"
            " SELECT now(), now(), place, '', station, '{}' FROM desks"
        )
        Mediator.objects.bulk_create(
            [
                Mediator(agency=agency, name=f"{agency.pk}-{number}")
                for agency in Agency.objects.filter(kind="council", valid_to=None) for number in range(OF_COUNCIL)
            ]
        )
        cursor.execute(ENTRUSTMENTS)
        cursor.execute(SESSIONS, [OF_COUNCIL, sessions])
        cursor.execute(AGREEMENTS, [IN_HAND])
        for statement in (INSTALMENTS, CONFIRMATIONS, REFERRALS):
            cursor.execute(statement)
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
        user = User.objects.get(username=f"benchmark-{reader}")
        agreement = Agreement.objects.visible_to(user).to_perform().order_by("?").first()
        confirmation = JudicialConfirmation.objects.visible_to(user).first()
        referral = PlatformReferral.objects.visible_to(user).first()
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
            "agreements": f"{base}/agreement/",
            "agreements to perform": f"{base}/agreement/?todo=perform",
            "agreements overdue": f"{base}/agreement/?todo=late",
            "agreements for a court": f"{base}/agreement/?todo=court",
            "agreements for a court soon": f"{base}/agreement/?todo=court_soon",
            "confirmations": f"{base}/judicialconfirmation/",
            "confirmations overdue": f"{base}/judicialconfirmation/?urgency=overdue",
            "referrals": f"{base}/platformreferral/",
            "referrals waiting": f"{base}/platformreferral/?state__exact=waiting",
            **_pages_of(base, agreement, confirmation, referral),
        }.items():
            yield f"{reader}: {name}", (client, url)


def _pages_of(base: str, agreement, confirmation, referral) -> dict[str, str]:
    """The pages of single rows: the councils, whose entrusted cases are open, have no agreement."""
    pages = {}
    if agreement:
        pages |= {
            "agreements of a case": f"{base}/agreement/?q={agreement.case.number}",
            "agreement": f"{base}/agreement/{agreement.pk}/change/",
            "performance": f"{base}/agreement/{agreement.pk}/act/perform/",
        }  # fmt: skip
    if confirmation:
        pages["confirmation"] = f"{base}/judicialconfirmation/{confirmation.pk}/change/"
    if referral:
        pages["referral"] = f"{base}/platformreferral/{referral.pk}/change/"
    return pages


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
