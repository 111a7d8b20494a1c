"""Every page in both languages, wide and narrow: accessible, quiet, no wider than the screen, translated."""

import re

import pytest

# account of the demo, address; {name} stands for the address of a row (EXAMPLES)
PAGES = [
    ("regulator", "/"),
    ("regulator", "/cases/"),
    ("regulator", "/cases/?q=退款&kind=complaint&place=330106"),
    ("regulator", "/cases/?category=council:1"),
    ("regulator", "/cases/?received_from=2020-02-30"),
    ("regulator", "/cases/?q=没有这样的案件"),
    ("officer", "{complaint}"),
    ("officer", "{report}"),
    ("mediator", "{dispute}"),
    ("officer", "{worked}"),
    ("officer", "{worked}act/urge/"),
    ("officer", "{worked}act/pause/"),
    ("officer", "{worked}copy-out/"),
    ("officer", "{worked}mediation/"),
    ("officer", "{worked}attachments/add/"),
    ("officer", "{worked}documents/mediation_notice/complainant/issue/"),
    ("approver", "{worked}act/assign/"),
    ("approver", "{worked}signals/"),
    ("officer", "/cases/queue/"),
    ("approver", "/cases/queue/?desk=agency"),
    ("officer", "/cases/queue/?todo=overdue"),
    ("officer", "/cases/new/"),
    ("officer", "/cases/bulk/"),
    ("officer", "/cases/saved/"),
    ("officer", "/cases/columns/cases/"),
    ("auditor", "/audit/"),
    ("auditor", "{audited}"),
    ("regulator", "/cases/recoveries/"),
    ("regulator", "/insights/channel/?year=2020"),
    ("regulator", "/insights/definitions/"),
    ("regulator", "/insights/mediation/?year=2020"),
    ("regulator", "/insights/mediators/?first=2020-01-01&last=2020-12-31"),
    ("regulator", "/insights/uncounted/?year=2020"),
    ("regulator", "/pledges/"),
    ("regulator", "{pledge}"),
    ("regulator", "/insights/pledges/?year=2021"),
    ("regulator", "/pledges/targets/?year=2021"),
    ("regulator", "/pledges/zones/"),
    ("regulator", "{trader}"),
    ("regulator", "{zone}"),
    ("regulator", "/insights/returns/"),
    ("regulator", "/pledges/public/"),
    ("regulator", "{counted}"),
    ("regulator", "/pledges/breaches/"),
    ("officer", "{suspected}"),
    ("officer", "{promised}pledges/"),
    ("regulator", "/pledges/inspections/"),
    ("regulator", "{inspection}"),
    ("clerk", "/imports/"),
    ("clerk", "{run}"),
    ("auditor", "/accounts/sign-ins/"),
    ("auditor", "/accounts/access-log/"),
    ("officer", "/accounts/password/"),
    ("clerk", "/admin/"),
    ("clerk", "/admin/registry/merchant/"),
    ("clerk", "/admin/registry/merchant/add/"),
    ("clerk", "/admin/registry/region/"),
    ("clerk", "{region}"),
    ("clerk", "/admin/registry/category/?q=1"),
    ("clerk", "/admin/registry/agency/"),
    ("clerk", "/admin/registry/calendarnotice/"),
    ("clerk", "/admin/cases/case/"),
    ("clerk", "/admin/cases/clock/"),
    ("clerk", "/admin/cases/recovery/"),
    ("clerk", "/admin/cases/importrun/"),
    ("mediator", "/admin/"),
    ("mediator", "/admin/mediation/session/"),
    ("mediator", "/admin/mediation/session/add/"),
    ("mediator", "/admin/mediation/session/calendar/"),
    ("mediator", "/admin/mediation/session/calendar/?view=week"),
    ("mediator", "{session}"),
    ("mediator", "{held}"),
    ("mediator", "{posting}"),
    ("mediator", "{called}"),
    ("mediator", "/admin/mediation/mediatedcase/"),
    ("mediator", "/admin/mediation/recusal/add/"),
    ("mediator", "/admin/mediation/agreement/"),
    ("mediator", "/admin/mediation/agreement/add/"),
    ("mediator", "{agreement}"),
    ("mediator", "{performing}"),
    ("mediator", "{draft}"),
    ("mediator", "{signing}"),
    ("mediator", "/admin/mediation/judicialconfirmation/"),
    ("mediator", "/admin/mediation/judicialconfirmation/add/"),
    ("mediator", "{confirmation}"),
    ("court", "/admin/mediation/judicialconfirmation/"),
    ("approver", "/admin/mediation/mediator/add/"),
    ("approver", "/admin/mediation/entrustment/add/"),
    ("officer", "{accepted}channel/"),
    ("approver", "/admin/mediation/platformreferral/"),
    ("approver", "{referred}"),
    ("partner", "/"),
    ("partner", "/admin/mediation/platformreferral/"),
    ("partner", "{referral}"),
    ("partner", "{settling}"),
    ("partner", "{phone}"),
    ("pledges", "/admin/pledges/pledge/"),
    ("pledges", "/admin/pledges/pledge/add/"),
    ("pledges", "{kept}"),
    ("approver", "{renewing}"),
    ("pledges", "/admin/pledges/premises/add/"),
    ("pledges", "/admin/pledges/breach/"),
    ("pledges", "{breach}"),
    ("pledges", "/admin/pledges/returnentry/add/"),
    ("pledges", "/admin/pledges/zone/add/"),
    ("pledges", "/admin/pledges/zonemembership/"),
    ("pledges", "/admin/pledges/workstationitem/add/"),
    ("pledges", "/admin/pledges/inspectionplan/add/"),
    ("pledges", "/admin/pledges/inspection/"),
    ("pledges", "/admin/pledges/inspection/add/"),
    ("pledges", "{visiting}"),
    ("pledges", "{visited}"),
    ("pledges", "{photo}"),
    ("pledges", "/admin/pledges/pledgetype/"),
    ("pledges", "{type}"),
    ("pledges", "/admin/pledges/target/add/"),
    ("accounts", "/"),
    ("accounts", "/admin/accounts/user/"),
    ("accounts", "/admin/accounts/user/add/"),
]
# lists that a desk's screen shows without scrolling sideways
WHOLE_AT_A_DESK = ("/admin/mediation/judicialconfirmation/",)
WIDER = "list => list.scrollWidth - list.clientWidth"
REFUSED = [
    ("officer", "/no-such-page/", 404),
    ("officer", "/cases/2020-99999999/", 404),
    ("officer", "/imports/", 403),
]


# addresses that no list leads to, by what stands in place of what in the one that it does lead to
MOVED = {
    "posting": ("/change/", "/case/post_recovery/"),
    "audited": ("/cases/", "/audit/cases/"), "held": ("/change/", "/act/hold/"), "called": ("/change/", "/act/call/"),
    "settling": ("/change/", "/act/settle/"), "phone": ("/change/", "/phone/"),
    "renewing": ("/change/", "/act/renew/"), "visiting": ("/change/", "/act/visit/"),
    "photo": ("/change/", "/photos/add/"),
    "performing": ("/change/", "/act/perform/"), "signing": ("/change/", "/act/sign/"),
}  # fmt: skip
# the link of a row that leads there, where it is not the first
LINKS = {"trader": "a[href*='/merchants/']"}
NAMED = re.compile(r"\{(\w+)\}(.*)")
EXAMPLES = {
    "complaint": ("officer", "/cases/?kind=complaint&sort=-claimed"),
    "report": ("officer", "/cases/?kind=report"),
    "worked": ("officer", "/cases/queue/?todo=paused"),
    "audited": ("officer", "/cases/queue/?desk=agency"),
    "dispute": ("mediator", "/cases/?outcome=agreement"),
    "run": ("clerk", "/imports/?sort=-rows"),
    "region": ("clerk", "/admin/registry/region/?q=330105"),
    "held": ("mediator", "/admin/mediation/session/?state__exact=scheduled"),
    "called": ("mediator", "/admin/mediation/session/?state__exact=scheduled"),
    "posting": ("mediator", "/admin/mediation/session/?state__exact=scheduled"),
    "session": ("mediator", "/admin/mediation/session/?state__exact=scheduled"),
    "agreement": ("mediator", "/admin/mediation/agreement/?todo=perform"),
    "performing": ("mediator", "/admin/mediation/agreement/?todo=perform"),
    "draft": ("mediator", "/admin/mediation/agreement/?todo=sign"),
    "signing": ("mediator", "/admin/mediation/agreement/?todo=sign"),
    "confirmation": ("mediator", "/admin/mediation/judicialconfirmation/?state__exact=confirmed"),
    "accepted": ("officer", "/cases/?kind=complaint&state=accepted"),
    "referred": ("approver", "/admin/mediation/platformreferral/?state__exact=settled"),
    "referral": ("partner", "/admin/mediation/platformreferral/?state__exact=waiting"),
    "settling": ("partner", "/admin/mediation/platformreferral/?state__exact=waiting"),
    "pledge": ("regulator", "/pledges/?state=in_force"),
    "kept": ("pledges", "/admin/pledges/pledge/?todo=review"),
    "renewing": ("approver", "/admin/pledges/pledge/?todo=renew"),
    "trader": ("regulator", "/pledges/?state=in_force"),
    "zone": ("regulator", "/pledges/zones/"),
    "counted": ("regulator", "/pledges/targets/?year=2021"),
    "suspected": ("officer", "/pledges/breaches/?todo=decide"),
    "breach": ("pledges", "/admin/pledges/breach/?todo=decide"),
    "promised": ("officer", "/cases/?metric=breaches.suspected&from=2019-01-01&to=2026-12-31"),
    "inspection": ("regulator", "/pledges/inspections/?state=correcting"),
    "visiting": ("pledges", "/admin/pledges/inspection/?state__exact=planned"),
    "visited": ("pledges", "/admin/pledges/inspection/?state__exact=correcting"),
    "photo": ("pledges", "/admin/pledges/inspection/?state__exact=visited"),
    "type": ("pledges", "/admin/pledges/pledgetype/"),
    "phone": ("partner", "/admin/mediation/platformreferral/?state__exact=waiting"),
}


@pytest.fixture(scope="session")
def addresses():
    """Addresses of EXAMPLES that were found already."""
    return {}


@pytest.fixture
def address_of(look_as, addresses):
    """The address of the first row of a list, by what it is an example of."""

    def address(path: str) -> str:
        named = NAMED.match(path)
        if named is None:
            return path
        name, below = named.groups()
        if name not in addresses:
            username, listing = EXAMPLES[name]
            window = look_as(username)
            window.go(listing)
            link = LINKS.get(name, "a")
            lists = (f"{name} tbody {link}" for name in (".list-table", "#result_list", ".targets"))
            link = window.page.locator(", ".join(lists)).first
            found = link.get_attribute("href").partition("?")[0]
            addresses[name] = found.replace(*MOVED.get(name, ("", "")))
        return addresses[name] + below

    return address


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("username", "path"), PAGES)
def test_page(look_as, address_of, username, path, language):
    address = address_of(path)
    window = look_as(username, english=language == "en")
    window.go(address)
    assert window.page.locator("h1").count() == 1
    # of two languages and two widths each page is asked for all rules twice, so that each language and each width is
    assert window.complaints(rules=language == "zh") == []
    if path in WHOLE_AT_A_DESK:
        assert window.page.locator("#changelist .results").evaluate(WIDER) <= 0
    window.narrow()
    assert window.complaints(rules=language == "en") == []


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("username", "path", "status"), REFUSED)
def test_refusal(look_as, username, path, status, language):
    window = look_as(username, english=language == "en")
    window.go(path, status=status)
    assert window.complaints(status=status) == []
    window.narrow()
    assert window.complaints(status=status) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_sign_in_page(visit, language):
    visit.go("/accounts/login/")
    if language == "en":
        visit.use_english()
    assert visit.complaints() == []
    visit.page.fill("input[name=username]", "nobody")
    visit.page.fill("input[name=password]", "wrong")
    visit.page.click("form:has(input[name=password]) button[type=submit]")
    assert visit.page.locator("[role=alert]").is_visible()
    assert visit.complaints() == []
    visit.narrow()
    assert visit.complaints() == []
