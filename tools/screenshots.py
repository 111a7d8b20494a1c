"""Pictures of the main pages in both languages, wide and narrow, of a portal that serves the demo city.

`python -m tools.screenshots [--url http://127.0.0.1:8000] [--to var/screenshots]`, or `make screenshots`. The file
names say page, language and width: `dashboard-zh-1440.png`.
"""

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tools.browser import FLAGS, ensure, find_chromium

PASSWORD = "demo-city-315"  # noqa: S105 - the demo's, printed by `make demo`
SIZES = {1440: 900, 390: 844}
LANGUAGES = ("zh", "en")
# what stands below a case
BELOW = {
    "act": "{}act/refuse/", "signals": "{}signals/", "hold": "{}../act/hold/", "channel": "{}channel/",
    "post": "{}../case/post_recovery/",
}  # fmt: skip
LINKS = {
    "first": ".list-table tbody td:not(.cell-pick) a, #result_list tbody a",
    "merchant": ".list-table tbody a[href*='/merchants/']",
}
# name, account of the demo, address; "first" stands for the first row of the list at that address, "merchant" for the
# merchant of its first row
PAGES = [
    ("dashboard", "regulator", "/?year=2020"),
    ("case-list", "regulator", "/cases/"),
    ("search", "regulator", "/cases/?q=退款&kind=complaint&place=330106"),
    ("case", "officer", "first /cases/?kind=complaint&sort=-claimed"),
    ("report", "officer", "first /cases/?kind=report"),
    ("queue", "officer", "/cases/queue/"),
    ("queue-agency", "approver", "/cases/queue/?desk=agency"),
    ("intake", "officer", "/cases/new/"),
    ("worked-case", "officer", "first /cases/?state=mediating&sort=-received"),
    ("act", "officer", "act /cases/?state=registered&kind=complaint"),
    ("signals", "regulator", "signals /cases/?kind=complaint&sort=-received"),
    ("bulk-acts", "officer", "/cases/bulk/"),
    ("bulk-outcome", "approver", "first /cases/bulk/"),
    ("audit", "auditor", "/audit/"),
    ("audit-case", "auditor", "audited"),
    ("recoveries", "regulator", "/cases/recoveries/?from=2020-01-01&to=2020-12-31"),
    ("import-runs", "clerk", "/imports/"),
    ("import-run", "clerk", "first /imports/?sort=-rows"),
    ("scorecard", "regulator", "/insights/channel/?year=2020"),
    ("definitions", "regulator", "/insights/definitions/"),
    ("mediation", "regulator", "/insights/mediation/?year=2020"),
    ("mediators-load", "regulator", "/insights/mediators/"),
    ("admin", "clerk", "/admin/"),
    ("admin-merchants", "clerk", "/admin/registry/merchant/"),
    ("admin-users", "accounts", "/admin/accounts/user/"),
    ("mediators-day", "mediator", "/admin/"),
    ("mediation-cases", "mediator", "/admin/mediation/mediatedcase/"),
    ("sessions", "mediator", "/admin/mediation/session/"),
    ("session", "mediator", "first /admin/mediation/session/?state__exact=scheduled"),
    ("session-new", "mediator", "/admin/mediation/session/add/"),
    ("session-outcome", "mediator", "hold /admin/mediation/session/?state__exact=scheduled"),
    ("session-posting", "mediator", "post /admin/mediation/session/?state__exact=scheduled"),
    ("referrals", "approver", "/admin/mediation/platformreferral/"),
    ("referral", "approver", "first /admin/mediation/platformreferral/?state__exact=settled"),
    ("referral-partner", "partner", "first /admin/mediation/platformreferral/?state__exact=waiting"),
    ("case-channel", "officer", "channel /cases/?kind=complaint&state=accepted"),
    ("calendar-day", "mediator", "/admin/mediation/session/calendar/"),
    ("calendar-week", "mediator", "/admin/mediation/session/calendar/?view=week"),
    ("agreements", "mediator", "/admin/mediation/agreement/"),
    ("agreement", "mediator", "first /admin/mediation/agreement/?todo=perform"),
    ("agreement-new", "mediator", "/admin/mediation/agreement/add/"),
    ("confirmations", "mediator", "/admin/mediation/judicialconfirmation/"),
    ("confirmation", "mediator", "first /admin/mediation/judicialconfirmation/"),
    ("confirmation-court", "court", "/admin/mediation/judicialconfirmation/"),
    ("register", "regulator", "/pledges/"),
    ("pledge", "regulator", "first /pledges/?state=in_force"),
    ("register-figures", "regulator", "/insights/pledges/?year=2020"),
    ("targets", "regulator", "/pledges/targets/?year=2021"),
    ("breaches-found", "regulator", "/pledges/breaches/"),
    ("inspections-made", "regulator", "/pledges/inspections/"),
    ("zones", "regulator", "/pledges/zones/"),
    ("zone", "pledges", "first /pledges/zones/?q=演示西溪"),
    ("merchant", "pledges", "merchant /pledges/?pool=warning"),
    ("register-admin", "pledges", "/admin/pledges/pledge/"),
    ("pledge-admin", "pledges", "first /admin/pledges/pledge/?todo=review"),
    ("pledge-new", "pledges", "/admin/pledges/pledge/add/"),
    ("breaches", "pledges", "/admin/pledges/breach/"),
    ("breach", "pledges", "first /admin/pledges/breach/"),
    ("inspections", "pledges", "/admin/pledges/inspection/"),
    ("inspection", "pledges", "first /admin/pledges/inspection/?state__exact=correcting"),
    ("inspection-new", "pledges", "/admin/pledges/inspection/add/"),
    ("sign-ins", "auditor", "/accounts/sign-ins/"),
]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description=__doc__.split("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--to", type=Path, default=Path("var/screenshots"))
    parser.add_argument("--pages", nargs="*", metavar="NAME", help="only these")
    options = parser.parse_args()
    if not ensure():
        return 1
    options.to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        for path in take(browser, options.url, options.to, options.pages):
            print(path)
        browser.close()
    return 0


def take(browser: Browser, url: str, folder: Path, wanted: list[str] | None = None):
    """Paths of the pictures, as they are made."""
    for language in LANGUAGES:
        windows: dict[str, Page] = {}
        worked = "/cases/"
        for width, height in SIZES.items():
            if not wanted or "login" in wanted:
                page = _window(browser, url, language)
                page.set_viewport_size({"width": width, "height": height})
                yield _picture(page, "/accounts/login/", folder / f"login-{language}-{width}.png")
                page.context.close()
        for name, account, address in PAGES:
            if wanted and name not in wanted:
                continue
            if account not in windows:
                windows[account] = _window(browser, url, language, account)
            page = windows[account]
            page.set_viewport_size({"width": 1440, "height": 900})
            if address == "audited":  # the case whose picture was taken last
                address = worked.replace("/cases/", "/audit/cases/")
            which, _space, listed = address.partition(" ")
            if listed:
                page.goto(listed)
                address = page.locator(LINKS.get(which, LINKS["first"])).first.get_attribute("href")
                address = BELOW[which].format(address.partition("?")[0]) if which in BELOW else address
            if name == "worked-case":
                worked = address.partition("?")[0]
            for width, height in SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                yield _picture(page, address, folder / f"{name}-{language}-{width}.png")


def _window(browser: Browser, url: str, language: str, account: str | None = None) -> Page:
    context = browser.new_context(base_url=url, locale="zh-CN", timezone_id="Asia/Shanghai")
    page = context.new_page()
    page.goto("/accounts/login/")
    if language == "en":
        page.locator("form[action*=setlang] button").click()
        page.wait_for_load_state()
    if account:
        page.fill("input[name=username]", account)
        page.fill("input[name=password]", PASSWORD)
        page.click("form:has(input[name=password]) button[type=submit]")
        page.wait_for_load_state()
    return page


def _picture(page: Page, address: str, path: Path) -> Path:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(600)  # charts draw themselves
    page.screenshot(path=path, full_page=True)
    return path


if __name__ == "__main__":
    sys.exit(main())
