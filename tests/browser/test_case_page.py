"""The page of a case and the forms about it: the menu of acts, what a session that ends leaves, copying."""

import pytest
from playwright.sync_api import expect

OPEN_COMPLAINTS = "/cases/?kind=complaint&state=registered"
TEXT = "投诉人来电补充：商家已经两次拒绝退货，并有聊天记录为证。"
# without it one is signed out; the token of the forms stays
SESSION = "sessionid"


def first_case(window, query: str = OPEN_COMPLAINTS) -> str:
    window.go(query)
    return window.page.locator(".list-table tbody a").first.get_attribute("href").partition("?")[0]


def sign_in_beside(page, username: str, password: str):
    """In another tab of the same browser, as the message asks."""
    with page.context.expect_page() as opened:
        page.locator("#session-ended a").click()
    second = opened.value
    second.fill("input[name=username]", username)
    second.fill("input[name=password]", password)
    second.click("form:has(input[name=password]) button[type=submit]")
    second.wait_for_load_state()
    second.close()
    page.bring_to_front()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_further_acts_close_like_every_menu(visit_as, language):
    window = visit_as("officer", english=language == "en")
    window.go(first_case(window))
    page = window.page
    menu, form = page.locator("details.acts-more"), page.locator("#act form")
    summary = menu.locator("summary")

    summary.click()
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(summary).to_be_focused()
    summary.click()
    page.locator("h1").click()
    expect(menu).not_to_have_attribute("open", "")

    for _times in range(2):  # the second form takes the place of the first
        summary.click()
        menu.locator("a").nth(_times).press("Enter")
        expect(page.locator("#act .act-title")).to_have_text(menu.locator("a").nth(_times).text_content())
        expect(menu).not_to_have_attribute("open", "")
        expect(page.locator("#act .act-title")).to_be_focused()
        expect(form).to_be_visible()
    assert window.complaints() == []
    window.narrow()
    assert window.complaints() == []


def test_what_an_act_asks_for_outlives_the_session(visit):
    visit.sign_in("officer")
    visit.go(first_case(visit))
    page = visit.page
    page.locator("details.acts-more summary").click()
    page.locator('.acts-more a[href*="/act/supplement/"]').click()
    page.fill("#act [name=text]", TEXT)

    page.context.clear_cookies(name=SESSION)
    page.locator("#act button[type=submit]").click()
    expect(page.locator("#session-ended")).to_be_focused()
    assert page.locator("#act [name=text]").input_value() == TEXT
    assert visit.complaints() == []

    sign_in_beside(page, "officer", visit.portal.password)
    with page.expect_navigation():
        page.locator("#act button[type=submit]").click()
    expect(page.locator(".alert-success")).to_be_visible()
    assert TEXT in page.locator("main").inner_text()


@pytest.mark.parametrize(
    ("username", "path", "field"),
    [("officer", "attachments/add/", "note"), ("approver", "signals/", "reason")],
)
def test_what_a_form_of_its_own_asks_for_outlives_the_session(visit, tmp_path, username, path, field):
    visit.sign_in(username)
    visit.go(f"{first_case(visit)}{path}")
    page = visit.page
    if field == "note":
        proof = tmp_path / "回执.pdf"
        proof.write_bytes(b"%PDF-1.4\n%%EOF\n")
        page.set_input_files("[name=file]", proof)
    else:
        page.select_option("[name=decision]", "plausible")
    page.fill(f"[name={field}]", TEXT)
    submit = page.locator("main form [type=submit]").last

    page.context.clear_cookies(name=SESSION)
    submit.click()
    expect(page.locator("#session-ended")).to_be_focused()
    assert page.locator(f"[name={field}]").input_value() == TEXT
    assert visit.complaints() == []

    sign_in_beside(page, username, visit.portal.password)
    with page.expect_navigation():
        submit.click()
    expect(page.locator(".alert-success")).to_be_visible()
    assert TEXT in page.locator("main").inner_text()


@pytest.mark.parametrize(("language", "word", "copied"), [("zh", "复制", "已复制"), ("en", "Copy", "Copied")])
def test_a_field_is_copied_more_than_once(visit_as, language, word, copied):
    window = visit_as("officer", english=language == "en")
    window.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    window.go(f"{first_case(window)}copy-out/")
    page = window.page
    button = page.locator('[data-copy="copy-1"]')
    label = page.locator('label[for="copy-1"]').inner_text()
    expect(button).to_have_accessible_name(f"{word} {label}")

    button.click()
    expect(button.locator("[data-word]")).to_have_text(copied)
    page.wait_for_timeout(700)
    button.click()
    page.wait_for_timeout(1000)  # the first press would have its word back by now
    expect(button.locator("[data-word]")).to_have_text(copied)
    expect(button.locator("[data-word]")).to_have_text(word)
    expect(button).to_have_accessible_name(f"{word} {label}")
    assert page.evaluate("() => navigator.clipboard.readText()") == page.locator("#copy-1").input_value()
    expect(button.locator(".visually-hidden")).to_have_count(1)
    assert window.complaints() == []
