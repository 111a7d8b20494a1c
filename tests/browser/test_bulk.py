"""One act on many cases, from the list to the outcome, with the keyboard alone."""

import re

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
