"""What people do with the pages, in a real browser on the real server."""

import io
import re

import pytest
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

TOTAL = ".pager-total"


def total(page) -> int:
    """The number of rows that the list says it has."""
    return int(re.sub(r"\D", "", page.locator(TOTAL).inner_text()))


def rows(page):
    return page.locator(".list-table tbody tr:not(.no-rows)")


def first_number(page) -> str:
    return rows(page).first.locator("a").first.inner_text()


@pytest.fixture
def case_list(visit_as):
    """The list of all cases, as the city's regulator sees it."""
    window = visit_as("regulator")
    window.go("/cases/")
    return window


def test_signing_in_and_out(visit):
    page = visit.page
    page.goto("/cases/?kind=report")
    assert "/accounts/login/" in page.url
    visit.sign_in_here("officer", "not-the-password")
    expect(page.locator("[role=alert]")).to_be_visible()
    visit.sign_in_here("officer", visit.portal.password)
    expect(page).to_have_url(re.compile(r"/cases/\?kind=report$"))

    page.locator(".account summary").click()
    page.locator(".account-menu button").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.goto("/cases/")
    assert "/accounts/login/" in page.url
    assert visit.console == []


def test_filters_change_the_list_in_place(case_list):
    page = case_list.page
    everything = total(page)
    page.evaluate("() => { window.samePage = true; }")
    page.select_option("#id_kind", "report")
    expect(page).to_have_url(re.compile(r"/cases/\?kind=report$"))
    reports = total(page)
    assert 0 < reports < everything
    assert set(page.locator(".list-table tbody td:nth-child(3)").all_inner_texts()) == {"举报"}
    expect(page.locator("#announce")).to_have_text(page.locator(TOTAL).inner_text())

    page.fill("#id_q", "食品")
    expect(page.locator(".chip")).to_have_count(2)
    assert total(page) < reports
    assert page.evaluate("() => window.samePage === true && document.activeElement.id === 'id_q'")

    page.go_back()
    expect(page.locator(".chip")).to_have_count(1)
    assert total(page) == reports
    page.locator(".chip").click()
    expect(page.locator(".chip")).to_have_count(0)
    assert total(page) == everything
    assert case_list.console == []


def test_sorting_and_paging_forth_and_back(case_list):
    page = case_list.page
    page.locator("#sort-claimed").click()
    expect(page.locator("th[aria-sort=descending] #sort-claimed")).to_be_visible()
    top = first_number(page)
    page.locator("#page-next").click()
    expect(rows(page).first).not_to_contain_text(top)
    second = first_number(page)
    page.locator("#page-last").click()
    expect(rows(page).first).not_to_contain_text(second)
    expect(page.locator("#page-next")).to_have_count(0)
    page.locator("#page-first").click()
    expect(rows(page).first).to_contain_text(top)
    page.locator("#page-next").click()
    expect(rows(page).first).to_contain_text(second)
    page.locator("#page-previous").click()
    expect(rows(page).first).to_contain_text(top)

    page.select_option("#id_kind", "complaint")
    expect(page).to_have_url(re.compile("sort=-claimed"))
    page.locator("#size-100").click()
    expect(rows(page)).to_have_count(100)
    page.reload()
    expect(rows(page)).to_have_count(100)
    expect(page.locator("th[aria-sort=descending] #sort-claimed")).to_be_visible()
    assert case_list.console == []


def test_rare_filters_fold_and_open_when_in_use(case_list):
    page = case_list.page
    expect(page.locator("#id_outcome")).to_be_hidden()
    page.locator(".query-toggle").click()
    expect(page.locator("#id_outcome")).to_be_visible()
    page.select_option("#id_outcome", "agreement")
    expect(page.locator(".chip")).to_have_count(1)
    page.reload()
    expect(page.locator("#id_outcome")).to_be_visible()
    case_list.narrow()
    page.goto("/cases/")
    expect(page.locator("#id_kind")).to_be_hidden()
    page.locator(".query-toggle").click()
    expect(page.locator("#id_kind")).to_be_visible()


def test_a_wrong_value_is_said_beside_its_field(case_list):
    case_list.go("/cases/?received_from=2020-02-30")
    page = case_list.page
    expect(page.locator("#id_received_from ~ .invalid-feedback, #id_received_from + .invalid-feedback")).to_be_visible()
    expect(rows(page)).to_have_count(0)


def test_the_list_as_a_workbook_has_the_rows_of_the_list(case_list):
    case_list.go("/cases/?kind=report&state=filed")
    page = case_list.page
    with page.expect_download() as started:
        page.get_by_role("link", name="Excel").click()
    content = started.value.path().read_bytes()
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert len(sheet) - 1 == total(page)
    assert first_number(page) in sheet[1]


def test_without_javascript_the_list_still_works(browser, browser_context_args, visit_as, session_states):
    visit_as("regulator")
    context = browser.new_context(
        **browser_context_args, java_script_enabled=False, storage_state=session_states[("regulator", False)]
    )
    page = context.new_page()
    page.goto("/cases/")
    everything = total(page)
    expect(page.locator("#id_outcome")).to_be_visible()
    page.select_option("#id_kind", "report")
    page.locator("#query button[type=submit]").click()
    assert 0 < total(page) < everything
    page.locator("#page-next").click()
    expect(rows(page)).to_have_count(25)
    assert "kind=report" in page.url
    context.close()


def test_keys_find_the_search_and_leave_the_menu(case_list):
    page = case_list.page
    page.keyboard.press("/")
    expect(page.locator("#id_q")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#id_q")).to_have_value("/")
    page.locator(".account summary").click()
    expect(page.locator(".account-menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".account-menu")).to_be_hidden()
    page.goto("/accounts/password/")
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.locator(".topbar-search input")).to_be_focused()


def test_the_menu_on_a_phone(case_list):
    page = case_list.page
    case_list.narrow()
    expect(page.locator("#side")).to_be_hidden()
    page.locator(".topbar-toggle").click()
    expect(page.locator(".topbar-toggle")).to_have_attribute("aria-expanded", "true")
    page.locator("#side").get_by_role("link", name="挽回经济损失台账").click()
    expect(page).to_have_url(re.compile("/cases/recoveries/$"))
    page.locator(".topbar-toggle").click()
    page.keyboard.press("Escape")
    expect(page.locator("#side")).to_be_hidden()


def test_the_language_is_kept(visit):
    page = visit.page
    page.goto("/accounts/login/?next=/cases/")
    visit.use_english()
    visit.sign_in_here("officer", visit.portal.password)
    expect(page.locator("h1")).to_have_text("Cases")
    page.locator("form[action*=setlang] button").click()
    expect(page.locator("h1")).to_have_text("案件")
    expect(page).to_have_url(re.compile("/cases/$"))


def test_an_ended_session_leads_to_the_sign_in_page_and_back(case_list):
    page = case_list.page
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.select_option("#id_kind", "report")
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.context.add_cookies(cookies)


def test_a_lost_connection_is_said(case_list):
    page = case_list.page
    page.route("**/cases/?*", lambda route: route.abort())
    page.select_option("#id_kind", "report")
    expect(page.locator("#request-failed")).to_contain_text("无法连接服务器")
    page.unroute("**/cases/?*")
    page.select_option("#id_kind", "complaint")
    expect(page.locator("#request-failed")).to_be_hidden()


def test_revealing_a_party_needs_a_reason_and_is_logged(visit_as):
    officer = visit_as("officer")
    officer.go("/cases/?kind=complaint&state=registered")
    page = officer.page
    number = first_number(page)
    rows(page).first.locator("a").first.click()
    expect(page.locator("h1")).to_contain_text(number)
    expect(page.locator(".revealed")).to_have_count(0)
    page.locator(".reveal summary").first.click()
    page.locator(".reveal [name=reason]").first.fill("核对联系方式")
    page.locator(".reveal button[type=submit]").first.click()
    expect(page.locator(".revealed").first).to_be_visible()
    assert "*" not in page.locator(".revealed").first.inner_text()

    auditor = visit_as("auditor")
    auditor.go("/accounts/access-log/")
    line = rows(auditor.page).first
    expect(line).to_contain_text(number)
    expect(line).to_contain_text("核对联系方式")
    assert officer.console + auditor.console == []


@pytest.fixture
def dashboard(visit_as):
    """The figures of 2020, as the city's regulator sees them."""
    window = visit_as("regulator")
    window.go("/?year=2020")
    expect(window.page.locator(".chart svg").first).to_be_visible()
    return window


def figure(text: str) -> int:
    return int(text.replace(",", ""))


def test_a_count_of_the_dashboard_opens_exactly_its_cases(dashboard):
    page = dashboard.page
    for places in (".kpi-value a", ".kpi-beside a", ".kpi-parts a", ".councils td a", "#t-districts td a"):
        links = page.locator(f"{places}:not([href*=recoveries])")
        counts = [(link.text_content(), link.get_attribute("href")) for link in links.all()]
        assert counts
        for text, address in counts[:3]:
            dashboard.go(address)
            assert total(page) == figure(text), address
        assert dashboard.console == []
        dashboard.go("/?year=2020")


def test_the_recovered_loss_opens_its_postings(dashboard):
    page = dashboard.page
    link = page.locator(".kpi-value a[href*=recoveries]")
    exact = link.get_attribute("title")
    link.click()
    expect(page.locator(".totals dd b").first).to_have_text(exact)
    expect(page.locator(".chip").first).to_be_visible()


def test_a_figure_tells_its_definition(dashboard):
    page = dashboard.page
    tile = page.locator(".kpi").nth(1)
    expect(tile.locator(".dash-popup")).to_be_hidden()
    tile.locator("summary").click()
    expect(tile.locator(".dash-popup")).to_contain_text("分母")
    expect(tile.locator(".dash-popup")).to_contain_text("cases.accepted_on_time")
    assert dashboard.complaints() == []


def test_period_and_region_change_in_place(dashboard):
    page = dashboard.page
    before = page.locator(".kpi-value").first.inner_text()
    page.evaluate("() => { window.samePage = true; }")
    page.select_option("#f-region", index=2)
    expect(page).to_have_url(re.compile("region="))
    expect(page.locator(".kpi-value").first).not_to_have_text(before)
    expect(page.locator(".chart svg").first).to_be_visible()
    of_region = page.url
    page.locator("#period-last").click()
    expect(page.locator("#period-last")).to_have_attribute("aria-current", "true")
    assert page.evaluate("() => window.samePage") is True
    page.go_back()
    expect(page).to_have_url(of_region)
    expect(page.locator("#period-last")).not_to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator(".kpi-value").first).to_have_text(before)
    expect(page.locator(".chart svg").first).to_be_visible()
    assert dashboard.console == []
