import datetime as dt

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case, Clock, ClockRule, ImportRun, Recovery, SignalRule
from tests.factories import (
    CaseFactory,
    ClockFactory,
    ImportFileFactory,
    ImportRunFactory,
    ImportWarningFactory,
    RecoveryFactory,
    UserFactory,
    grant,
)

pytestmark = pytest.mark.django_db
READ_ONLY = {Case: "case", Recovery: "recovery", Clock: "clock", ImportRun: "importrun"}


@pytest.fixture
def clerk(district):
    """Someone of a district with the rights of a clerk, and those to change and delete, which are to mean nothing."""
    user = UserFactory(agency=district, roles=["clerk"])
    names = [f"{verb}_{model}" for model in READ_ONLY.values() for verb in ("add", "change", "delete")]
    grant(user, *names)
    return user


def rows(district):
    """One row of each model in this district."""
    case = CaseFactory(handling=district, narrative="电话13800001234", extra={"备注": "13800005678"})
    return {
        Case: case,
        Recovery: RecoveryFactory(case=case),
        Clock: ClockFactory(case=case),
        ImportRun: ImportFileFactory(run=ImportRunFactory(agency=district)).run,
    }


@pytest.mark.parametrize("model", READ_ONLY)
def test_rows_are_looked_at_and_never_changed(client, clerk, district, model):
    obj = rows(district)[model]
    client.force_login(clerk)
    path = f"/admin/cases/{READ_ONLY[model]}/"
    before = model.objects.values().get(pk=obj.pk)

    assert client.get(path).status_code == 200
    page = client.get(f"{path}{obj.pk}/change/")
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert client.post(f"{path}{obj.pk}/change/", {"_save": "1"}).status_code == 403
    assert client.get(f"{path}add/").status_code == 403
    assert client.post(f"{path}{obj.pk}/delete/", {"post": "yes"}).status_code == 403
    assert model.objects.values().get(pk=obj.pk) == before


@pytest.mark.parametrize("model", READ_ONLY)
def test_rows_of_another_district_are_not_there(client, clerk, district, neighbour, model):
    mine, theirs = rows(district)[model], rows(neighbour)[model]
    client.force_login(clerk)
    path = f"/admin/cases/{READ_ONLY[model]}/"

    assert list(client.get(path).context["cl"].queryset) == [mine]
    # the admin leads back to its start page from a row that it does not find
    assert client.get(f"{path}{theirs.pk}/change/").status_code in (302, 404)


def test_the_texts_of_a_case_stay_out_of_the_admin(client, clerk, district):
    case = rows(district)[Case]
    client.force_login(clerk)

    html = client.get(f"/admin/cases/case/{case.pk}/change/").content.decode()

    assert "13800001234" not in html
    assert "13800005678" not in html
    assert f'href="/cases/{case.number}/"' in html


@pytest.mark.parametrize("model", READ_ONLY)
def test_lists_take_as_many_queries_for_one_row_as_for_three(client, clerk, district, model):
    client.force_login(clerk)
    path = f"/admin/cases/{READ_ONLY[model]}/"
    counts = []
    for _n in range(2):
        rows(district)
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        counts.append(len(queries))
        rows(district)

    assert counts[0] == counts[1]


def test_numbers_in_free_texts_are_masked_in_the_admin(client, clerk, district):
    names = [f"{of}_written" for of in ("region", "agency", "merchant", "category", "problem")]
    case = CaseFactory(
        handling=district, refused=True, ground="依据13800001234", external_number="N13800009999",
        **dict.fromkeys(names, "某13800001234"),
    )  # fmt: skip
    recovery = RecoveryFactory(case=case, evidence="收条13800001234")
    warning = ImportWarningFactory(run=ImportRunFactory(agency=district), value="某13800001234")
    client.force_login(clerk)

    for path, shown in (
        (f"case/{case.pk}", ["某138****1234"] * len(names) + ["依据138****1234", "N13800009999"]),
        (f"recovery/{recovery.pk}", ["收条138****1234"]),
        (f"importrun/{warning.run_id}", ["某138****1234"] * 2),  # its heading, and its value
    ):
        html = client.get(f"/admin/cases/{path}/change/").content.decode()
        assert "13800001234" not in html
        assert [html.count(text) for text in shown] == [shown.count(text) for text in shown]


def test_a_case_is_found_by_the_beginning_of_its_number(client, clerk, district):
    wanted = CaseFactory(handling=district, number="2026-77770001")
    CaseFactory(handling=district, number="2026-88880001")
    client.force_login(clerk)

    for words in ("2026-7777", wanted.external_number):
        assert list(client.get("/admin/cases/case/", {"q": words}).context["cl"].queryset) == [wanted]


@pytest.mark.parametrize(
    "lookup",
    ["narrative__contains", "narrative__regex", "demand__startswith", "extra__icontains", "goods", "kind__startswith",
     "merchant_written__contains", "import_file__name__contains", "number__gte"],
)  # fmt: skip
@pytest.mark.parametrize("value", ["13800001234", "complaint"])
def test_the_address_cannot_filter_by_what_is_no_filter_of_the_list(client, clerk, district, lookup, value):
    case = rows(district)[Case]
    client.force_login(clerk)

    response = client.get("/admin/cases/case/", {lookup: value})

    assert response.status_code == 400
    assert case.number not in response.content.decode()


def test_a_run_shows_its_files_and_warnings(client, clerk, district):
    run = rows(district)[ImportRun]
    warning = ImportWarningFactory(run=run)
    client.force_login(clerk)

    html = client.get(f"/admin/cases/importrun/{run.pk}/change/").content.decode()

    assert run.files.get().name in html
    assert warning.value in html


def rule_data(rule, **changes):
    names = [
        "name", "name_en", "regime", "valid_to", "length", "unit", "roll", "starts", "starts_en", "basis", "basis_en",
    ]  # fmt: skip
    data = {name: getattr(rule, name) for name in names} | changes
    return {name: "" if value is None else value for name, value in data.items()}


def test_a_clock_rule_is_edited_by_those_who_may(client, district):
    rule = ClockRule.objects.filter(code="complaint.accept").latest("valid_from")
    path = f"/admin/cases/clockrule/{rule.pk}/change/"
    user = UserFactory(agency=district, is_staff=True)
    client.force_login(user)
    assert client.post(path, rule_data(rule, basis="新的依据")).status_code == 403
    rule.refresh_from_db()
    assert rule.basis != "新的依据"

    grant(user, "view_clockrule", "change_clockrule")
    response = client.post(path, rule_data(rule, basis="新的依据", code="other.code"))

    assert response.status_code == 302, response.context["adminform"].form.errors
    rule.refresh_from_db()
    assert (rule.basis, rule.code) == ("新的依据", "complaint.accept")


def test_a_rule_cannot_end_before_it_begins(client):
    rule = ClockRule.objects.filter(code="complaint.accept").latest("valid_from")
    client.force_login(UserFactory(superuser=True))

    response = client.post(
        f"/admin/cases/clockrule/{rule.pk}/change/",
        rule_data(rule, valid_to=rule.valid_from - dt.timedelta(days=1)),
    )

    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == ["__all__"]
    rule.refresh_from_db()
    assert rule.valid_to is None


def test_parties_and_rejected_rows_are_not_in_the_admin():
    registered = {model.__name__ for model in admin.site._registry if model._meta.app_label == "cases"}

    assert registered == {
        "Case", "Recovery", "Clock", "ClockRule", "Ground", "ImportRun", "SignalRule", "DocumentTemplate", "Letterhead",
    }  # fmt: skip


def test_a_signal_rule_is_edited_and_its_form_says_what_stands_for_the_days(client):
    rule = SignalRule.objects.get(code="text.alike", valid_to=None)
    client.force_login(UserFactory(superuser=True))
    client.cookies["django_language"] = "en"
    path = f"/admin/cases/signalrule/{rule.pk}/change/"

    page = client.get(path)
    form = page.context["adminform"].form
    data = {name: "" if value is None else value for name, value in form.initial.items()}
    refused = client.post(path, data | {"overlap": 40})
    taken = client.post(path, data | {"overlap": 70, "window_days": 120})

    assert page.content.decode().count("{days} stands for the days before and after") == 2
    assert "from 50 to 100 per cent" in refused.content.decode()
    assert taken.status_code == 302
    rule.refresh_from_db()
    assert (rule.overlap, rule.window_days) == (70, 120)
