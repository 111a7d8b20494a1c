"""A mixed submission from the telephone call to the auditor, as the people of a bureau go through it."""

import datetime as dt
import io
import zipfile

import psycopg2
import pytest
from playwright.sync_api import expect

NARRATIVE = "消费者在店内购买的牛肉干已超过保质期十二天，要求退款，并要求查处该店。"
REPORTED = "该店销售超过保质期的食品"
PERSON = "冯测试"
SHIFTED = (
    """UPDATE cases_case SET received_at = received_at - make_interval(days => %(days)s),
              decided_at = decided_at - make_interval(days => %(days)s),
              accepted_at = accepted_at - make_interval(days => %(days)s) WHERE number = %(number)s""",
    """UPDATE cases_clock SET started_on = started_on - %(days)s, paused_on = paused_on - %(days)s,
               safe_on = CASE WHEN paused_on IS NULL THEN safe_on - %(days)s ELSE safe_on END,
               due_on = CASE WHEN paused_on IS NULL THEN due_on - %(days)s ELSE due_on END
          FROM cases_case WHERE cases_case.id = case_id AND number = %(number)s AND stopped_on IS NULL""",
    """UPDATE cases_clockpause SET started_on = started_on - %(days)s
         FROM cases_case WHERE cases_case.id = case_id AND number = %(number)s AND ended_on IS NULL""",
)
SELECT = "(list, value) => list.tomselect ? list.tomselect.setValue(value) : list.value = value"


class Desk:
    """One person's window on the case."""

    def __init__(self, window, number: str):
        self.window, self.page, self.number = window, window.page, number

    def open(self):
        self.window.go(f"/cases/{self.number}/")
        return self

    def act(self, verb: str, **fields):
        """Choose an act among those offered, fill in what it asks for, and do it."""
        link = self.page.locator(f'a[href*="/act/{verb}/"]').first
        if not link.is_visible():
            self.page.locator(".acts-more summary").click()
        link.click()
        form = self.page.locator("#act form")
        expect(form).to_be_visible()
        for name, value in fields.items():
            field = form.locator(f"[name={name}]")
            if field.first.get_attribute("type") == "radio":
                form.locator(f'[name={name}][value="{value}"]').check()
            elif field.first.get_attribute("type") == "checkbox":
                field.check()
            elif field.first.evaluate("element => element.tagName") == "SELECT":
                field.evaluate(SELECT, value)
            else:
                field.fill(value)
        with self.page.expect_navigation():
            form.locator("button[type=submit]").click()
        return self

    def choice(self, verb: str, name: str, text: str) -> str:
        """The value of the choice that says `text` in the form of an act."""
        options = self.page.request.get(f"/cases/{self.number}/act/{verb}/").text()
        before = options[: options.index(text)]
        return before[before.rindex('value="') + 7 :].split('"')[0]

    def issue(self, form: str, side: str, **fields):
        """Issue an official form and read the file that one gets."""
        self.window.go(f"/cases/{self.number}/documents/{form}/{side}/issue/")
        for name, value in fields.items():
            self.page.fill(f"[name={name}]", value)
        with self.page.expect_navigation():
            self.page.locator("main form button[type=submit]").click()
        self.open()
        link = self.page.locator("#documents tbody tr").first.locator('a[href$="/file/"]')
        answer = self.page.request.get(link.get_attribute("href"))
        assert answer.status == 200
        assert answer.headers["content-disposition"].startswith("attachment")
        with zipfile.ZipFile(io.BytesIO(answer.body())) as file:
            return "".join(file.read(name).decode() for name in file.namelist() if name.endswith(".xml"))

    def deliver(self, row: int):
        """Record that the document in this row of the table was read out on the telephone."""
        self.page.locator("#documents tbody tr").nth(row).locator('a[href$="/deliver/"]').click()
        self.page.wait_for_load_state()
        self.page.select_option("[name=means]", "phone")
        self.page.select_option("[name=result]", "delivered")
        with self.page.expect_navigation():
            self.page.locator("main form button[type=submit]").click()
        return self.open()

    @property
    def state(self) -> str:
        return self.page.locator("h1 .state").inner_text()

    def complaints(self):
        return self.window.complaints()


@pytest.fixture
def ninety_days_later(portal):
    """Let a case have come, been accepted and been paused that much earlier."""

    def shift(number: str):
        with psycopg2.connect(portal.database) as link, link.cursor() as cursor:
            for statement in SHIFTED:
                cursor.execute(statement, {"days": 90, "number": number})

    return shift


@pytest.fixture
def end_of_mediation(portal):
    """The end of the running term of mediation of a case, as the database has it."""

    def end(number: str):
        with psycopg2.connect(portal.database) as link, link.cursor() as cursor:
            cursor.execute(
                "SELECT safe_on FROM cases_clock JOIN cases_clockrule r ON r.id = rule_id JOIN cases_case c ON c.id ="
                " case_id WHERE c.number = %s AND code = 'complaint.mediate' AND stopped_on IS NULL",
                [number],
            )
            return cursor.fetchone()[0]

    return end


def take_call(window) -> str:
    """The officer takes the call down as a complaint with a report in it; returns the number of the complaint."""
    page = window.page
    window.go("/cases/new/")
    page.fill("[name=people-0-name]", PERSON)
    page.fill("[name=people-0-phone]", "13900000222")
    page.fill("[name=merchant_written]", "晨光食品店（测试）")
    page.fill("[name=narrative]", NARRATIVE)
    page.fill("[name=demand]", "退款")
    page.check("[name=split]")
    page.fill("[name=split_text]", REPORTED)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".registered-number")).to_be_visible()
    return page.locator(".registered-number").inner_text()


def test_from_the_call_to_the_audit(visit_as, ninety_days_later, end_of_mediation):
    officer = visit_as("officer")
    number = take_call(officer)
    desk = Desk(officer, number).open()
    assert desk.state == "待处理"
    report = desk.page.locator("#h-linked").locator("xpath=../..").locator("a").first.inner_text()
    assert report != number
    assert desk.complaints() == []

    desk.act("take").act("accept", note="符合受理条件")
    assert desk.state == "办理中"
    accepted = desk.issue("acceptance", "complainant", contact_phone="0571-00000000")
    assert PERSON in accepted

    chief = Desk(visit_as("approver"), number).open()
    chief.act("assign", officer=chief.choice("assign", "officer", "贺安歌"))
    colleague = Desk(visit_as("colleague"), number).open()
    assert "贺安歌" in colleague.page.locator("main").inner_text()

    today = dt.date.fromisoformat(
        colleague.page.evaluate("() => new Intl.DateTimeFormat('en-CA').format(new Date())")
    )
    colleague.act("pause", reason="testing", started_on=today.isoformat(), document="检测委托书（测试）第7号")
    assert "已中止" in colleague.page.locator("#h-due").locator("xpath=../..").inner_text()
    ninety_days_later(number)
    # accepted and sent to be tested ninety days ago, back after eight: the day of acceptance never counts, the seven
    # after it are left out, and sixty do count
    colleague.open().act("resume", ended_on=(today - dt.timedelta(days=82)).isoformat())
    assert end_of_mediation(number) == today - dt.timedelta(days=90 - 60 - 7)
    assert end_of_mediation(number).isoformat() in colleague.page.locator("#h-due").locator("xpath=../..").inner_text()
    colleague.act("mediate", mode="remote", both_consent="on")
    assert colleague.state == "调解中"

    colleague.open().act("terminate", ground=colleague.choice("terminate", "ground", "六十日内未达成调解协议"))
    assert colleague.state == "待结案"
    assert not colleague.page.locator('a[href*="/act/close/"]').count()
    told = colleague.issue("termination", "respondent")
    assert PERSON not in told
    assert "13900000222" not in told
    colleague.deliver(0)
    colleague.issue("termination", "complainant")
    colleague.deliver(0)
    colleague.act("close", note="已告知双方")
    assert colleague.state == "已办结"
    assert colleague.complaints() == []

    of_report = Desk(officer, report).open()
    assert PERSON not in of_report.page.locator("main").inner_text()
    assert REPORTED in of_report.page.locator("main").inner_text()
    assert REPORTED in of_report.issue("report_register", "internal")

    auditor = visit_as("auditor")
    auditor.go(f"/audit/cases/{number}/?size=100")
    lines = auditor.page.locator("main").inner_text()
    for act in ("已登记", "已拆分", "已受理", "指派承办人", "期限中止", "期限恢复", "开始调解", "终止调解", "已办结"):
        assert act in lines, act
    for name in ("沈牧之", "聂思齐", "贺安歌"):
        assert name in lines
    assert lines.count("下载") >= 2  # the printed forms
    for hidden in (NARRATIVE, PERSON, report):
        assert hidden not in lines
    assert auditor.complaints() == []
    auditor.go(f"/audit/cases/{report}/")
    lines = auditor.page.locator("main").inner_text()
    assert "下载" in lines
    for hidden in (REPORTED, PERSON, number):
        assert hidden not in lines
