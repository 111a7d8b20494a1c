"""A telephone call is taken in without touching the mouse."""

import re

import pytest
from playwright.sync_api import expect

URL = "/cases/new/"
NUMBER = ".registered-number"


@pytest.fixture
def form(visit_as):
    """The empty form, as the officer sees it, once it has set the focus."""
    window = visit_as("officer")
    window.go(URL)
    expect(window.page.locator("[name=kind]:checked")).to_be_focused()
    return window


def focused(page) -> str:
    return page.evaluate("() => document.activeElement.name || document.activeElement.id")


def say(page, text: str):
    """Type into the field that has the focus, and go on to the next."""
    page.keyboard.insert_text(text)
    page.keyboard.press("Tab")


def pick(page, text: str):
    """Type a part of a name into a searchable select, take what it finds, and go on."""
    page.keyboard.type(text)
    expect(page.locator(".ts-dropdown:visible .option.active")).to_contain_text(text)
    page.keyboard.press("Enter")
    expect(page.locator(".ts-dropdown:visible")).to_have_count(0)
    page.keyboard.press("Tab")


def test_a_complaint_by_keyboard_alone(form):
    page, keyboard = form.page, form.page.keyboard
    merchant = page.evaluate(
        "async () => (await (await fetch('/cases/merchants/?q=%E6%9D%AD%E5%B7%9E')).json()).merchants[0].name"
    )
    keyboard.press("2")
    expect(page.locator("#id_demand")).to_be_visible()
    expect(page.locator("#id_claimed")).to_be_hidden()
    keyboard.press("1")
    keyboard.press("Tab")
    keyboard.press("Tab")  # the channel stays the telephone
    assert focused(page) == "people-0-name"
    say(page, "张测试")
    say(page, "13800000077")
    say(page, "杭州市余杭区测试路1号")
    keyboard.press("Tab")
    say(page, "11010519491231002X")
    keyboard.press("Tab")  # one person is enough
    assert focused(page) == "merchant_written"
    keyboard.insert_text(merchant)
    expect(page.locator("#merchant-0")).to_have_text(re.compile(merchant))
    keyboard.press("ArrowDown")
    assert page.locator("#id_merchant_written").get_attribute("aria-activedescendant") == "merchant-0"
    keyboard.press("Enter")
    assert page.locator("#id_merchant").input_value() != ""
    keyboard.press("Tab")
    say(page, "橙筐商城")
    pick(page, "余杭")
    keyboard.press("Tab")
    pick(page, "家用电器")
    keyboard.press("Tab")
    say(page, "净水器")
    keyboard.press("Enter")  # goes on, and registers nothing
    assert focused(page) == "order_number"
    say(page, "DD20261120001")
    keyboard.press("Tab")
    say(page, "20261118")
    say(page, "1280")
    assert focused(page) == "narrative"
    say(page, "净水器使用三天后漏水，商家拒绝退货。")
    say(page, "退款")
    assert focused(page) == "publish"
    keyboard.press("Space")
    keyboard.press("Control+Enter")

    expect(page.locator(NUMBER)).to_have_text(re.compile(r"^20\d\d-\d{8}$"))
    assert page.locator(NUMBER).inner_text() in page.url
    assert form.complaints() == []
    keyboard.press("Alt+n")
    expect(page).to_have_url(re.compile(f"{URL}$"))
    expect(page.locator("[name=kind]:checked")).to_be_focused()
    assert form.console == []


def test_every_shortcut_leads_to_its_field(form):
    page = form.page
    for key, name in {
        "m": "merchant_written", "k": "kind", "c": "people-0-name", "r": "id_region-ts-control",
        "g": "id_category-ts-control", "w": "narrative", "u": "id_handling-ts-control", "l": "similar-panel",
    }.items():  # fmt: skip
        page.keyboard.press(f"Alt+{key}")
        assert focused(page) == name, key
    page.keyboard.press("Alt+j")
    expect(page.locator("#id_people-1-name")).to_be_focused()
    assert form.console == []


def test_a_wrong_value_takes_the_focus(form):
    page = form.page
    page.keyboard.press("Alt+m")
    say(page, "测试商行")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#errors")).to_be_visible()
    expect(page.locator("#id_people-0-name")).to_be_focused()
    assert page.locator("#id_merchant_written").input_value() == "测试商行"
    page.locator("#errors a").last.press("Enter")
    expect(page.locator("#id_demand")).to_be_focused()
    assert form.complaints(status=422) == []
    form.narrow()
    assert form.complaints(status=422) == []


def test_the_same_caller_is_noticed(form):
    page = form.page
    for _call in range(2):
        page.wait_for_load_state()
        expect(page.locator("[name=kind]:checked")).to_be_focused()
        page.keyboard.press("3")
        page.keyboard.press("Alt+c")
        say(page, "李测试")
        page.keyboard.insert_text("13800000088")
        if _call:
            expect(page.locator("#similar a.tnum")).to_have_count(1)
            assert focused(page) == "people-0-phone"
        page.keyboard.press("Alt+w")
        page.keyboard.insert_text("询问退货期限。")
        page.keyboard.press("Control+Enter")
        page.locator(NUMBER).wait_for()
        page.keyboard.press("Alt+n")
        page.locator("#intake").wait_for()
    assert form.console == []


def test_an_ended_session_takes_nothing_with_it(visit):
    visit.sign_in("officer")
    visit.go(URL)
    page = visit.page
    expect(page.locator("[name=kind]:checked")).to_be_focused()
    page.keyboard.press("3")
    page.keyboard.press("Alt+w")
    page.keyboard.insert_text("询问退货期限。")
    page.context.clear_cookies()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#session-ended")).to_be_visible()
    assert page.locator("#id_narrative").input_value() == "询问退货期限。"

    second = page.context.new_page()
    second.goto("/accounts/login/")
    second.fill("input[name=username]", "officer")
    second.fill("input[name=password]", visit.portal.password)
    second.click("form:has(input[name=password]) button[type=submit]")
    second.wait_for_load_state()
    page.bring_to_front()
    page.locator("#id_narrative").press("Control+Enter")
    expect(page.locator(NUMBER)).to_be_visible()


def test_leaving_with_words_unsaved_asks(form):
    page, asked = form.page, []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.keyboard.press("Alt+w")
    page.keyboard.insert_text("询问")
    page.locator(".crumbs").click()
    with page.expect_event("dialog"):
        page.locator(".side a").first.click(no_wait_after=True)
    assert asked == ["beforeunload"]
    assert page.locator("#id_narrative").input_value() == "询问"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_page(visit_as, language):
    window = visit_as("officer", english=language == "en")
    window.go(URL)
    assert window.complaints() == []
    window.page.keyboard.press("2")
    window.narrow()
    assert window.complaints() == []
