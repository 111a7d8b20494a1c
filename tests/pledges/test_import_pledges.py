"""The register of pledges from files: what a row makes, what it changes, and why it is not taken."""

import datetime as dt
import itertools
import random
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import DateField, F
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast
from django.utils import timezone

from cases.importers import engine
from cases.models import CaseChange, ImportFile, ImportReject, ImportRun, ImportWarning
from core.exceptions import DomainError
from core.text import name_key
from pledges.domain import act_on_pledge, apply_for, change_premises, expire_pledges
from pledges.models import Pledge, PledgeEvent, PledgeType, Premises, Suspension
from registry.models import Agency, Merchant, Region
from tests.cases.files import write_sheet
from tests.factories import (
    AgencyFactory,
    BreachFactory,
    CaseFactory,
    InspectionFactory,
    MerchantFactory,
    PledgeFactory,
    PremisesFactory,
    UserFactory,
)
from tests.factories.cases import local
from tests.importing import called, counts, write_lines

pytestmark = pytest.mark.django_db
HEADER = (
    "承诺编号", "承诺类型", "经营者名称", "统一社会信用代码", "门店名称", "区县", "地址", "管辖单位", "申请日期",
    "公布日期", "有效期至", "状态", "暂停日期", "结束日期", "原因", "连续期数", "牌匾编号", "退货天数", "适用商品",
    "除外商品", "商品条件", "凭证", "运费承担", "退款天数", "异店范围", "承诺内容", "先行赔付金",
)  # fmt: skip
MODELS = (Merchant, Premises, Pledge, PledgeEvent, Suspension)
CODE, OTHER = "91000000MA0000010P", "91000000MA0000020Q"
day, DAY = dt.date, dt.timedelta(days=1)
FIRST, AUGUST = dt.date(2018, 1, 1), dt.date(2024, 8, 1)
# in force far beyond any day on which this runs
LINE = {
    "承诺编号": "C1", "承诺类型": "无理由退货承诺单位", "经营者名称": "杭州青禾商贸有限公司", "统一社会信用代码": CODE,
    "门店名称": "青禾武林店", "区县": "西湖区", "地址": "文三路1号", "管辖单位": "杭州市西湖区市场监督管理局",
    "申请日期": "2024-05-06", "公布日期": "2024-05-20", "有效期至": "2027-05-19", "状态": "在期", "连续期数": "1",
    "牌匾编号": "HZ-0001", "退货天数": "10天", "适用商品": "全部商品", "除外商品": "内衣", "商品条件": "不影响二次销售",
    "凭证": "购物小票", "运费承担": "消费者", "退款天数": "3", "先行赔付金": "1万元",
}  # fmt: skip


@pytest.fixture
def line():
    until = timezone.localdate() + dt.timedelta(days=200)
    return LINE | {"有效期至": str(until)}


@pytest.fixture
def until(line):
    return day.fromisoformat(line["有效期至"])


@pytest.fixture
def west():
    return Agency.objects.get(name="杭州市西湖区市场监督管理局")


@pytest.fixture
def importer(west):
    return UserFactory(agency=west.parent, roles=["clerk"])


@pytest.fixture
def run(capsys, tmp_path, importer):
    """Import rows as a file; the JSON object that the command prints."""

    def call(*lines, **options):
        path = write_lines(tmp_path / "pledges.csv", HEADER, lines)
        return called(capsys, "import_pledges", path, **{"user": importer.username} | options)

    return call


def stored() -> list:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


def reject() -> tuple:
    return ImportReject.objects.values_list("line", "column", "value", "rule").get()


def warnings() -> set[tuple]:
    """All but those of merchants that are made, as by nearly every file here."""
    found = ImportWarning.objects.exclude(rule="merchant_made")
    return set(found.values_list("rule", "column", "value"))


def told(pledge) -> list[tuple]:
    """Its events: verb, state before and after, the day, the last day."""
    return [
        (event.verb, event.before, event.after, event.data.get("on"), event.data.get("valid_to"))
        for event in pledge.events.order_by("pk")
    ]


def days_told(pledge) -> set[dt.date]:
    """The days on which it was or is in force, from its events alone: from the last publication on."""
    start = last = end = None
    away: list[list] = []
    for verb, on, valid_to in pledge.events.order_by("pk").values_list("verb", "data__on", "data__valid_to"):
        on, valid_to = on and day.fromisoformat(on), valid_to and day.fromisoformat(valid_to)
        if verb in ("publish", "apply"):
            start, last, end, away = (on if verb == "publish" else None), valid_to, None, []
        elif verb == "renew":
            last = valid_to
        elif verb == "suspend":
            away.append([on, None])
        elif verb == "reinstate":
            away[-1][1] = on
        elif verb in ("revoke", "deregister"):
            end = on
    if start is None:
        return set()
    days = {start + n * DAY for n in range((last - start).days + 1)}
    days = {one for one in days if end is None or one < end}
    return {one for one in days if not any(since <= one and (until is None or one < until) for since, until in away)}


def days_stored(pledge) -> set[dt.date]:
    """The same, as the lists have it: one question for each day of fifteen years."""
    with connection.cursor() as cursor:
        query = Pledge.objects.filter(pk=pledge.pk).in_force_on(Cast(RawSQL("d.day", []), DateField())).order_by()
        sql, params = query.values("pk").query.sql_with_params()
        cursor.execute(
            f"SELECT d.day FROM (SELECT %s::date + n AS day FROM generate_series(0, 5500) n) d WHERE EXISTS ({sql})",  # noqa: S608
            [FIRST, *params],
        )
        return {found for (found,) in cursor.fetchall()}


class TestRows:
    def test_a_pledge_in_force(self, run, line, west, importer, until):
        assert counts(run(line)) == {"rows": 1, "created": 1}

        pledge = Pledge.objects.get()
        assert (pledge.type.code, pledge.state, pledge.origin) == ("no_reason_return", "in_force", "file")
        assert (pledge.applied_on, pledge.published_on) == (day(2024, 5, 6), day(2024, 5, 20))
        assert pledge.valid_to == until
        assert (pledge.ended_on, pledge.terms, pledge.plaque, pledge.level) == (None, 1, "HZ-0001", 1)
        assert (pledge.days, pledge.goods, pledge.excluded) == (10, "全部商品", "内衣")
        assert (pledge.condition, pledge.proof, pledge.freight) == ("不影响二次销售", "购物小票", "consumer")
        assert (pledge.refund_days, pledge.fund) == (3, Decimal(10_000))
        assert (pledge.source, pledge.external_number, pledge.import_line) == ("pledges", "C1", 2)
        assert pledge.import_file == ImportFile.objects.get()
        premises = pledge.premises
        assert (premises.name, premises.name_key, premises.address) == ("青禾武林店", "青禾武林店", "文三路1号")
        assert (premises.agency, pledge.agency, premises.region.code) == (west, west, "330106")
        assert (premises.merchant.credit_code, premises.merchant.verified) == (CODE, True)
        assert (premises.import_file, premises.import_line) == (pledge.import_file, 2)
        assert told(pledge) == [
            ("apply", "", "applied", "2024-05-06", None),
            ("publish", "applied", "in_force", "2024-05-20", str(until)),
        ]
        event = pledge.events.first()
        assert (event.actor, event.data["origin"]) == (importer, "file")
        assert (event.data["file"], event.data["line"]) == (pledge.import_file_id, 2)
        total = {"rows": 1, "amounts": {}, "by_kind": {"in_force": 1}, "by_region": {"330106": 1}}
        run_row = ImportRun.objects.get()
        assert (run_row.target, run_row.control) == ("pledges", {"file": total, "database": total})

    def test_again_it_is_unchanged(self, run, line):
        run(line, line | {"承诺编号": "C2", "门店名称": "", "状态": "暂停"})
        before = stored()

        assert counts(run(line, line | {"承诺编号": "C2", "门店名称": "", "状态": "暂停"})) == {"rows": 2, "unchanged": 2}
        assert stored() == before

    def test_a_dry_run_writes_nothing(self, run, line):
        before = stored()

        assert counts(run(line, dry_run=True)) == {"rows": 1, "created": 1}
        assert stored() == before

    def test_atomic_is_all_or_none(self, run, line):
        before = stored()

        with pytest.raises(CommandError) as refused:
            run(line, line | {"承诺编号": "C2", "区县": "不知"}, atomic=True)
        assert (refused.value.returncode, stored()) == (2, before)

    @pytest.mark.parametrize(
        ("changes", "state", "last", "ended"),
        [
            ({"状态": "摘牌", "结束日期": "2024-08-01", "原因": "拒不履行"}, "revoked", ("revoke", "2024-08-01"), AUGUST),
            ({"状态": "注销", "结束日期": "2024-08-01"}, "deregistered", ("deregister", "2024-08-01"), AUGUST),
            ({"状态": "过期", "有效期至": "2024-12-31"}, "expired", ("expire", "2025-01-01"), None),
            ({"状态": "暂停", "暂停日期": "2024-09-01"}, "suspended", ("suspend", "2024-09-01"), None),
        ],
    )  # fmt: skip
    def test_how_it_stands_is_told_by_its_events(self, run, line, changes, state, last, ended):
        assert counts(run(line | changes)) == {"rows": 1, "created": 1}

        pledge = Pledge.objects.get()
        assert (pledge.state, pledge.ended_on) == (state, ended)
        assert [verb for verb, *_rest in told(pledge)] == ["apply", "publish", last[0]]
        event = pledge.events.last()
        assert (event.verb, event.data["on"], event.before, event.after) == (*last, "in_force", state)
        assert event.note == changes.get("原因", "")
        assert days_told(pledge) == days_stored(pledge) != set()
        assert counts(run(line | changes)) == {"rows": 1, "unchanged": 1}

    def test_an_application(self, run, line, importer):
        applied = line | {"状态": "待审核", "公布日期": "", "有效期至": "", "连续期数": "", "牌匾编号": ""}

        assert counts(run(applied)) == {"rows": 1, "created": 1}

        pledge = Pledge.objects.get()
        assert (pledge.state, pledge.terms, pledge.published_on, pledge.valid_to) == ("applied", 0, None, None)
        assert told(pledge) == [("apply", "", "applied", "2024-05-06", None)]

    def test_without_a_last_day_the_terms_of_its_type_are_counted(self, run, line):
        today = timezone.localdate()
        lines = [
            line | {"有效期至": "", "申请日期": "", "公布日期": f"{today.year - 1}-03-01"},
            line | {"承诺编号": "C2", "门店名称": "二店", "公布日期": "2019-02-28", "有效期至": "", "申请日期": "",
                    "连续期数": "4期"},
        ]  # fmt: skip
        assert counts(run(*lines)) == {"rows": 2, "created": 2}

        first, second = Pledge.objects.order_by("pk")
        assert (first.valid_to + DAY, first.applied_on) == (day(today.year + 2, 3, 1), first.published_on)
        assert (second.valid_to, second.terms) == (day(2031, 2, 27), 4)

    @pytest.mark.parametrize(
        ("terms", "last", "fits"), [("2", "2023-12-31", False), ("2", "2024-01-01", True), ("1", "2021-12-31", True)]
    )
    def test_more_terms_than_fit_are_listed(self, run, line, terms, last, fits):
        """The publication of the last term alone would make an old unit a new one."""
        row = line | {"公布日期": "2021-01-01", "申请日期": "", "有效期至": last, "连续期数": terms, "状态": "过期"}

        assert counts(run(row)) == {"rows": 1, "created": 1} | ({} if fits else {"warnings": 1})
        assert warnings() == (set() if fits else {("terms", "公布日期", "2021-01-01")})

    def test_a_term_that_is_over_has_expired_whatever_the_register_says(self, run, line):
        lines = [
            line | {"有效期至": "2024-12-31"},
            line | {"承诺编号": "C2", "门店名称": "二店", "有效期至": "2024-12-31", "状态": "暂停",
                    "暂停日期": "2024-10-01"},
        ]  # fmt: skip
        assert counts(run(*lines)) == {"rows": 2, "created": 2, "warnings": 2}

        first, second = Pledge.objects.order_by("pk")
        assert (first.state, second.state) == ("expired", "expired")
        assert warnings() == {("expired", "状态", "在期"), ("expired", "状态", "暂停")}
        assert second.suspensions.values_list("since", "until").get() == (day(2024, 10, 1), day(2025, 1, 1))
        assert max(days_told(second)) == day(2024, 9, 30)
        assert counts(run(*lines)) == {"rows": 2, "unchanged": 2, "warnings": 2}

    def test_suspended_without_a_day_it_is_from_the_import_on(self, run, line, monkeypatch):
        today = timezone.localdate()

        assert counts(run(line | {"状态": "暂停"})) == {"rows": 1, "created": 1, "warnings": 1}

        assert warnings() == {("suspension", "状态", "暂停")}
        assert Suspension.objects.values_list("since", "until").get() == (today, None)
        assert counts(run(line | {"状态": "暂停", "原因": "整改"})) == {"rows": 1, "unchanged": 1}

    def test_a_part_that_the_type_needs_is_a_warning(self, run, line):
        blank = {"退货天数": "", "除外商品": "", "凭证": "无"}

        assert counts(run(line | blank)) == {"rows": 1, "created": 1, "warnings": 3}

        assert warnings() == {("promise", name, "无理由退货承诺单位") for name in blank}
        pledge = Pledge.objects.get()
        assert (pledge.days, pledge.proof) == (None, "")

    @pytest.mark.parametrize("written", ["no_reason_return", "No-reason return", "线下无理由退货"])
    def test_a_type_by_code_name_or_alias(self, run, line, written):
        assert counts(run(line | {"承诺类型": written})) == {"rows": 1, "created": 1}
        assert Pledge.objects.get().type.code == "no_reason_return"

    def test_a_workbook(self, capsys, tmp_path, line):
        given = {name: line[name] for name in HEADER if line.get(name)}
        given |= {"公布日期": 45432, "退货天数": 10, "承诺编号": 77}
        path = write_sheet(tmp_path / "a.xlsx", [given], header=list(given))

        assert counts(called(capsys, "import_pledges", path)) == {"rows": 1, "created": 1}
        pledge = Pledge.objects.get()
        assert (pledge.published_on, pledge.days, pledge.external_number) == (day(2024, 5, 20), 10, "77")

    def test_it_follows_the_one_before_it(self, run, line):
        earlier = line | {"承诺编号": "C0", "状态": "摘牌", "申请日期": "", "公布日期": "2020-01-01"}
        earlier |= {"有效期至": "2022-12-31", "结束日期": "2021-06-01"}
        run(line)
        run(earlier)

        first, second = Pledge.objects.get(external_number="C0"), Pledge.objects.get(external_number="C1")
        assert (first.previous, second.previous, first.premises) == (None, first, second.premises)


class TestKeeper:
    def test_without_one_the_bureau_of_the_district_keeps_it(self, run, line, west):
        run(line | {"管辖单位": ""})

        assert Premises.objects.get().agency == west

    def test_a_district_imports_for_itself_alone(self, run, line, west):
        user = UserFactory(agency=west, roles=["clerk"])
        other = line | {"承诺编号": "C2", "区县": "上城区", "管辖单位": "杭州市上城区市场监督管理局"}

        summary = run(line, other, other | {"承诺编号": "C3", "管辖单位": ""}, user=user.username)

        assert counts(summary) == {"rows": 3, "created": 2, "rejected": 1}
        assert reject() == (3, "管辖单位", "杭州市上城区市场监督管理局", "agency")
        assert set(Premises.objects.values_list("agency", flat=True)) == {west.pk}

    def test_premises_of_another_agency_are_not_its_own(self, run, line, west):
        run(line | {"区县": "上城区", "管辖单位": "杭州市上城区市场监督管理局"})
        before = stored()
        user = UserFactory(agency=west, roles=["clerk"])

        summary = run(line | {"承诺编号": "C2", "区县": "上城区", "承诺类型": "放心工厂"}, user=user.username)

        assert counts(summary) == {"rows": 1, "rejected": 1}
        assert reject() == (2, "门店名称", "青禾武林店", "agency")
        assert stored() == before

    def test_premises_stay_where_they_are_kept(self, run, line, west):
        run(line)

        summary = run(line | {"承诺编号": "C2", "承诺类型": "放心工厂", "管辖单位": "杭州市上城区市场监督管理局",
                              "承诺内容": "保证质量"})  # fmt: skip

        assert counts(summary) == {"rows": 1, "created": 1, "warnings": 1}
        assert warnings() == {("keeper", "管辖单位", "杭州市上城区市场监督管理局")}
        assert set(Pledge.objects.values_list("agency", flat=True)) == {west.pk}


class TestMerchants:
    def test_the_code_decides_whatever_the_name(self, run, line):
        known = MerchantFactory(coded=True, credit_code=CODE, name="另一个名称")

        run(line)

        assert Premises.objects.get().merchant == known
        assert Merchant.objects.count() == 1

    def test_the_one_verified_merchant_of_name_and_place(self, run, line):
        west = Region.objects.filter(code="330106").first()
        known = MerchantFactory(name=line["经营者名称"], region=west, verified=True)
        MerchantFactory(name=line["经营者名称"], verified=True)  # elsewhere

        assert counts(run(line | {"统一社会信用代码": ""})) == {"rows": 1, "created": 1, "warnings": 1}
        assert Premises.objects.get().merchant == known
        assert warnings() == {("merchant_named", "经营者名称", line["经营者名称"])}

    @pytest.mark.parametrize("chunk_rows", [1, 10])
    def test_one_that_is_made_by_its_code_is_listed_once(self, run, line, chunk_rows):
        others = [line | {"承诺编号": f"C{n}", "门店名称": f"{n}店"} for n in (2, 3)]
        code = MerchantFactory(coded=True).credit_code
        known = line | {"承诺编号": "C9", "统一社会信用代码": code, "经营者名称": "已知商贸"}

        summary = run(line, known, *others, chunk_rows=chunk_rows)

        [found] = summary["findings"]
        assert (found["rule"], found["column"], found["value"]) == ("merchant_made", "经营者名称", line["经营者名称"])
        assert (found["first_line"], found["rows"]) == (2, 1 if chunk_rows == 1 else 3)
        assert Merchant.objects.get(credit_code=CODE).verified
        assert run(line, known, *others)["warnings"] == 0

    def test_an_unknown_one_is_made_unverified_and_listed(self, run, line):
        namesake = MerchantFactory(name=line["经营者名称"], verified=True)  # elsewhere

        assert counts(run(line | {"统一社会信用代码": ""})) == {"rows": 1, "created": 1, "warnings": 1}

        merchant = Premises.objects.get().merchant
        assert (merchant.name, merchant.region.code, merchant.verified) == (line["经营者名称"], "330106", False)
        assert merchant != namesake
        assert warnings() == {("merchant", "经营者名称", line["经营者名称"])}

    @pytest.mark.parametrize("chunk_rows", [1, 10])
    def test_a_code_makes_it_known_to_the_rows_that_only_name_it(self, run, line, chunk_rows):
        other = line | {"承诺编号": "C2", "统一社会信用代码": "", "门店名称": "青禾二店"}

        assert counts(run(line, other, chunk_rows=chunk_rows)) == {"rows": 2, "created": 2, "warnings": 1}

        merchant = Merchant.objects.get()
        assert (merchant.credit_code, merchant.premises.count()) == (CODE, 2)
        found = set(ImportWarning.objects.values_list("rule", "value", "count", "first_line"))
        assert found == {("merchant_made", merchant.name, 1, 2), ("merchant_named", merchant.name, 1, 3)}
        assert counts(run(line, other, chunk_rows=chunk_rows)) == {"rows": 2, "unchanged": 2, "warnings": 1}

    @pytest.mark.parametrize("state", ["待审核", "在期"])
    def test_new_premises_have_a_look_at_all_complaints_about_the_merchant(self, run, line, state):
        """Those of a district with premises are no longer held against the pledges of others."""
        west = Region.objects.filter(code="330106").first()
        merchant = MerchantFactory(coded=True, credit_code=CODE)
        PledgeFactory(premises=PremisesFactory(merchant=merchant), in_force=True, published_on=day(2020, 1, 1))
        case = CaseFactory(merchant=merchant, region=west, received_at=local(2020, 5, 4))
        CaseChange.objects.all().delete()
        applied = {"状态": "待审核", "公布日期": "", "有效期至": "", "连续期数": "", "牌匾编号": ""}

        run(line | (applied if state == "待审核" else {}))

        assert set(CaseChange.objects.values_list("case", flat=True)) == {case.pk}

    def test_a_wrong_code_is_a_warning(self, run, line):
        summary = run(line | {"统一社会信用代码": "91000000MA0000010X"})

        assert counts(summary) == {"rows": 1, "created": 1, "warnings": 2}
        assert ("credit_code", "统一社会信用代码", "91000000MA0000010X") in warnings()

    def test_without_a_name_of_their_own_premises_bear_the_merchants(self, run, line):
        run(line | {"门店名称": ""})

        name = line["经营者名称"]
        assert Premises.objects.values_list("name", "name_key").get() == (name, name_key(name))

    def test_premises_are_one_on_whatever_days_map(self, run, line):
        """What 上城区 is was another area before 2021-04-09."""
        before = line | {"区县": "上城区", "管辖单位": "", "申请日期": "", "公布日期": "2020-05-20"}
        before |= {"有效期至": "2021-05-19", "状态": "过期"}
        after = before | {"承诺编号": "C2", "公布日期": "2024-05-20", "有效期至": line["有效期至"], "状态": "在期"}

        assert counts(run(before, after, chunk_rows=1)) == {"rows": 2, "created": 2}

        assert Premises.objects.count() == 1
        assert counts(run(before, after)) == {"rows": 2, "unchanged": 2}

    def test_premises_that_are_there_are_found(self, run, line, west):
        merchant = MerchantFactory(coded=True, credit_code=CODE)
        place = Region.objects.filter(code="330106").first()
        premises = PremisesFactory(merchant=merchant, name="青禾武林店", agency=west, region=place)

        run(line)

        premises.refresh_from_db()
        assert Pledge.objects.get().premises == premises
        assert (premises.address, premises.import_file) == ("文三路1号", None)
        run(line | {"承诺编号": "C9", "承诺类型": "放心工厂", "地址": "文三路9号"})
        premises.refresh_from_db()
        assert premises.address == "文三路1号"


class TestUpdates:
    def change(self, run, line, changes, **more):
        run(line | more)
        pledge = Pledge.objects.get()
        assert counts(run(line | more | changes)) == {"rows": 1, "updated": 1}
        fresh = Pledge.objects.get()
        assert days_told(fresh) == days_stored(fresh)
        assert counts(run(line | more | changes)) == {"rows": 1, "unchanged": 1}
        return pledge, fresh

    def test_texts_follow_and_an_empty_cell_takes_nothing_away(self, run, line):
        _old, pledge = self.change(run, line, {"除外商品": "食品", "商品条件": "", "牌匾编号": ""})

        assert (pledge.excluded, pledge.condition, pledge.plaque) == ("食品", "不影响二次销售", "HZ-0001")
        assert told(pledge)[2:] == [("revise", "in_force", "in_force", None, None)]

    def test_an_end_is_told(self, run, line):
        _old, pledge = self.change(run, line, {"状态": "摘牌", "结束日期": "2025-03-04"})

        assert told(pledge)[2:] == [("revoke", "in_force", "revoked", "2025-03-04", None)]

    def test_a_further_term_is_a_renewal(self, run, line, until):
        later = until + dt.timedelta(days=700)
        _old, pledge = self.change(run, line, {"有效期至": str(later), "连续期数": "2"})

        today = timezone.localdate()
        assert told(pledge)[2:] == [("renew", "in_force", "in_force", str(today), str(later))]
        assert (pledge.terms, pledge.valid_to) == (2, later)

    def test_so_it_is_after_its_term_ran_out_here(self, run, line):
        run(line | {"有效期至": "2025-05-19", "状态": "过期"})

        assert counts(run(line | {"连续期数": "2"})) == {"rows": 1, "updated": 1}

        pledge = Pledge.objects.get()
        assert told(pledge)[3:] == [("renew", "expired", "in_force", "2025-05-19", line["有效期至"])]
        assert days_told(pledge) == days_stored(pledge)

    def test_what_expired_by_itself_was_not_worked_on(self, run, line):
        run(line)
        Pledge.objects.update(valid_to=day(2025, 5, 19))
        assert expire_pledges(10) == 1

        assert counts(run(line)) == {"rows": 1, "updated": 1}
        assert Pledge.objects.get().state == "in_force"

    @pytest.mark.parametrize(
        "changes",
        [
            {"公布日期": "2024-06-01"}, {"公布日期": "2024-05-01", "申请日期": ""},
            {"有效期至": "2025-01-31", "状态": "过期"},
            {"公布日期": "2024-06-01", "状态": "摘牌", "结束日期": "2024-06-01"},
        ],
    )  # fmt: skip
    def test_what_is_corrected_is_told_again_from_the_publication_on(self, run, line, changes):
        _old, pledge = self.change(run, line, changes)

        assert [verb for verb, *_rest in told(pledge)][2] == "publish"

    def test_an_end_that_is_taken_back(self, run, line):
        _old, pledge = self.change(run, line, {"状态": "在期", "结束日期": ""}, 状态="摘牌", 结束日期="2025-01-01")

        assert (pledge.state, pledge.ended_on) == ("in_force", None)

    def test_a_suspension_of_which_no_row_speaks_any_more_has_ended(self, run, line):
        _old, pledge = self.change(
            run, line, {"状态": "在期", "暂停日期": "", "原因": ""}, 状态="暂停", 暂停日期="2025-01-01", 原因="停业整改"
        )

        today = timezone.localdate()
        assert told(pledge)[3:] == [("reinstate", "suspended", "in_force", str(today), None)]
        assert Suspension.objects.values_list("since", "until", "reason").get() == (day(2025, 1, 1), today, "停业整改")

    def test_an_application_that_was_published(self, run, line):
        applied = {"状态": "待审核", "公布日期": "", "有效期至": "", "连续期数": "", "牌匾编号": ""}
        _old, pledge = self.change(run, line, {name: line[name] for name in applied}, **applied)

        assert [verb for verb, *_rest in told(pledge)] == ["apply", "publish"]

    def test_it_may_move_to_other_premises(self, run, line):
        run(line, line | {"承诺编号": "C2", "承诺类型": "放心工厂", "门店名称": "青禾二店", "承诺内容": "保证质量"})

        assert counts(run(line | {"门店名称": "青禾二店"})) == {"rows": 1, "updated": 1}

        assert Pledge.objects.get(external_number="C1").premises.name == "青禾二店"
        assert Premises.objects.count() == 2

    @pytest.mark.parametrize("changes", [{"name": "青禾旗舰店"}, {"region": "330108"}])
    def test_premises_that_were_corrected_here_are_not_made_a_second_time(self, run, line, west, changes):
        run(line)
        premises, clerk = Premises.objects.get(), UserFactory(agency=west.parent, roles=["pledge_clerk"])
        given = {"name": premises.name, "region": premises.region, "address": premises.address} | changes
        if "region" in changes:
            given["region"] = Region.objects.get(code=changes["region"])
        change_premises(premises, actor=clerk, **given)
        before = stored()

        assert counts(run(line | {"管辖单位": ""})) == {"rows": 1, "unchanged": 1, "warnings": 1}

        assert warnings() == {("premises", "门店名称", "青禾武林店")}
        assert stored() == before

    def test_two_change_places_within_one_file(self, run, line):
        early = {"公布日期": "2022-01-01", "有效期至": "2022-12-31", "申请日期": "", "状态": "过期"}
        late = {"公布日期": "2023-01-01", "有效期至": "2023-12-31", "申请日期": "", "状态": "过期"}
        one, two = line | {"承诺编号": "A"}, line | {"承诺编号": "B"}
        run(one | early, two | late)

        assert counts(run(one | late, two | early)) == {"rows": 2, "updated": 2}
        first, second = Pledge.objects.order_by("external_number")
        assert (first.published_on, first.previous, second.previous) == (day(2023, 1, 1), second, None)


def version(chance: random.Random, number: int) -> dict:
    """What some register might say of a pledge next."""
    today = timezone.localdate()
    published = FIRST + dt.timedelta(days=chance.choice([400, 500, 900, 1500]))
    until = published + dt.timedelta(days=chance.choice([300, 1094, 2900, 3600]))
    row = {"承诺编号": f"V{number}", "门店名称": f"{number}店", "申请日期": "", "公布日期": str(published)}
    row |= {"有效期至": str(until), "连续期数": chance.choice(["", "1", "2", "3"]), "状态": "在期"}
    last = min(until, today)
    match chance.randrange(7):
        case 0 | 1:
            row |= {"状态": chance.choice(["摘牌", "注销"]),
                    "结束日期": str(published + (last - published) * chance.random())}  # fmt: skip
        case 2:
            row |= {"状态": "暂停", "暂停日期": str(published + (last - published) * chance.random())}
        case 3:
            row |= {"状态": "暂停"}
        case 4 if until < today:
            row |= {"状态": "过期"}
        case 5 if chance.random() < 0.5:
            row = {"承诺编号": f"V{number}", "门店名称": f"{number}店", "申请日期": "2018-05-01", "状态": "待审核"}
            row |= dict.fromkeys(["公布日期", "有效期至", "连续期数", "牌匾编号"], "")
    return row


@pytest.mark.parametrize("seed", range(2))
def test_whatever_registers_say_one_after_another_events_tell_the_days(run, line, seed):
    chance = random.Random(seed)
    for _file in range(6):
        lines = [line | version(chance, number) for number in range(30)]
        assert not run(*lines)["rejected"]

        for pledge in Pledge.objects.all():
            assert days_told(pledge) == days_stored(pledge), told(pledge)
            states = [(event.before, event.after) for event in pledge.events.order_by("pk")]
            assert all(one[1] == other[0] for one, other in itertools.pairwise(states))
            assert states[-1][1] == pledge.state
        before = stored()
        assert run(*lines)["unchanged"] == 30
        assert stored() == before


class TestWorkedOn:
    @pytest.fixture
    def worked(self, run, line, west):
        run(line)
        pledge = Pledge.objects.get()
        head = UserFactory(agency=west, roles=["approver"])
        act_on_pledge(pledge, "suspend", actor=head, note="正在核查投诉")
        return pledge

    def test_it_is_left_and_compared(self, run, line, worked):
        before = stored()

        assert counts(run(line)) == {"rows": 1, "unchanged": 1, "warnings": 1, "differing": 1}

        assert stored() == before
        assert warnings() == {("pledge", "承诺编号", "C1")}
        control = ImportRun.objects.latest("pk").control
        assert (control["file"]["by_kind"], control["database"]["by_kind"]) == ({"in_force": 1}, {"suspended": 1})

    def test_where_it_agrees_nothing_differs(self, run, line, worked):
        today = timezone.localdate()

        assert counts(run(line | {"状态": "暂停", "暂停日期": str(today)})) == {"rows": 1, "unchanged": 1}

    def test_it_keeps_its_time(self, run, line, worked):
        other = line | {"承诺编号": "C2", "公布日期": "2025-05-20"}

        assert counts(run(other)) == {"rows": 1, "rejected": 1}
        assert reject() == (2, "公布日期", "2025-05-20", "overlap")


class TestJudged:
    """What was inspected, or found in breach, stays what it was."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"经营者名称": "杭州别家有限公司", "统一社会信用代码": OTHER, "门店名称": "别家"},
            {"承诺类型": "放心消费单位"},
            {"状态": "待审核", "公布日期": "", "有效期至": "", "连续期数": "", "牌匾编号": ""},
        ],
    )
    @pytest.mark.parametrize("by", ["breach", "inspection"])
    def test_it_moves_no_more_and_follows_otherwise(self, run, line, by, changes):
        run(line)
        pledge = Pledge.objects.get()
        if by == "breach":
            BreachFactory(pledge=pledge, confirmed=True)
        else:
            InspectionFactory(premises=pledge.premises, pledge=pledge)
        before = Pledge.objects.values().get()

        summary = counts(run(line | changes))
        assert (summary["unchanged"], summary["differing"]) == (1, 1)
        assert Pledge.objects.values().get() == before
        assert counts(run(line | {"状态": "摘牌", "结束日期": "2024-09-01"})) == {"rows": 1, "updated": 1}

    def test_a_suspicion_alone_holds_nothing(self, run, line):
        run(line)
        BreachFactory(pledge=Pledge.objects.get())

        assert counts(run(line | {"承诺类型": "放心消费单位"}))["updated"] == 1


class TestOverlaps:
    @pytest.mark.parametrize("chunk_rows", [1, 10])
    def test_within_the_file(self, run, line, chunk_rows):
        other = line | {"承诺编号": "C2", "公布日期": "2025-05-20"}

        assert counts(run(line, other, chunk_rows=chunk_rows)) == {"rows": 2, "created": 1, "rejected": 1}

        assert reject() == (3, "公布日期", "2025-05-20", "overlap")
        message = ImportReject.objects.get().message
        assert "C1" in message
        assert line["有效期至"] in message
        assert Pledge.objects.get().external_number == "C1"

    def test_with_what_was_entered_here(self, run, line, west):
        merchant = MerchantFactory(coded=True, credit_code=CODE)
        place = Region.objects.filter(code="330106").first()
        premises = PremisesFactory(merchant=merchant, name="青禾武林店", agency=west, region=place)
        PledgeFactory(premises=premises, type=PledgeType.objects.get(code="no_reason_return"), in_force=True)
        before = stored()

        assert counts(run(line)) == {"rows": 1, "rejected": 1}
        assert reject() == (2, "公布日期", "2024-05-20", "overlap")
        assert stored() == before

    def test_one_application_at_a_time(self, run, line, west):
        applied = line | {"状态": "待审核", "公布日期": "", "有效期至": "", "连续期数": "", "牌匾编号": ""}

        summary = run(applied, applied | {"承诺编号": "C2"})

        assert counts(summary) == {"rows": 2, "created": 1, "rejected": 1}
        assert reject() == (3, "承诺类型", "无理由退货承诺单位", "overlap")

    def test_types_may_overlap_and_terms_may_follow_each_other(self, run, line):
        lines = [
            line,
            line | {"承诺编号": "A", "公布日期": "2020-01-01", "申请日期": "", "有效期至": "2024-05-19", "状态": "过期"},
            line | {"承诺编号": "B", "承诺类型": "放心消费单位", "承诺内容": "明码标价"},
            line | {"承诺编号": "C", "公布日期": "2019-01-01", "申请日期": "", "有效期至": "2021-12-31", "状态": "注销",
                    "结束日期": "2020-01-01"},
        ]  # fmt: skip
        assert counts(run(*lines)) == {"rows": 4, "created": 4}

    @pytest.mark.parametrize(("published", "is_early"), [("2025-02-28", True), ("2025-03-01", False)])
    def test_what_was_taken_up_again_before_the_waiting_time_was_over_is_listed(self, run, line, published, is_early):
        revoked = line | {"承诺编号": "A", "状态": "摘牌", "公布日期": "2023-01-01", "申请日期": ""}
        revoked |= {"结束日期": "2024-03-01"}

        summary = run(revoked, line | {"申请日期": "", "公布日期": published})

        assert counts(summary) == {"rows": 2, "created": 2} | ({"warnings": 1} if is_early else {})
        assert warnings() == ({("early", "承诺编号", "C1")} if is_early else set())

    def test_an_application_within_the_waiting_time_is_admitted_here_for_a_reason_alone(self, run, line, west):
        today = str(timezone.localdate())
        revoked = line | {"承诺编号": "A", "状态": "摘牌", "结束日期": today}
        applied = {"状态": "待审核", "申请日期": today, "公布日期": "", "有效期至": "", "连续期数": "", "牌匾编号": ""}
        PledgeType.objects.filter(code="no_reason_return").update(stages=[])
        run(revoked, line | applied)
        head, pledge = UserFactory(agency=west, roles=["approver"]), Pledge.objects.get(external_number="C1")

        with pytest.raises(DomainError, match=today):
            act_on_pledge(pledge, "admit", actor=head)
        act_on_pledge(pledge, "admit", actor=head, note="已更换经营者，整改到位")

        pledge.refresh_from_db()
        assert (pledge.state, pledge.waiting_reason) == ("admitted", "已更换经营者，整改到位")
        assert pledge.previous.external_number == "A"

    def test_an_update_that_would_overlap_keeps_its_old_time(self, run, line):
        earlier = line | {"承诺编号": "A", "公布日期": "2020-01-01", "申请日期": "", "有效期至": "2020-12-31",
                          "状态": "过期"}  # fmt: skip
        run(earlier, line)
        before = stored()

        summary = run(
            earlier | {"有效期至": "2024-06-30"},
            line | {"承诺编号": "B", "公布日期": "2020-06-01", "申请日期": "", "有效期至": "2020-12-31", "状态": "过期"},
        )
        assert counts(summary) == {"rows": 2, "rejected": 2}
        assert set(ImportReject.objects.values_list("line", "rule")) == {(2, "overlap"), (3, "overlap")}
        assert stored() == before

    def test_a_pledge_applied_for_here_is_in_nobodys_way_once_withdrawn(self, run, line, west):
        run(line | {"承诺类型": "放心工厂", "承诺内容": "保证质量"})
        clerk = UserFactory(agency=west, roles=["pledge_clerk"])
        type = PledgeType.objects.get(code="no_reason_return")
        promise = {
            "days": 7, "goods": "全部", "excluded": "食品", "proof": "小票", "freight": "consumer", "refund_days": 3,
        }  # fmt: skip
        pledge = apply_for(
            Premises.objects.get(), type, promise=promise, applied_on=timezone.localdate(), actor=clerk
        )
        act_on_pledge(pledge, "withdraw", actor=clerk, note="商家自行撤回")

        assert counts(run(line | {"承诺编号": "C2"})) == {"rows": 1, "created": 1}


class TestRejects:
    @pytest.mark.parametrize(
        ("changes", "column", "value", "rule"),
        [
            ({"承诺编号": ""}, "承诺编号", "", "required"), ({"状态": ""}, "状态", "", "required"),
            ({"状态": "良好"}, "状态", "良好", "vocabulary"), ({"承诺类型": "放心飞船"}, "承诺类型", "放心飞船", "type"),
            ({"承诺类型": ""}, "承诺类型", "", "required"), ({"区县": "不知"}, "区县", "不知", "region"),
            ({"区县": "杭州市"}, "区县", "杭州市", "region"),
            ({"区县": ""}, "区县", "", "required"), ({"管辖单位": "不知"}, "管辖单位", "不知", "agency"),
            ({"经营者名称": ""}, "经营者名称", "", "required"),
            ({"退货天数": "6"}, "退货天数", "6", "days"), ({"退货天数": "七天"}, "退货天数", "七天", "number"),
            ({"退货天数": "-7"}, "退货天数", "-7", "number"), ({"退款天数": "3.5"}, "退款天数", "3.5", "number"),
            ({"连续期数": "0"}, "连续期数", "0", "number"), ({"连续期数": "100"}, "连续期数", "100", "number"),
            ({"运费承担": "政府"}, "运费承担", "政府", "vocabulary"),
            ({"先行赔付金": "-1"}, "先行赔付金", "-1", "amount.negative"),
            ({"先行赔付金": "1.005"}, "先行赔付金", "1.005", "amount.fraction"),
            ({"公布日期": ""}, "公布日期", "", "required"), ({"公布日期": "-"}, "公布日期", "", "required"),
            ({"公布日期": "2024-13-01"}, "公布日期", "2024-13-01", "date.impossible"),
            ({"公布日期": "2099-01-01"}, "公布日期", "2099-01-01", "date.future"),
            ({"申请日期": "2024-05-21"}, "申请日期", "2024-05-21", "date_order"),
            ({"有效期至": "2024-05-19", "状态": "过期"}, "有效期至", "2024-05-19", "date_order"),
            ({"状态": "摘牌"}, "结束日期", "", "required"), ({"状态": "注销"}, "结束日期", "", "required"),
            ({"结束日期": "2024-08-01"}, "结束日期", "2024-08-01", "state"),
            ({"状态": "过期", "有效期至": "2025-01-31", "结束日期": "2025-02-01"}, "结束日期", "2025-02-01", "state"),
            ({"状态": "摘牌", "结束日期": "2024-05-19"}, "结束日期", "2024-05-19", "date_order"),
            ({"状态": "摘牌", "结束日期": "2099-01-01"}, "结束日期", "2099-01-01", "date.future"),
            ({"状态": "摘牌", "有效期至": "2025-01-31", "结束日期": "2025-02-01"}, "结束日期", "2025-02-01",
             "date_order"),
            ({"状态": "暂停", "暂停日期": "2024-05-19"}, "暂停日期", "2024-05-19", "date_order"),
            ({"状态": "暂停", "暂停日期": "2025-02-01", "有效期至": "2025-01-31"}, "暂停日期", "2025-02-01",
             "date_order"),
            ({"暂停日期": "2024-08-01"}, "暂停日期", "2024-08-01", "state"),
            ({"状态": "待审核"}, "公布日期", "2024-05-20", "state"),
            ({"状态": "待审核", "公布日期": ""}, "有效期至", None, "state"),
            ({"状态": "待审核", "公布日期": "", "有效期至": "", "申请日期": ""}, "申请日期", "", "required"),
            ({"门店名称": "㍿" * 80}, "门店名称", None, "length"), ({"地址": "路" * 301}, "地址", None, "length"),
            ({"统一社会信用代码": "9.1E+17"}, "统一社会信用代码", "9.1E+17", "number.rounded"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_rejected_with_its_reason(self, run, line, changes, column, value, rule):
        before = stored()

        assert counts(run(line | changes)) == {"rows": 1, "rejected": 1}

        found = reject()
        assert found[:2] == (2, column)
        assert found[3] == rule
        assert value is None or found[2] == value
        assert len(ImportReject.objects.get().message) > 8
        assert stored() == before

    def test_not_expired_before_its_last_day_is_over(self, run, line):
        today = timezone.localdate()

        assert counts(run(line | {"状态": "过期", "有效期至": str(today)})) == {"rows": 1, "rejected": 1}
        assert reject() == (2, "有效期至", str(today), "date.future")
        assert counts(run(line | {"状态": "过期", "有效期至": str(today - DAY)})) == {"rows": 1, "created": 1}

    def test_a_type_that_was_not_offered_then(self, run, line):
        PledgeType.objects.filter(code="no_reason_return").update(valid_from=day(2024, 6, 1))

        assert counts(run(line)) == {"rows": 1, "rejected": 1}
        assert reject() == (2, "承诺类型", "无理由退货承诺单位", "type")

    def test_a_type_may_ask_for_more_days_than_the_law(self, run, line):
        PledgeType.objects.filter(code="no_reason_return").update(least_days=15)

        assert counts(run(line)) == {"rows": 1, "rejected": 1}
        assert reject() == (2, "退货天数", "10天", "days")

    @pytest.mark.parametrize("chunk_rows", [1, 10])
    def test_a_number_twice(self, run, line, chunk_rows):
        bad, good = line | {"区县": "不知"}, line | {"门店名称": "二店"}

        summary = run(bad, line, good, chunk_rows=chunk_rows)

        assert counts(summary) == {"rows": 3, "created": 1, "duplicates": 1, "rejected": 1}
        assert Pledge.objects.get().premises.name == "青禾武林店"

    @pytest.mark.parametrize("chunk_rows", [1, 10])
    def test_where_the_first_row_of_a_number_cannot_stand_the_next_one_is_taken(self, run, line, chunk_rows):
        lines = [line | {"承诺编号": "C0"}, line, line | {"门店名称": "二店"}, line | {"门店名称": "三店"}]

        assert counts(run(*lines, chunk_rows=chunk_rows)) == {
            "rows": 4, "created": 2, "duplicates": 1, "rejected": 1,
        }  # fmt: skip
        assert Pledge.objects.get(external_number="C1").premises.name == "二店"
        assert set(ImportReject.objects.values_list("line", "rule")) == {(3, "overlap"), (5, "duplicate")}

    def test_what_only_the_database_refuses_is_rejected_alone(self, run, line, monkeypatch):
        """Someone else was quicker: what was free when it was looked at is taken when it is written."""
        monkeypatch.setattr("pledges.domain.imported._Plan.taken", lambda *args: "")
        other = line | {"承诺编号": "C2", "公布日期": "2025-05-20"}
        third = line | {"承诺编号": "C3", "门店名称": "三店"}

        assert counts(run(line, other, third)) == {"rows": 3, "created": 2, "rejected": 1}
        assert reject() == (3, "承诺编号", "C2", "database")
        assert set(Pledge.objects.values_list("external_number", flat=True)) == {"C1", "C3"}

    def test_a_header_that_is_missing(self, tmp_path, line):
        path = write_lines(tmp_path / "a.csv", ("承诺编号", "经营者名称"), [{"承诺编号": "1"}])

        with pytest.raises(CommandError, match="承诺类型"):
            call_command("import_pledges", str(path))


def test_a_run_that_was_cut_off_goes_on(run, line, monkeypatch):
    lines = [line | {"承诺编号": f"C{n}", "门店名称": f"{n}店"} for n in range(6)] + [line | {"承诺编号": "C1"}]
    commit, calls = engine._commit, []

    def cut(*args):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(1)
        return commit(*args)

    monkeypatch.setattr(engine, "_commit", cut)
    with pytest.raises(KeyboardInterrupt):
        run(*lines, chunk_rows=2)
    assert Pledge.objects.count() == 4
    monkeypatch.setattr(engine, "_commit", commit)

    assert counts(run(*lines, chunk_rows=2)) == {"rows": 7, "created": 6, "duplicates": 1}

    assert ImportRun.objects.count() == 1
    assert PledgeEvent.objects.count() == 12
    assert not Pledge.objects.exclude(import_line=F("premises__import_line")).exists()


@pytest.mark.parametrize("role", ["approver", "officer", "regulator"])
def test_only_who_may_import(run, line, role):
    user = UserFactory(agency=AgencyFactory(), roles=[role])

    with pytest.raises(CommandError, match="pledges.import_pledge"):
        run(line, user=user.username)
    assert not Pledge.objects.exists()


def test_a_clerk_of_pledges_imports(run, line):
    user = UserFactory(agency=Agency.objects.get(name="杭州市西湖区市场监督管理局"), roles=["pledge_clerk"])

    assert counts(run(line, user=user.username)) == {"rows": 1, "created": 1}
    assert Pledge.objects.get().events.first().actor == user
