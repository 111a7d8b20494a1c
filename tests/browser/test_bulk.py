"""One act on many cases, from the list to the outcome, with the keyboard alone."""

import re

import psycopg2
import pytest
from playwright.sync_api import expect

TO_DECIDE = "/cases/?kind=complaint&state=registered"
FOCUSED = "selector => document.activeElement.matches(selector)"


def tab_to(page, selector: str) -> None:
    """Press Tab until the focus is on the element."""
    for _press in range(250):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED, selector):
            return
    raise AssertionError(f"Tab never reaches {selector}")


def choose_option(page, selector: str, value: str) -> None:
    """Reach the select and go down to the option."""
    tab_to(page, selector)
    for _press in range(30):
        if page.evaluate("() => document.activeElement.value") == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{selector} has no {value}")


def boxes(page):
    return page.locator("[data-pick]")


@pytest.mark.parametrize(("language", "order"), [("zh", "-received"), ("en", "-claimed")])
def test_two_cases_are_accepted_with_the_keyboard(visit_as, language, order):
    window = visit_as("officer", english=language == "en")
    window.go(f"{TO_DECIDE}&sort={order}")
    page = window.page
    bar = page.locator("#bulk")
    numbers = page.locator(".list-table tbody a[href*='/cases/']").evaluate_all(
        "links => [...new Set(links.map(link => link.textContent))]"
    )

    tab_to(page, "thead [data-pick-page]")
    page.keyboard.press("Space")
    expect(page.locator("[data-pick]:not(:checked)")).to_have_count(0)
    page.keyboard.press("Space")
    expect(page.locator("[data-pick]:checked")).to_have_count(0)
    for _row in range(2):
        tab_to(page, "[data-pick]")
        page.keyboard.press("Space")
    expect(page.locator("[data-pick]:checked")).to_have_count(2)
    expect(bar.locator(".bulk-count")).to_have_text(re.compile("2"))
    expect(page.locator("thead [data-pick-page]")).to_have_js_property("indeterminate", True)
    assert window.complaints() == []
    choose_option(page, "#bulk-verb", "accept")
    tab_to(page, "#bulk button[type=submit]")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/cases/bulk/\d+/confirm/$"))
    expect(page.locator("tbody tr")).to_have_count(2)
    assert page.locator("tbody th a").all_inner_texts() == numbers[:2]
    assert window.complaints() == []
    window.narrow()
    assert window.complaints() == []
    tab_to(page, ".bulk-form button[type=submit]")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/cases/bulk/\d+/$"))
    expect(page.locator("progress")).to_have_js_property("value", 2)
    expect(page.locator(".list-table tbody tr")).to_have_count(2)
    assert page.locator(".list-table .state-green").count() == 2
    assert window.complaints() == []
    page.set_viewport_size({"width": 1440, "height": 900})
    assert window.complaints() == []

    choose_option(page, "#again-outcome", "done")
    choose_option(page, "#again-verb", "accept")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/cases/bulk/\d+/confirm/$"))
    expect(page.locator(".bulk-reasons li")).to_have_count(1)  # they are accepted already
    expect(page.locator(".bulk-form")).to_have_count(0)
    assert window.complaints() == []

    window.go("/cases/bulk/")
    assert page.locator(".list-table tbody tr").count() >= 1
    assert window.complaints() == []
    window.narrow()
    assert window.complaints() == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_an_act_needs_is_asked_and_why_some_cases_cannot_take_it_is_said(visit_as, language):
    """All that match: some can be refused, others have been decided."""
    window = visit_as("officer", english=language == "en")
    window.go("/cases/?kind=complaint&received_from=2026-11-01")
    page = window.page
    total = page.locator("[data-pick-all]").get_attribute("data-total")
    tab_to(page, "[data-pick-all]")
    page.keyboard.press("Space")
    expect(page.locator(".bulk-count")).to_have_text(re.compile(rf"(?<!\d){total}(?!\d)"))
    expect(boxes(page).first).to_be_disabled()
    window.narrow()
    assert window.complaints() == []
    page.set_viewport_size({"width": 1440, "height": 900})
    choose_option(page, "#bulk-verb", "refuse")
    tab_to(page, "#bulk button[type=submit]")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/confirm/$"))
    expect(page.locator(".bulk-form [name=ground]")).not_to_have_count(0)
    expect(page.locator(".bulk-form [name=note]")).to_have_count(1)
    able, unable = map(int, page.locator(".counters dd").all_inner_texts())
    assert able > 0 < unable
    assert able + unable == int(total)
    assert sum(map(int, page.locator(".bulk-reasons li b").all_inner_texts())) == unable
    assert all(page.locator(".bulk-reasons li span").all_inner_texts())
    assert window.complaints() == []
    tab_to(page, ".bulk-form button[type=submit]")
    assert window.complaints() == []
    window.narrow()
    assert window.complaints() == []
    page.set_viewport_size({"width": 1440, "height": 900})
    assert window.console == []


def test_without_javascript_the_boxes_still_work(browser, browser_context_args, visit_as, session_states):
    visit_as("officer")
    context = browser.new_context(
        **browser_context_args, java_script_enabled=False, storage_state=session_states[("officer", False)]
    )
    page = context.new_page()
    page.goto(TO_DECIDE)
    expect(page.locator("[data-pick-page]").first).to_be_hidden()
    expect(page.locator(".bulk-count")).to_be_hidden()
    boxes(page).nth(0).check()
    boxes(page).nth(2).check()
    page.select_option("#bulk-verb", "accept")
    page.locator("#bulk button[type=submit]").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    context.close()


@pytest.fixture
def set_state(portal):
    """`set_state(pk, "running")`: let a bulk act be at work, or be done."""

    def change(pk: int, state: str):
        ended = "now()" if state == "done" else "NULL"
        with psycopg2.connect(portal.database) as link, link.cursor() as cursor:
            cursor.execute(
                "UPDATE cases_bulkact SET state = %s, started_at = coalesce(started_at, now()),"
                f" finished_at = {ended} WHERE id = %s",
                [state, pk],
            )

    return change


def test_an_act_at_work_leaves_the_rows_and_the_focus_alone(visit_as, set_state):
    window = visit_as("officer")
    window.go("/cases/?kind=complaint")
    page = window.page
    page.locator("[data-pick-all]").check()
    page.select_option("#bulk-verb", "accept")
    page.locator("#bulk button[type=submit]").click()
    page.locator(".bulk-form button[type=submit]").click()
    expect(page).to_have_url(re.compile(r"/cases/bulk/\d+/$"))
    act = int(page.url.rstrip("/").rpartition("/")[2])
    set_state(act, "running")

    window.go(f"/cases/bulk/{act}/?size=25")
    expect(page.locator("#poll")).to_have_count(1)
    page.locator("#page-next").click()
    expect(page).to_have_url(re.compile("after="))
    second_page = page.url
    link = page.locator("#results tbody a").first
    number = link.inner_text()
    link.focus()
    for _poll in range(2):
        with page.expect_response(lambda answer: answer.request.headers.get("hx-trigger") == "poll"):
            pass
        page.wait_for_timeout(200)
        assert page.locator("#results tbody a").first.inner_text() == number
        expect(link).to_be_focused()
    assert window.complaints() == []

    set_state(act, "done")
    expect(page.locator("#bulk-cancel")).to_have_count(0)  # all of the page has been asked for once more
    expect(page.locator("#poll")).to_have_count(0)
    assert page.locator("#results tbody a").first.inner_text() == number
    assert page.url == second_page
    assert window.complaints() == []
