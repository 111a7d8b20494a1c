"""A shop is admitted, published, inspected, complained of, found in breach, corrected and renewed, by the people whose
work each step is."""

import datetime as dt
import os
import subprocess
import sys

import pytest
from django.utils import timezone

from tests.browser.test_mediation_walk import Database, Desk

PLEDGES, PREMISES, INSPECTIONS, BREACHES = (
    f"/admin/pledges/{model}/" for model in ("pledge", "premises", "inspection", "breach")
)
SHOP = "青石巷示例门店"
# a complaint that somebody of the clerk's district has, of a merchant that has pledged nothing
COMPLAINT = """
SELECT c.id, c.number, m.name FROM cases_case c JOIN registry_merchant m ON m.id = c.merchant_id
 WHERE c.kind = 'complaint'
   AND c.custodian_district_id = (SELECT agency_id FROM accounts_user WHERE username = 'pledges')
   AND NOT EXISTS (SELECT FROM pledges_premises s WHERE s.merchant_id = m.id)
   AND (SELECT count(*) FROM registry_merchant n WHERE n.name LIKE m.name || '%%') = 1
 ORDER BY c.id DESC LIMIT 1"""


@pytest.fixture
def database(portal):
    return Database(portal.database)


def work(portal) -> None:
    """The worker does what there is to do."""
    subprocess.run(
        [sys.executable, "manage.py", "worker", "--once"], check=True, stdout=subprocess.DEVNULL,
        env=os.environ | {"DATABASE_URL": portal.database, "DJANGO_SETTINGS_MODULE": "consumer_rights.settings",
                          "EMBEDDED_DATABASE": "1"},
    )  # fmt: skip


def fill(desk: Desk, **values) -> None:
    """Enter values by the names of their fields."""
    for name, value in values.items():
        field = desk.page.locator(f"[name={name}]").first
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        elif field.get_attribute("type") == "radio":
            desk.page.check(f"[name={name}][value={value}]")
        else:
            field.fill(value)


def test_from_the_application_to_the_renewal(visit_as, database, portal):
    case, number, merchant = database.one(COMPLAINT)
    today = timezone.localdate()
    clerk, head = Desk(visit_as("pledges")), Desk(visit_as("approver"))

    pledge = apply_for(clerk, database, merchant, today)
    admit(clerk, head, pledge, today)
    assert database.one("SELECT state, published_on, terms FROM pledges_pledge WHERE id = %s", pledge) == (
        "in_force", today, 1,
    )  # fmt: skip
    assert SHOP in clerk.go(f"/pledges/?q={SHOP}").text

    inspect(clerk, database, pledge, today)

    # what the consumer bought today is not taken back
    database.ask("UPDATE cases_case SET occurred_on = %s, demand = '要求退货退款' WHERE id = %s", today, case)
    work(portal)
    breach = find_in_breach(clerk, database, number)
    assert database.one("SELECT correct_by IS NOT NULL FROM pledges_pledge WHERE id = %s", pledge) == (True,)
    clerk.go(f"{BREACHES}{breach}/change/").act("认可整改", lambda: fill(clerk, note="已退款，并重新培训店员"))
    assert database.one("SELECT state FROM pledges_breach WHERE id = %s", breach) == ("corrected",)

    # the years go by
    database.ask("UPDATE pledges_pledge SET valid_to = %s WHERE id = %s", today + dt.timedelta(days=30), pledge)
    head.go(f"{PLEDGES}{pledge}/change/").act("续期")
    facts = "SELECT state, terms, correct_by FROM pledges_pledge WHERE id = %s"
    assert database.one(facts, pledge) == ("in_force", 2, None)
    page = clerk.go(f"/pledges/{pledge}/").text
    for done in ("命名公布", "责令整改", "整改通过验收", "续期"):
        assert done in page
    (merchant_key,) = database.one("SELECT merchant_id FROM cases_case WHERE id = %s", case)
    assert number in clerk.go(f"/pledges/merchants/{merchant_key}/").text


def apply_for(clerk: Desk, database, merchant: str, today: dt.date) -> int:
    """The shop is taken up, and its application with the promise."""
    clerk.go(f"{PREMISES}add/")
    clerk.pick("merchant", merchant)
    fill(clerk, name=SHOP, address="青石巷1号")
    clerk.page.select_option("[name=region]", index=1)
    clerk.submit()
    clerk.go(f"{PLEDGES}add/")
    clerk.pick("premises", SHOP)
    clerk.page.select_option("[name=type]", label="无理由退货承诺单位")
    fill(clerk, application="示例-2026-001", applied_on=today.isoformat(), days="5", goods="全部商品", excluded="食品",
         proof="购物小票", freight="consumer", refund_days="3")  # fmt: skip
    clerk.submit()
    assert "不得少于 7 日" in clerk.text
    fill(clerk, days="10")
    clerk.submit()
    (pledge,) = database.one("SELECT id FROM pledges_pledge WHERE application = '示例-2026-001'")
    return pledge


def admit(clerk: Desk, head: Desk, pledge: int, today: dt.date) -> None:
    """Three opinions, the decision, and the publication."""
    for body in ("商业联合会", "消费者权益保护委员会", "市场监督管理局"):
        clerk.go(f"{PLEDGES}{pledge}/change/").act(
            "登记意见", lambda body=body: fill(clerk, favourable="yes", text="符合条件", body=body, person="王五")
        )
    head.go(f"{PLEDGES}{pledge}/change/").act("审核通过")
    head.act("命名公布", lambda: fill(head, plaque="示例牌匾1号"))
    assert "示例牌匾1号" in head.text


def inspect(clerk: Desk, database, pledge: int, today: dt.date) -> None:
    """A visit at which everything is in order but one thing, which is put right."""
    clerk.go(f"{INSPECTIONS}add/")
    clerk.pick("premises", SHOP)
    clerk.page.select_option("[name=type]", label="无理由退货承诺单位")
    fill(clerk, mode="open", planned_on=today.isoformat(), inspectors="王五、赵六")
    clerk.submit()
    (inspection,) = database.one("SELECT max(id) FROM pledges_inspection")

    def found():
        names = clerk.page.locator("[name^=result-]").evaluate_all("found => [...new Set(found.map(one => one.name))]")
        assert len(names) >= 5
        for name in names:
            clerk.page.check(f"[name='{name}'][value={'not_ok' if name == names[1] else 'ok'}]")
        clerk.page.fill(f"[name='{names[1].replace('result', 'note')}']", "除外商品未写明")

    clerk.go(f"{INSPECTIONS}{inspection}/change/").act("登记检查情况", found)
    assert database.one(
        "SELECT count(*) FILTER (WHERE result <> 'ok') FROM pledges_finding WHERE inspection_id = %s", inspection
    ) == (1,)


def find_in_breach(clerk: Desk, database, number: str) -> int:
    """The suspicion is looked at and confirmed, and a correction ordered."""
    (breach,) = database.one(
        "SELECT b.id FROM pledges_breach b JOIN cases_case c ON c.id = b.case_id WHERE c.number = %s", number
    )
    clerk.go(f"{BREACHES}?q={number}")
    clerk.follow(clerk.page.locator(f'a[href*="{BREACHES}{breach}/change/"]').first)
    assert "退货" in clerk.text
    clerk.act("认定违反承诺", lambda: fill(clerk, note="店员拒绝退货，与承诺不符"))
    clerk.act("责令整改", lambda: fill(clerk, note="三日内退款并培训店员"))
    return breach
