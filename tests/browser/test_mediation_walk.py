"""A mediator's day in the administration, from the index to an agreement that a court has confirmed."""

import datetime as dt
import io
import re
import zipfile
from contextlib import closing
from decimal import Decimal

import psycopg2
import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.conftest import TODAY
from tests.browser.test_casework_walk import SHIFTED

SESSIONS, AGREEMENTS, CONFIRMATIONS = (
    f"/admin/mediation/{model}/" for model in ("session", "agreement", "judicialconfirmation")
)
MINUTES = "双方到场。经营者同意分两期履行，消费者接受。"
TERMS = "一、经营者退还货款120.50元；\n二、经营者上门取回商品，费用自理。"
AMOUNT = "120.50"
COURT_NUMBER, RULING = "（2026）浙0102诉前调确901号（测试）", "（2026）浙0102诉前调确901号之一（测试）"
COURT = "上城区人民法院消费纠纷微法庭"


class Database:
    """The server's own database: what the calendar would bring in days is brought about here, and looked at."""

    def __init__(self, address: str):
        self.address = address

    def ask(self, statement: str, *values):
        with closing(psycopg2.connect(self.address)) as link, link, link.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def one(self, statement: str, *values):
        (row,) = self.ask(statement, *values)
        return row

    def bring_forward(self, number: str, days: int) -> None:
        """The city was made for a day that is past: let the case have come that many days later."""
        with closing(psycopg2.connect(self.address)) as link, link, link.cursor() as cursor:
            for statement in SHIFTED:
                cursor.execute(statement, {"days": -days, "number": number})

    def book(self, session: int, starts: dt.datetime, ends: dt.datetime) -> None:
        self.ask("UPDATE mediation_session SET period = tstzrange(%s, %s) WHERE id = %s", starts, ends, session)

    def book_today(self, session: int) -> None:
        """On this day, far from now."""
        now = timezone.localtime()
        starts = now.replace(hour=23 if now.hour < 12 else 0, minute=5)
        self.book(session, starts, starts + dt.timedelta(minutes=40))

    def begin(self, session: int) -> None:
        """The hour of the session has come, on this day."""
        self.ask(
            "UPDATE mediation_session SET period = tstzrange(greatest(now() - interval '20 minutes',"
            " date_trunc('day', now(), 'Asia/Shanghai')), now()) WHERE id = %s", session,
        )  # fmt: skip


class Desk:
    """The window of one person in the administration; every page that opens is looked at."""

    def __init__(self, window):
        self.window, self.page = window, window.page

    def look(self):
        expect(self.page.locator("h1")).to_have_count(1)
        assert self.window.complaints() == [], self.page.url
        return self

    def go(self, path: str):
        self.window.go(path)
        return self.look()

    def follow(self, link):
        with self.page.expect_navigation():
            link.click()
        return self.look()

    def tool(self, name: str):
        """One of the acts and places that the page of a row leads to."""
        return self.page.locator(".object-tools").get_by_role("link", name=name, exact=True)

    def submit(self):
        with self.page.expect_navigation():
            self.page.locator("#content form .submit-row input[type=submit]").click()
        return self.look()

    def pick(self, name: str, text: str):
        """Choose in a list that looks its choices up as one types."""
        self.page.locator(f"#id_{name} + .select2-container").click()
        self.page.locator(".select2-search__field").last.fill(text)
        self.page.locator(".select2-results__option", has_text=text).first.click()
        expect(self.page.locator(f"#id_{name} + .select2-container")).to_contain_text(text)

    def act(self, tool: str, fill=lambda: None):
        """Open the page of an act, fill it in and do it."""
        self.follow(self.tool(tool))
        fill()
        self.submit()
        assert "已登记" in self.messages
        return self

    def reach(self, selector: str):
        """Go on from control to control by the keyboard until one that `selector` names has the focus."""
        for _step in range(80):
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {selector}")

    def open_paper(self, number: int = 0) -> str:
        """The text of one of the documents on the page."""
        link = self.page.locator('a[href*="/papers/"]').nth(number)
        answer = self.page.request.get(link.get_attribute("href"))
        assert answer.status == 200
        assert answer.headers["content-disposition"].startswith("attachment")
        with zipfile.ZipFile(io.BytesIO(answer.body())) as file:
            return "".join(file.read(name).decode() for name in file.namelist() if name.endswith(".xml"))

    @property
    def pk(self) -> int:
        return int(re.search(r"/(\d+)/", self.page.url).group(1))

    @property
    def text(self) -> str:
        return self.page.locator("#content, main").first.inner_text()

    @property
    def messages(self) -> str:
        return self.page.locator(".messagelist").first.inner_text()  # what stands on the page itself comes after

    def part(self, heading: str):
        """What stands on the index under a heading."""
        return self.page.locator(".day .module", has=self.page.get_by_role("heading", name=heading))


@pytest.fixture
def database(portal):
    return Database(portal.database)


def free_day(desk: Desk, link: str) -> dt.date:
    """The first of the next days on which a mediator can be had in the morning."""
    for days in range(1, 15):
        day = timezone.localdate() + dt.timedelta(days=days)
        desk.window.go(f"{link}&day={day}&starts=10:00&ends=11:00")
        if "-" in desk.page.locator(".suggestions tbody td:last-child").all_inner_texts():
            return day
    raise AssertionError("no mediator can be had for two weeks")


def test_from_the_index_to_the_confirmed_agreement(visit_as, database):
    # the day: one session is on today, and cases wait for theirs
    today_session, other, other_mediator, room = booked(database)
    desk = Desk(visit_as("mediator")).go("/admin/")
    expect(desk.part("今日调解").locator(f'a[href="{SESSIONS}{today_session}/change/"]')).to_be_visible()
    link = desk.part("待安排调解的案件").get_by_role("link", name="安排调解").first.get_attribute("href")
    number = link.partition("number=")[2]
    database.bring_forward(number, (timezone.localdate() - dt.date.fromisoformat(TODAY)).days - 1)

    session = schedule(desk, database, link, other, other_mediator, room)
    for side, name in (("complainant", "投诉人"), ("respondent", "被投诉人")):
        def fill(side=side):
            desk.page.select_option("[name=side]", side)
            desk.page.fill("[name=contact_phone]", "0571-00000000")

        desk.act("制作调解通知书", fill)
        assert name in desk.page.locator("fieldset", has_text="文书").last.inner_text()
    desk.act("登记通知", lambda: desk.page.select_option("[name=means]", "phone"))
    assert database.ask("SELECT DISTINCT means FROM mediation_attendance WHERE session_id = %s", session) == [("phone",)]

    database.begin(session)
    hold(desk, session)
    assert number in desk.go("/admin/").part("待制作和待签署的调解协议").inner_text()
    desk.go(f"{SESSIONS}{session}/change/").act("制作调解笔录")
    assert MINUTES in desk.open_paper(2)

    agreement = draw_up(desk, number)
    desk.act("制作文书")
    assert "退还货款120.50元" in desk.open_paper()
    sign(desk)
    assert "已生效" in desk.text
    assert database.one("SELECT state FROM mediation_agreement WHERE id = %s", agreement) == ("in_force",)
    assert desk.go("/admin/").part("待履行的协议").locator(f'a[href="{AGREEMENTS}{agreement}/change/"]').count() == 2

    perform_by_keyboard(desk, agreement)
    assert recovered(database, number) == Decimal(AMOUNT)

    confirmation = take_to_court(desk, agreement)
    rule(Desk(visit_as("court")), confirmation)

    desk = Desk(visit_as("mediator")).go(f"{CONFIRMATIONS}{confirmation}/change/")
    assert "已确认" in desk.text
    case_page(desk, number)
    check(database, number, session, agreement, confirmation)


def booked(database) -> tuple[int, int, str, str]:
    """Lets one session of the city be on today; another one's number, mediator and room."""
    rows = database.ask(
        "SELECT s.id, m.name, r.name FROM mediation_session s JOIN mediation_mediator m ON m.id = mediator_id"
        " JOIN mediation_room r ON r.id = room_id WHERE s.state = 'scheduled' ORDER BY s.id LIMIT 2"
    )  # fmt: skip
    (today_session, _mediator, _room), (other, mediator, room) = rows
    database.book_today(today_session)
    return today_session, other, mediator, room


def schedule(desk: Desk, database, link: str, other: int, other_mediator: str, room: str) -> int:
    """A session on a day on which somebody is free; the room that was chosen first is taken."""
    day = free_day(desk, link)
    at = [timezone.make_aware(dt.datetime.combine(day, dt.time(hour))) for hour in (10, 11)]
    database.book(other, *at)
    desk.go(f"{link}&day={day}&starts=10:00&ends=11:00")
    rows = desk.page.locator(".suggestions tbody tr")
    against = {row.locator("th").inner_text(): row.locator("td").last.inner_text() for row in rows.all()}
    assert "10:00" in against[other_mediator]
    mediator = next(name for name, words in against.items() if words == "-")

    desk.page.select_option("[name=mode]", "on_site")
    desk.pick("room", room)
    desk.pick("mediator", mediator)
    desk.submit()
    refused = desk.page.locator(".errorlist").first.inner_text()
    assert f"{day} 10:00" in refused
    assert "调解室" in refused
    assert other_mediator in refused

    free = {"第一调解室": "第二调解室", "第二调解室": "第一调解室"}[room]
    desk.pick("room", free)
    desk.submit()
    number = link.partition("number=")[2]
    found = database.one(
        "SELECT s.id, m.name, r.name, lower(period) FROM mediation_session s JOIN cases_case c ON c.id = case_id"
        " JOIN mediation_mediator m ON m.id = mediator_id JOIN mediation_room r ON r.id = room_id WHERE c.number = %s",
        number,
    )  # fmt: skip
    assert found[1:] == (mediator, free, at[0])
    desk.go(f"{SESSIONS}{found[0]}/change/")
    return found[0]


def hold(desk: Desk, session: int) -> None:
    """Everyone has come and agrees."""
    desk.go("/admin/").follow(desk.part("今日调解").locator(f'a[href="{SESSIONS}{session}/change/"]'))

    def fill():
        for one in desk.page.locator("[name^=presence_]").all():
            one.select_option("present")
        for name in ("both_consent", "represented_agree"):
            if desk.page.locator(f"[name={name}]").count():
                desk.page.check(f"[name={name}]")
        desk.page.select_option("[name=outcome]", "agreement")
        desk.page.fill("[name=minutes]", MINUTES)

    desk.act("登记结果", fill)
    assert MINUTES in desk.text


def draw_up(desk: Desk, number: str) -> int:
    """From the session to its agreement, with money to be paid today and goods to be fetched in ten days."""
    desk.follow(desk.tool("调解协议"))
    page, today = desk.page, timezone.localdate()
    expect(page.locator("[name=number]")).to_have_value(number)
    page.fill("[name=terms]", TERMS)
    page.fill("[name=instalments-0-due_on]", f"{today}")
    page.fill("[name=instalments-0-what]", "退还货款")
    page.select_option("[name=instalments-0-kind]", "refund")
    page.fill("[name=instalments-0-amount]", AMOUNT)
    page.locator(".add-row a").click()
    page.fill("[name=instalments-1-due_on]", f"{today + dt.timedelta(days=10)}")
    page.fill("[name=instalments-1-what]", "上门取回商品")
    desk.look()
    desk.submit()
    desk.follow(page.locator("#result_list").get_by_role("link", name=number))
    return desk.pk


def sign(desk: Desk) -> None:
    """Both sides have signed; what is promised may be more than the claim."""

    def fill():
        for box in desk.page.locator("[name=signatures]").all():
            box.check()
        desk.page.fill("[name=note]", "含往返运费，双方协商一致")

    desk.act("登记签署", fill)


def perform_by_keyboard(desk: Desk, agreement: int) -> None:
    """The money was paid: the form is filled in and sent without a mouse."""
    desk.go(f"{AGREEMENTS}{agreement}/act/perform/")
    keyboard = desk.page.keyboard
    desk.reach("[name=instalment]")
    keyboard.press("Space")
    desk.reach("[name=evidence]")
    keyboard.type("转账记录（测试）")
    with desk.page.expect_navigation():
        keyboard.press("Enter")
    desk.look()
    assert "已登记" in desk.messages
    assert "转账记录（测试）" in desk.text


def take_to_court(desk: Desk, agreement: int) -> int:
    """Both sides apply for the confirmation, with the papers that were made out."""
    desk.follow(desk.tool("申请司法确认"))
    desk.pick("court", COURT)
    desk.submit()
    confirmation = desk.pk
    desk.act("制作司法确认材料")
    assert desk.page.locator('a[href*="/papers/"]').count() == 3
    desk.act("登记申请", lambda: desk.page.check("[name=both_parties]"))
    assert "已申请" in desk.text
    desk.go(f"{AGREEMENTS}{agreement}/change/").follow(desk.tool("司法确认"))
    assert desk.pk == confirmation
    return confirmation


def rule(desk: Desk, confirmation: int) -> None:
    """The court finds what was applied for, reads a paper, takes it up and rules."""
    own = f'#result_list a[href^="{CONFIRMATIONS}{confirmation}/change/"]'
    desk.go(f"{CONFIRMATIONS}?state__exact=applied")
    assert desk.page.locator("#result_list tbody tr").count() == 1
    desk.follow(desk.page.locator(own))
    assert "司法确认" in desk.open_paper(1)

    desk.act("登记法院受理", lambda: desk.page.fill("[name=number]", COURT_NUMBER))
    desk.act("登记裁定确认", lambda: desk.page.fill("[name=ruling]", RULING))
    assert RULING in desk.text
    for path in ("/cases/", AGREEMENTS, SESSIONS):
        desk.window.go(path, status=403)


def case_page(desk: Desk, number: str) -> None:
    """The page of the case has what the parties would be told."""
    desk.window.go(f"/cases/{number}/")
    page = desk.page
    expect(page.get_by_text(RULING)).to_be_visible()
    desk.look()
    text = page.locator("main").inner_text()
    for words in ("达成协议", "退还货款", "上门取回商品", COURT, "已确认", "转账记录（测试）"):
        assert words in text, words
    loss = page.locator("dl.totals div", has_text="挽回经济损失").locator("dd")
    assert loss.inner_text() == AMOUNT


def recovered(database, number: str) -> Decimal:
    return database.one(
        "SELECT coalesce(sum(amount), 0) FROM cases_recovery r JOIN cases_case c ON c.id = case_id WHERE number = %s",
        number,
    )[0]


def check(database, number: str, session: int, agreement: int, confirmation: int) -> None:
    """What is stored in the end."""
    assert database.one("SELECT state, outcome FROM cases_case WHERE number = %s", number) == ("ended", "agreement")
    assert database.one("SELECT state, outcome FROM mediation_session WHERE id = %s", session) == ("held", "agreement")
    assert database.one(
        "SELECT state, session_id, effective_on FROM mediation_agreement WHERE id = %s", agreement
    ) == ("in_force", session, timezone.localdate())  # fmt: skip
    assert database.ask(
        "SELECT what, amount, performed_on FROM mediation_instalment WHERE agreement_id = %s ORDER BY due_on", agreement
    ) == [("退还货款", Decimal(AMOUNT), timezone.localdate()), ("上门取回商品", None, None)]  # fmt: skip
    assert recovered(database, number) == Decimal(AMOUNT)
    assert database.one(
        "SELECT sum(amount) FROM cases_recovery r JOIN cases_case c ON c.id = case_id"
        " WHERE number = %s AND status = 'paid'", number,
    ) == (Decimal(AMOUNT),)  # fmt: skip
    assert database.one(
        "SELECT state, agreement_id, in_time, article, number, ruling FROM mediation_judicialconfirmation WHERE id = %s",
        confirmation,
    ) == ("confirmed", agreement, True, 205, COURT_NUMBER, RULING)  # fmt: skip
