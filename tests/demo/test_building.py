import contextlib
import datetime as dt
import hashlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Min, Q, Sum

from accounts.models import User
from cases.domain import SEARCH, waiting
from cases.models import Case, CaseSearch, ImportFile, ImportReject, ImportRun, ImportWarning, Recovery
from cases.worker import WorkerBusy, only_worker
from core import vault
from core.filetypes import PNG, recognise
from demo import building
from demo.city import Manifest, write_city
from demo.city.figures import new_units, scaled, village_workstations
from insights.metrics import every_metric, metric
from insights.periods import Period
from insights.scopes import Scope
from mediation.models import PlatformReferral
from pledges.domain import checklist, photo_context, progress
from pledges.enums import NEVER_PUBLISHED
from pledges.models import (
    Breach,
    BreachEvent,
    Finding,
    Inspection,
    InspectionEvent,
    InspectionPhoto,
    InspectionPlan,
    Pledge,
    PledgeEvent,
    Premises,
    ReturnEntry,
    Target,
    Workstation,
    WorkstationItem,
    Zone,
    ZoneMembership,
)
from registry.models import Agency, Merchant, Platform
from tests import databases
from tests.pledges.test_property import Story
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
TODAY = dt.date(2026, 4, 20)
SCALE = "0.001"


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker, tmp_path_factory):
    """A built demo in a database of its own, for the tests that only look or that must change nothing."""
    directory = tmp_path_factory.mktemp("demo")
    with django_db_blocker.unblock(), databases.clone() as name, databases.connected_to(name):
        output = demo(directory, scale=SCALE, today=TODAY)
        yield directory, output


def demo(directory, **options):
    output = io.StringIO()
    with embedded(MEDIA_ROOT=str(directory / "media")):
        call_command("demo", directory=directory, no_serve=True, stdout=output, **options)
    return output.getvalue()


@contextlib.contextmanager
def embedded(yes=True, **more):
    from django.test import override_settings  # noqa: PLC0415 - the settings decide, not the test's

    with override_settings(EMBEDDED_DATABASE=yes, **more):
        yield


@pytest.fixture(scope="module")
def told(built, django_db_blocker):
    with django_db_blocker.unblock():
        return field_work()


def state():
    return {
        "cases": Case.objects.count(), "recovered": Recovery.objects.aggregate(Sum("amount")),
        "runs": ImportRun.objects.count(), "merchants": Merchant.objects.count(), "users": User.objects.count(),
        "pledges": Pledge.objects.count(), "acts on pledges": PledgeEvent.objects.count(),
        "acts on breaches": BreachEvent.objects.count(), "field work": field_work(),
    }


def field_work():
    """Zones, workstations, targets and inspections with all that belongs to them, by their names."""
    return {
        "zones": [*Zone.objects.values_list("kind", "name", "agency__code", "operator__name", "opened_on", "closed_on")],
        "members": [*ZoneMembership.objects.values_list("zone__name", "premises__name", "since", "until")],
        "workstations": [*Workstation.objects.values_list("name", "kind", "zone__name", "contact", "opened_on")],
        "items": [*WorkstationItem.objects.values_list("workstation__name", "received_at", "ended_at", "what", "result")],
        "targets": [*Target.objects.values_list("code", "number")],
        "plans": [*InspectionPlan.objects.values_list("name", "agency__code", "visits")],
        "inspections": [*Inspection.objects.values_list(
            "premises__name", "type__code", "mode", "state", "planned_on", "visited_on", "correct_by", "corrected_on",
            "ended_at", "inspectors", "follows__planned_on",
        )],
        "findings": [*Finding.objects.order_by("pk").values_list("inspection__premises__name", "item__code", "result")],
        "photos": [*InspectionPhoto.objects.values_list("name", "sha256", "added_at")],
        "acts": [*InspectionEvent.objects.order_by("pk").values_list("verb", "before", "after", "at", "note")],
        "breaches": [*Breach.objects.filter(decided_at__isnull=False).values_list(
            "case__number", "state", "found_at", "decided_at", "due_on",
        )],
    }  # fmt: skip


def imported():
    """Cases from the files, without those that were registered by the demo's officer."""
    return Case.objects.exclude(source="portal").count()


def test_every_row_of_the_files_is_taken(built):
    directory, _output = built
    manifest = Manifest.load(directory)
    assert manifest.complete
    for entry in manifest.files:
        file = ImportFile.objects.get(name=entry.name)
        assert (file.rows_done, file.sha256) == (entry.rows, entry.sha256)
        assert file.run.state == "completed"
        assert file.run.created + file.run.updated == entry.rows
    assert not ImportReject.objects.exists()


def test_the_search_has_read_all_cases(built):
    _directory, output = built
    total = Case.objects.count()

    assert (CaseSearch.objects.count(), waiting(SEARCH)) == (total, 0)
    assert f"{total:,}" in output.split("council_open.csv")[1]


def test_the_database_holds_the_totals_of_the_files(built):
    directory, _output = built
    files = {entry.name: entry for entry in Manifest.load(directory).files}
    counted = {
        (row["body"], row["received_on__year"], row["kind"]): row["n"]
        for row in Case.objects.values("body", "received_on__year", "kind").annotate(n=Count("pk")).order_by()
    }
    for name, body, year in (
        ("12315_2019.csv", "bureau", 2019), ("12315_2020.csv", "bureau", 2020),
        ("council_2019.csv", "council", 2019), ("council_2020.csv", "council", 2020),
    ):
        assert {kind: counted[body, year, kind] for kind in files[name].counts} == files[name].counts
    posted = Recovery.objects.filter(posted_on__year=2020, case__body="bureau").aggregate(sum=Sum("amount"))["sum"]
    assert posted == Decimal("126000.00")
    posted = Recovery.objects.filter(posted_on__year=2019).aggregate(sum=Sum("amount"))["sum"]
    assert posted == Decimal("206000.00")


def test_the_green_channel_of_the_files_is_in_the_figures(built):
    scope = Scope(None, Period.of_year(2020), TODAY)
    counts = {code: metric(f"channel.{code}").compute(scope).value for code in ("referred", "settled", "returned")}
    assert counts["referred"] == 59
    assert 40 < counts["settled"] < counts["settled"] + counts["returned"] <= 59
    of_files = PlatformReferral.objects.filter(import_file__isnull=False)
    settled = of_files.filter(state="settled")
    assert set(settled.values_list("case__outcome", "case__state")) == {("settled", "closed")}
    assert not settled.exclude(ended_at=F("case__closed_at")).exists()
    assert not settled.filter(ended_at__date__gt=F("due_on")).exists()
    silent = of_files.filter(returned_because="silence")
    assert silent.exists()
    assert not silent.filter(ended_at__date__lte=F("due_on")).exists()


@pytest.fixture(scope="module")
def figures_of(built):
    """`figures_of(year)`: what `manage.py metrics --year YEAR --json` prints, by code."""

    def figures(year):
        output = io.StringIO()
        call_command("metrics", year=year, as_of=f"{TODAY}", json=True, stdout=output)
        return json.loads(output.getvalue().splitlines()[-1])["metrics"]

    return figures


def of_the_city(number):
    """A number of the whole city at the scale of this one."""
    return int(scaled(number, Decimal(SCALE)))


def test_the_figures_of_2020_are_those_of_the_white_paper_to_scale(figures_of):
    """The numbers of the white paper, as they are told, and not those of the demo's own tables."""
    found = figures_of(2020)
    values = {code: figure["value"] for code, figure in found.items()}

    assert values["cases.received"] == of_the_city(750_000)
    assert values["recoveries.total"] == "126000.00"  # of 126 million yuan, to the fen
    assert values["councils.inquiries"] == of_the_city(15_000)
    assert values["councils.disputes"] == of_the_city(14_000)
    success = found["mediation.success_council"]
    # as near to 98.1 % as so few disputes allow
    assert success["numerator"] == round(success["denominator"] * 0.981)
    assert 0.75 < success["denominator"] / of_the_city(14_000) < 1
    assert values["channel.referred"] == of_the_city(59_000)
    assert values["confirmation.confirmed"] == max(1, of_the_city(278))  # the smallest city shows one, too
    assert values["mediation.agreements"] >= values["confirmation.confirmed"]
    assert values["pledges.created"] == of_the_city(31_304)
    of_types = {code.removeprefix("pledges.created."): n for code, n in values.items() if "pledges.created." in code}
    told = {"no_reason_return": 16_251, "factory": 3_256, "street_block": 25}
    assert {code: of_types[code] for code in told} == {code: of_the_city(number) for code, number in told.items()}
    assert sum(of_types.values()) == values["pledges.created"]


def test_the_recovered_loss_of_2019_is_that_of_bureaus_and_councils_together(figures_of):
    found = figures_of(2019)

    assert found["cases.received"]["value"] == of_the_city(689_900)
    total, councils = (Decimal(found[code]["value"]) for code in ("recoveries.total", "recoveries.council"))
    assert total + councils == Decimal("206000.00")
    assert councils > 0


def test_fifteen_platforms_are_in_the_green_channel(figures_of):
    members = Platform.objects.members_on(dt.date(2020, 12, 31))
    assert members.count() == 15
    reached = PlatformReferral.objects.filter(referred_at__year=2020).values("platform").distinct()
    assert set(reached.values_list("platform", flat=True)) <= set(members.values_list("pk", flat=True))
    assert 10 <= figures_of(2020)["channel.platforms"]["value"] == reached.count()  # so few referrals reach not all


def test_names_of_the_city_are_known_to_the_registry(built):
    complaints = Case.objects.exclude(kind="inquiry")
    assert not Case.objects.filter(channel=None).exists()
    assert not complaints.filter(category=None).exists()
    assert not complaints.filter(problem=None).exists()
    assert not complaints.filter(merchant=None).exists()
    assert not complaints.exclude(platform_written="").filter(platform=None).exists()
    assert complaints.filter(region=None).count() < complaints.count() / 50
    assert Case.objects.filter(handling=None).count() < Case.objects.count() / 50
    assert set(ImportWarning.objects.values_list("rule", flat=True)) <= {"credit_code", "region", "agency"}


def test_the_printed_accounts_can_sign_in(built):
    _directory, output = built
    printed = dict(re.findall(rf"^  (\w+) +({building.PASSWORD}) ", output, re.MULTILINE))
    roles = {
        "regulator": "city_regulator", "officer": "officer", "colleague": "officer", "approver": "approver",
        "mediator": "mediator", "clerk": "clerk", "auditor": "auditor", "accounts": "account_manager",
        "partner": "platform_partner", "pledges": "pledge_clerk",
        "court": "court_liaison",
    }
    assert set(printed) == set(roles)
    for name, password in printed.items():
        user = User.objects.get(username=name)
        assert user.check_password(password)
        assert not user.must_change_password
        assert [group.name for group in user.groups.all()] == [roles[name]]
    assert Case.objects.visible_to(User.objects.get(username="regulator")).count() == Case.objects.count()
    officer = User.objects.get(username="officer")
    seen = Case.objects.visible_to(officer)
    assert set(seen.values_list("custodian__code", flat=True)) == {"330110-bureau"}
    mediator = User.objects.get(username="mediator")
    assert set(Case.objects.visible_to(mediator).values_list("body", flat=True)) == {"council"}


def test_complaints_are_with_a_platform_or_have_been(built):
    """Each came there by the acts that anyone uses, and none is left whose term is over."""
    theirs = PlatformReferral.objects.visible_to(User.objects.get(username="partner"))
    rows = theirs.filter(import_file__isnull=True)
    found = Counter(rows.values_list("state", "returned_because"))
    assert found == {
        ("waiting", ""): 3, ("settled", ""): 2, ("returned", "declined"): 1, ("returned", "silence"): 1,
        ("returned", "recalled"): 1,
    }  # fmt: skip
    assert not rows.over(TODAY).exists()
    assert rows.get(recovery__isnull=False).recovery.means == "platform"
    assert not rows.filter(events=None).exists()


def of_pledges(year: int) -> dict[str, int]:
    scope = Scope(None, Period.of_year(year), TODAY)
    figures = [figure for figure in every_metric() if figure.code.startswith("pledges.")]
    return {figure.code.removeprefix("pledges."): figure.compute(scope).value for figure in figures}


def test_the_units_of_past_years_are_in_the_figures(built):
    for year, total in ((2018, 7), (2019, 18), (2020, 31), (2021, 5)):
        found, told = of_pledges(year), new_units(year, Decimal(SCALE))
        assert found["created"] == sum(told.values()) == total
        assert {code.removeprefix("created."): n for code, n in found.items() if "created." in code and n} == {
            code: n for code, n in told.items() if n
        }
    assert (told := of_pledges(2020))["created.no_reason_return"] == 16
    assert (told["created.factory"], told["created.street_block"]) == (3, 0)
    assert 40 <= of_pledges(2022)["in_force"] <= 60
    assert of_pledges(2023)["renewed"] > 0


def test_some_units_keep_a_ledger_of_returns(built):
    returns = ReturnEntry.objects.all()
    assert returns.exists()
    for entry in returns.select_related("premises"):
        first = entry.premises.pledges.get(type__code="no_reason_return", previous=None)
        assert first.published_on < entry.month < min(first.ended_on or first.valid_to, TODAY)


def test_every_pledge_of_the_stock_is_as_its_acts_tell(built):
    stories = [Story(pledge) for pledge in Pledge.objects.published()]
    assert len(stories) > 80
    for day in sorted({story.first for story in stories} | {story.last for story in stories} | {TODAY}):
        told = {story.pledge for story in stories if story.binds_on(day)}
        assert set(Pledge.objects.in_force_on(day)) == told, day
    for pledge in Pledge.objects.prefetch_related("events"):
        acts = list(pledge.events.all())
        assert (acts[0].verb, acts[-1].after) == ("apply", pledge.state)
        assert [act.before for act in acts] == ["", *(act.after for act in acts[:-1])]
        assert sorted(act.data.get("on", "") for act in acts if "on" in act.data) == [
            act.data["on"] for act in acts if "on" in act.data
        ]
    assert not Pledge.objects.run_out(TODAY).exists()
    assert not Premises.objects.exclude(agency__kind="bureau").exists()


def test_there_is_work_for_the_clerk_of_pledges(built):
    clerk = User.objects.get(username="pledges")
    theirs = Pledge.objects.visible_to(clerk)
    assert set(theirs.values_list("agency__code", flat=True)) == {"330110-bureau"}
    asked = Counter(theirs.filter(state__in=NEVER_PUBLISHED).values_list("state", flat=True))
    assert asked == {"applied": 7, "admitted": 3, "rejected": 1, "withdrawn": 1}
    assert theirs.expiring(TODAY, 90).count() >= 5
    assert theirs.filter(correct_by__isnull=False).exists()


def test_every_district_has_zones_with_members_and_a_workstation_in_a_village(built):
    districts = Agency.objects.filter(kind="bureau", region__level="district", valid_to=None)
    assert districts.count() == 13
    for district in districts:
        kinds = set(Zone.objects.filter(agency=district).values_list("kind", flat=True))
        assert kinds >= {"mall", "station", "scenic"}, district
        assert Workstation.objects.filter(agency=district, kind="village", opened_on__year=2021).count() == 1, district
    members = ZoneMembership.objects.all()
    assert members.exclude(zone__agency=F("premises__agency")).count() == 0
    assert members.filter(since__lt=F("zone__opened_on")).count() == 0
    first = Min("premises__pledges__published_on")
    assert members.annotate(first=first).filter(since__lt=F("first")).count() == 0
    assert {"yes": members.filter(until=None).exists(), "no": members.filter(until__lte=TODAY).exists()} == {
        "yes": True, "no": True,
    }  # fmt: skip


def test_units_that_pledge_as_a_whole_are_zones(built):
    units = Premises.objects.filter(
        pledges__in=Pledge.objects.filter(type__code__in=("village", "street_block", "demonstration_area")).first_ones()
    )
    assert units.exists()
    zones = Zone.objects.filter(kind__in=("village", "street", "demonstration"), operator__isnull=False)
    assert set(zones.values_list("name", "address")) == set(units.values_list("name", "address"))


def test_the_targets_of_2021_are_counted_from_the_rows_of_a_small_city(built):
    targets = {target.what: target for target in Target.objects.filter(year=2021)}
    assert {what: progress([target], TODAY, today=TODAY)[0].reached for what, target in targets.items()} == {
        "demonstration_areas": 1, "village_workstations": 13, "delta_companies": 1,
    }  # fmt: skip
    halfway = progress([targets["village_workstations"]], dt.date(2021, 7, 1), today=TODAY)[0]
    assert 0 < halfway.reached < 13
    assert halfway.pace == halfway.reached * 365 // 182


def test_the_clerks_district_has_targets_of_the_running_year_under_way(built):
    theirs = {target.what: target for target in Target.objects.filter(agency__code="330110-bureau")}
    stations = progress([theirs["village_workstations"]], TODAY, today=TODAY)[0]
    assert (stations.target.year, stations.reached, stations.review) == (2026, 2, 1)
    assert theirs["premises_created"].number == 12


def test_the_numbers_of_workstations_scale(built):
    assert village_workstations(2021, Decimal(1), least=13) == 280
    assert village_workstations(2021, Decimal("0.1"), least=13) == 28
    assert village_workstations(2021, Decimal("0.001"), least=13) == 13
    assert village_workstations(2020, Decimal("0.1"), least=13) == 6


def test_what_workstations_have_handled_has_its_order_and_nothing_lies_ahead(built):
    items = WorkstationItem.objects.all()
    end = dt.datetime(2026, 4, 20, 9, tzinfo=dt.UTC)
    assert items.count() > 100
    assert not items.filter(Q(received_at__gt=end) | Q(first_response_at__gt=end) | Q(ended_at__gt=end)).exists()
    assert not items.filter(received_at__date__lt=F("workstation__opened_on")).exists()
    assert items.figures()["first_response"] < dt.timedelta(hours=8)


def test_every_inspection_is_as_its_acts_tell(built):
    inspections = Inspection.objects.prefetch_related("events", "findings__item").select_related("type", "plan")
    assert len(inspections) > 15
    for one in inspections:
        acts = list(one.events.order_by("pk").exclude(verb="photo"))
        assert [act.before for act in acts] == ["", *(act.after for act in acts[:-1])]
        assert (acts[0].verb, acts[-1].after) == ("plan", one.state)
        assert [act.at for act in acts] == sorted(act.at for act in acts)
        findings = {finding.item.code: finding.result for finding in one.findings.all()}
        if one.visited_on is None:
            assert findings == {}
            continue
        assert set(findings) == {item.code for item in checklist(one.type, one.visited_on)}
        [visit] = [act for act in acts if act.verb == "visit"]
        assert visit.data == {"visited_on": one.visited_on.isoformat(), "findings": findings} | {
            name: visit.data[name] for name in ("inspectors", "summary") if name in visit.data
        }  # fmt: skip
        if "not_ok" not in findings.values():
            assert (one.correct_by, one.corrected_on) == (None, None)
        elif one.state == "closed":
            assert one.corrected_on <= one.correct_by
        assert one.plan is None or one.plan.starts_on <= one.planned_on <= one.plan.ends_on
    assert Inspection.objects.exclude(pledge__premises=F("premises")).count() == 0
    assert Inspection.objects.exclude(pledge__type=F("type")).count() == 0
    visited_before = Inspection.objects.filter(visited_on__lt=F("pledge__published_on"))
    assert not visited_before.exists()


def test_the_clerk_has_inspections_in_every_state_with_photos_and_a_late_correction(built, settings):
    clerk = User.objects.get(username="pledges")
    theirs = Inspection.objects.visible_to(clerk)
    assert set(theirs.values_list("premises__agency__code", flat=True)) == {"330110-bureau"}
    by_hand = theirs.filter(events__verb="plan", events__actor=clerk)
    assert Counter(by_hand.values_list("state", flat=True)) == {
        "closed": 4, "correcting": 3, "visited": 2, "planned": 2, "cancelled": 1,
    }  # fmt: skip
    assert Counter(by_hand.values_list("mode", flat=True)) == {"open": 7, "undercover": 5}
    assert theirs.late(TODAY).count() == 1
    again = by_hand.get(follows__isnull=False)
    assert (again.premises, again.follows.state) == (again.follows.premises, "closed")
    photos = InspectionPhoto.objects.filter(inspection__in=by_hand)
    assert photos.count() == 4
    settings.MEDIA_ROOT = str(built[0] / "media")
    for photo in photos:
        content = vault.read(photo.file, context=photo_context(photo.pk))
        assert (recognise(content, photo.name), hashlib.sha256(content).hexdigest()) == (PNG, photo.sha256)


def test_breaches_of_the_clerks_district_were_decided_on_and_some_wait(built):
    clerk = User.objects.get(username="pledges")
    theirs = Breach.objects.filter(pledge__agency=clerk.agency)
    states = Counter(theirs.values_list("state", flat=True))
    assert set(states) > {"suspected"}
    by_people = BreachEvent.objects.exclude(actor=None)
    assert set(by_people.values_list("actor__agency__code", flat=True)) == {"330110-bureau"}
    for breach in Breach.objects.exclude(state="suspected"):
        acts = list(breach.events.order_by("pk"))
        assert [act.at for act in acts] == sorted(act.at for act in acts)
        assert (acts[0].verb, acts[-1].after) == ("find", breach.state)
    warned = theirs.filter(events__verb="warn")
    assert warned
    for breach in warned:
        letter = breach.documents.get()
        assert (letter.form, letter.agency, letter.created_at) == (
            "warning_letter", clerk.agency, breach.events.get(verb="letter").at,
        )  # fmt: skip


def test_a_second_run_changes_nothing(built):
    directory, _output = built
    before, bytes_before = state(), {path.name: path.stat().st_mtime_ns for path in directory.iterdir()}
    output = demo(directory)
    assert state() == before
    assert {path.name: path.stat().st_mtime_ns for path in directory.iterdir()} == bytes_before
    assert output.count(building.PASSWORD) == 11
    assert ".csv" not in output


def test_the_files_may_be_deleted_once_they_are_imported(built):
    directory, _output = built
    before = state()
    (directory / "12315_2019.csv").rename(directory / "away")
    try:
        demo(directory)
    finally:
        (directory / "away").rename(directory / "12315_2019.csv")
    assert state() == before


def test_a_changed_password_is_not_printed(built):
    directory, _output = built
    User.objects.filter(username="auditor").update(password_changed_at=dt.datetime(2026, 4, 20, tzinfo=dt.UTC))
    assert demo(directory).count(building.PASSWORD) == 10
    User.objects.filter(username="auditor").update(password_changed_at=None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scale": "0.002"}, "--scale"),
        ({"seed": 1}, "--seed"),
        ({"today": dt.date(2026, 4, 21)}, "--today"),
    ],
)
def test_another_city_than_that_of_the_first_run_is_refused(built, options, words):
    directory, _output = built
    before = state()
    with pytest.raises(CommandError, match=words):
        demo(directory, **options)
    assert state() == before
    assert Manifest.load(directory).complete


def test_the_same_options_written_otherwise_are_the_same(built):
    directory, _output = built
    before = state()
    demo(directory, scale="0.0010", seed=2020, today=TODAY)
    assert state() == before


def test_a_lost_manifest_does_not_make_a_second_city(built, tmp_path):
    before = state()
    with pytest.raises(CommandError, match="manifest|清单"):
        demo(tmp_path / "elsewhere")
    assert state() == before


def test_an_unreadable_manifest_is_refused(built, tmp_path):
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(CommandError, match="manifest"):
        demo(tmp_path)


@pytest.mark.usefixtures("fresh_database")
class TestFirstRun:
    @pytest.mark.parametrize("scale", ["much", "0", "nan", "11"])
    def test_a_bad_scale_is_refused_before_anything_is_written(self, tmp_path, scale):
        with pytest.raises(CommandError, match=r"scale|规模"):
            demo(tmp_path, scale=scale)
        assert not Case.objects.exists()
        assert Manifest.load(tmp_path) is None

    def test_a_day_before_the_open_work_is_refused(self, tmp_path):
        with pytest.raises(CommandError, match="2021-02-01"):
            demo(tmp_path, today=dt.date(2020, 12, 31))
        assert Manifest.load(tmp_path) is None

    def test_an_interrupted_writing_is_done_again_with_its_own_settings(self, tmp_path):
        class Stop(Exception):
            pass

        def stop(name):
            if name == "council_2019.csv":
                raise Stop

        with pytest.raises(Stop):
            write_city(tmp_path, scale=SCALE, seed=5, today=TODAY, progress=stop)
        (tmp_path / "council_2019.part").write_text("cut off")
        demo(tmp_path)
        manifest = Manifest.load(tmp_path)
        assert (manifest.complete, manifest.seed, manifest.today) == (True, 5, "2026-04-20")
        assert imported() == sum(entry.rows for entry in manifest.files if entry.counts)

    def test_an_interrupted_import_goes_on_with_the_files_that_are_missing(self, tmp_path):
        manifest = write_city(tmp_path, scale=SCALE, seed=5, today=TODAY)
        call_command("import_cases", str(tmp_path / "12315_2019.csv"), profile="national12315", stdout=io.StringIO())
        (tmp_path / "12315_2020.csv").unlink()
        output = demo(tmp_path)
        assert "12315_2019.csv" not in output
        assert ImportFile.objects.filter(name="12315_2019.csv").count() == 1
        assert imported() == sum(entry.rows for entry in manifest.files if entry.counts)
        assert Manifest.load(tmp_path) == manifest

    def test_a_database_of_its_own_is_left_alone(self, tmp_path):
        with embedded(False), pytest.raises(CommandError, match="--allow-external"):
            call_command("demo", directory=tmp_path, no_serve=True)
        assert not Case.objects.exists()
        assert not User.objects.filter(username="regulator").exists()
        assert not list(tmp_path.iterdir())

    def test_on_an_external_database_it_is_the_same_and_each_account_has_a_password_told_once(self, told, tmp_path):
        outputs = []
        for _run in range(2):
            output = io.StringIO()
            with embedded(False):
                call_command(
                    "demo", directory=tmp_path, no_serve=True, allow_external=True, scale=SCALE, today=TODAY,
                    stdout=output,
                )
            outputs.append(output.getvalue())
        passwords = dict(re.findall(r"^  (\w+) +(\w{4}-\w{4}-\w{4}-\w{4}) ", outputs[0], re.MULTILINE))
        assert len(passwords) == len(set(passwords.values())) == 11
        assert building.PASSWORD not in outputs[0]
        assert User.objects.get(username="clerk").check_password(passwords["clerk"])
        assert not any(password in outputs[1] for password in passwords.values())
        mine = field_work()
        for part, rows in told.items():  # a city of the same seed has the same field work
            assert mine[part] == rows, part
            assert rows, part


def test_a_taken_port_is_told_at_once(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with embedded(), pytest.raises(CommandError, match=str(taken.getsockname()[1])):
            call_command("demo", directory=tmp_path, port=taken.getsockname()[1])
    assert not list(tmp_path.iterdir())


def test_it_serves_the_portal(fresh_database, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": fresh_database, "DJANGO_SETTINGS_MODULE": "tests.settings", "PLAIN_HTTP": "1",
        "MEDIA_ROOT": str(tmp_path / "media"),
    }
    process = subprocess.Popen(
        [
            sys.executable, "manage.py", "demo", "--allow-external", "--scale", SCALE, "--directory", str(tmp_path),
            "--port", str(port),
        ],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        # a suite that runs in the background of a shell may have been told to ignore it, and children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        page = _fetch(f"http://127.0.0.1:{port}/accounts/login/", process)
        eventually(_worker_runs)
    finally:
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=90)[0]
    assert "csrfmiddlewaretoken" in page
    assert f"http://127.0.0.1:{port}/" in output
    eventually(lambda: not _worker_runs())


def _worker_runs() -> bool:
    with contextlib.suppress(WorkerBusy), only_worker():
        return False
    return True


def _fetch(url, process):
    for _attempt in range(600):
        if process.poll() is not None:
            pytest.fail(f"demo ended: {process.stdout.read()}")
        with contextlib.suppress(OSError), urllib.request.urlopen(url) as response:  # noqa: S310 - our own server
            return response.read().decode()
        time.sleep(0.2)
    return pytest.fail("the portal did not answer")
