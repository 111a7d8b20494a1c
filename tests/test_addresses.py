"""Whatever an address carries, a page answers it: with rows, with a message, or with 404."""

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.models import User
from tests.factories import (
    AccessLogFactory,
    BulkActFactory,
    CaseFactory,
    ImportFileFactory,
    ImportRejectFactory,
    RecoveryFactory,
    SignInFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LISTS = (
    "/cases/", "/cases/queue/", "/cases/columns/cases/", "/cases/recoveries/", "/imports/",
    "/accounts/sign-ins/", "/accounts/access-log/", "/audit/",
    "/audit/cases/{case}/", "/audit/cases/{case}/export/?format=csv", "/audit/users/{user}/",
    "/cases/export/?format=csv", "/cases/export/?format=xlsx", "/cases/recoveries/export/?format=csv",
    "/cases/{case}/", "/imports/{run}/", "/", "/cases/bulk/", "/cases/bulk/{bulk}/",
    "/admin/cases/case/", "/admin/accounts/user/", "/admin/registry/merchant/",
    "/pledges/", "/pledges/export/?format=csv", "/pledges/zones/", "/pledges/targets/", "/insights/pledges/",
    "/insights/returns/", "/insights/returns/export/?format=csv",
    *(f"/admin/pledges/{model}/" for model in (
        "pledge", "breach", "returnentry", "zonemembership", "inspection",
    )),
)  # fmt: skip
NUL, LONG, WIDE = "\x00", "字" * 3000, "9" * 400
WRONG = [
    {"number": NUL, "user": LONG}, {"user": NUL, "number": LONG},
    {"q": NUL}, {"q": LONG}, {"q": "\ud7ff\U0010ffff % ' ٣"},
    {"sort": NUL, "size": LONG, "p": WIDE, "page": "-1"}, {"sort": "-", "size": "-1", "p": NUL, "o": NUL},
    *({"merchant": value, "run": value} for value in (NUL, WIDE)),
    {"list": "queue", "sort": "due", "after": "1~2~3"}, {"todo": NUL, "desk": NUL}, {"columns": NUL},
    *({name: NUL} for name in ("state", "kind", "place", "outcome", "action", "role")),
    *(dict.fromkeys(("type", "district"), value) for value in (NUL, WIDE, "²")),
    *(dict.fromkeys(("year", "zone"), value) for value in (NUL, WIDE, "²")),
    dict.fromkeys(("pool", "level", "open"), NUL), dict.fromkeys(("published_from", "correction", "member"), NUL),
    *({name: value} for name in ("after", "before") for value in (
        NUL, f"9999-12-31T23:59:59.999999+00:00~{WIDE}", "9999-12-31T23:59:59.999999-14:00~1",
        "0001-01-01T00:00:00+14:00~1", "9999-12-31~1", "1e400~1", "~1", WIDE,
    )),
    {"metric": NUL}, {"metric": "cases.received", "part": "value", "region": NUL, "agency": NUL},
    {"metric": "cases.received", "part": "value", "from": "0001-01-01", "to": "9999-12-31", "as_of": "9999-12-31"},
]  # fmt: skip


@pytest.fixture
def root(client):
    client.force_login(UserFactory(superuser=True))
    return client


@pytest.fixture
def records(root):
    case, file = CaseFactory(), ImportFileFactory()
    RecoveryFactory(case=case)
    ImportRejectFactory(file=file)
    SignInFactory()
    line = AccessLogFactory()
    bulk = BulkActFactory(actor=User.objects.get(pk=root.session["_auth_user_id"]), agency=None, cases=[case])
    return {"case": case.number, "run": file.run_id, "bulk": bulk.pk, "user": line.user_id}


def answer(client, path, data):
    path, _, query = path.partition("?")
    response = client.get(path, dict(part.split("=") for part in query.split("&") if part) | data)
    if response.streaming:
        b"".join(response.streaming_content)
    return response.status_code


@pytest.mark.parametrize("path", LISTS)
def test_no_parameter_breaks_a_page(root, records, path):
    found = {str(data)[:80]: answer(root, path.format(**records), data) for data in WRONG}

    assert {data: status for data, status in found.items() if status not in (200, 302, 400, 404)} == {}


@pytest.mark.parametrize("day", ["0001-01-01", "1949-12-31", "2200-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/cases/", ("received_from", "received_to")),
        ("/cases/recoveries/", ("posted_from", "posted_to")),
        ("/accounts/sign-ins/", ("since", "until")),
        ("/accounts/access-log/", ("since", "until")),
    ],
)
def test_a_day_out_of_range_is_said_to_be_so(root, records, path, names, day):
    root.cookies["django_language"] = "en"
    for name in names:
        response = root.get(path, {name: day})

        assert response.context_data["filter"].form.errors == {name: ["Give a date from 1950 to 2199."]}
        assert response.context_data["page"].rows == []
        assert "Give a date from 1950 to 2199." in response.content.decode()


@pytest.mark.parametrize("day", ["1950-01-01", "2199-12-31"])
@pytest.mark.parametrize("name", ["received_from", "received_to"])
def test_days_out_of_range_break_neither_case_page_nor_export(root, records, name, day):
    for given in (day, "9999-12-31", "0001-01-01"):
        assert root.get(f"/cases/{records['case']}/", {name: given}).status_code == 200
        for form in ("csv", "xlsx"):
            assert answer(root, f"/cases/export/?format={form}", {name: given}) == (200 if given == day else 302)


@pytest.mark.parametrize("number", ["%00", "2026-00000001%00", "9" * 300, "%E6%A1%88", "2026 1"])
def test_what_cannot_be_a_number_is_no_case(root, number):
    assert root.get(f"/cases/{number}/").status_code == 404
    assert root.post(f"/cases/{number}/parties/1/reveal/", {"reason": "回访当事人"}).status_code == 404


KEYED = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.mark.parametrize("model", KEYED, ids=lambda model: model._meta.label)
def test_what_is_no_key_names_no_row_in_the_form_of_a_new_one(root, model):
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    fields = [field for field in model._meta.get_fields() if not field.auto_created]
    names, related = [field.name for field in fields], [field.name for field in fields if field.is_relation]
    if not related or root.get(address).status_code != 200:  # it is added nowhere here
        return

    for key in ("abc", NUL, "-1", WIDE):
        assert root.get(address, dict.fromkeys(names, key)).status_code == 200, key
        assert root.post(address, dict.fromkeys(related, key)).status_code == 200, key


def test_words_longer_than_a_search_box_takes_are_refused(root, records):
    response = root.get("/cases/", {"q": "字" * 101})

    assert list(response.context_data["filter"].form.errors) == ["q"]
    assert response.context_data["page"].rows == []
    assert root.get("/cases/", {"q": "字" * 100}).context_data["filter"].form.errors == {}
