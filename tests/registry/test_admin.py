import datetime as dt

import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from registry.admin import ReferenceAdmin
from registry.domain.calendar import missing_years
from registry.models import CalendarNotice, Channel, Merchant, Region
from tests.factories import ChannelFactory, MerchantFactory, PremisesFactory, UserFactory

pytestmark = pytest.mark.django_db
MODELS = [model for model in admin.site._registry if model._meta.app_label == "registry"]


@pytest.fixture
def clerk_client(client):
    client.force_login(UserFactory(roles=["clerk"]))
    return client


@pytest.fixture
def root_client(client):
    client.force_login(UserFactory(superuser=True))
    return client


def url(model, page, *arguments):
    return reverse(f"admin:registry_{model._meta.model_name}_{page}", args=arguments)


SEVERAL = (forms.MultipleChoiceField, forms.ModelMultipleChoiceField)  # chosen, not written with commas between


def posted(response):
    """What the change form would send back untouched."""
    data = {}
    forms = [response.context["adminform"].form]
    for formset in response.context["inline_admin_formsets"]:
        forms += [formset.formset.management_form, *formset.formset.forms]
    for form in forms:
        for field in form:
            value = field.value()
            if isinstance(value, list) and not isinstance(field.field, SEVERAL):
                value = ",".join(map(str, value))
            if value is not None and value is not False:
                data[field.html_name] = value
    return data


def test_every_model_that_people_keep_is_in_the_admin():
    assert {model.__name__ for model in MODELS} == {
        "Agency", "CalendarNotice", "Category", "Channel", "Industry", "Merchant", "Platform", "Problem", "Region",
    }  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_list_search_and_forms_of_each_model(root_client, model):
    row = model.objects.first() or MerchantFactory()
    term = getattr(row, "code", row.pk)
    assert root_client.get(url(model, "changelist"), {"q": term}).status_code == 200
    assert root_client.get(url(model, "add")).status_code == 200
    page = root_client.get(url(model, "change", row.pk))
    assert page.status_code == 200
    response = root_client.post(url(model, "change", row.pk), posted(page))
    assert response.status_code == 302, response.context["errors"]
    assert root_client.get(url(model, "delete", row.pk)).status_code == 403


@pytest.mark.parametrize(("rows", "queries"), [(1, 7), (3, 7)])
def test_lists_take_as_many_queries_for_three_rows_as_for_one(root_client, rows, queries, django_assert_num_queries):
    wanted = list(Region.objects.filter(level="street").values_list("pk", flat=True)[:rows])
    Region.objects.filter(pk__in=wanted).update(name_en="wanted")
    missing_years()  # which pages keep for a minute
    with django_assert_num_queries(queries):
        page = root_client.get(url(Region, "changelist"), {"q": "wanted"})
    assert {row.pk for row in page.context["cl"].result_list} == set(wanted)


def test_the_clerk_edits_vocabularies_and_not_agencies(clerk_client):
    fax = Channel.objects.get(code="fax")
    page = clerk_client.get(url(Channel, "change", fax.pk))
    response = clerk_client.post(url(Channel, "change", fax.pk), posted(page) | {"name": "图文传真"})
    assert response.status_code == 302
    assert Channel.objects.get(code="fax").name == "图文传真"
    assert clerk_client.get(reverse("admin:registry_agency_add")).status_code == 403


def test_what_identifies_a_row_in_the_files_cannot_be_changed(root_client):
    region = Region.objects.get(code="330113")
    page = root_client.get(url(Region, "change", region.pk))
    changed = posted(page) | {"code": "999999", "valid_from": "2000-01-01", "name_en": "Linping"}
    assert root_client.post(url(Region, "change", region.pk), changed).status_code == 302
    region.refresh_from_db()
    assert (region.code, region.valid_from, region.name_en) == ("330113", dt.date(2021, 4, 9), "Linping")


@pytest.mark.parametrize(
    ("validity", "codes"), [("now", {"a"}), ("ended", {"b"}), ("coming", {"c"}), ("", {"a", "b", "c"})]
)
def test_rows_by_validity(root_client, validity, codes):
    today = timezone.localdate()
    day = dt.timedelta(days=1)
    ChannelFactory(code="a", valid_from=today, valid_to=today + day)
    ChannelFactory(code="b", valid_to=today)
    ChannelFactory(code="c", valid_from=today + day)
    page = root_client.get(url(Channel, "changelist"), {"validity": validity} if validity else {})
    shown = {row.code for row in page.context["cl"].result_list}
    assert shown & {"a", "b", "c"} == codes


NOTICE = {
    "code": "2027", "name": "通知", "name_en": "Notice", "year": "2027", "published_on": "2026-11-05",
    "url": "https://www.gov.cn/x.htm", "days-TOTAL_FORMS": "2", "days-INITIAL_FORMS": "0",
    "days-0-date": "2027-01-01", "days-0-name": "元旦", "days-0-name_en": "New Year's Day",
    "days-1-date": "2027-01-02", "days-1-name": "元旦", "days-1-name_en": "New Year's Day",
    "days-1-working": "on",
}  # fmt: skip


def confirmed(page):
    """What the page that asks for a confirmation sends back."""
    return dict(page.context["entered"]) | {page.context["confirmed"]: "yes"}


def test_a_notice_is_entered_with_its_days_once_what_follows_is_confirmed(clerk_client):
    asked = clerk_client.post(url(CalendarNotice, "add"), NOTICE)
    assert (asked.status_code, asked.templates[0].name) == (200, "registry/admin/consequences.html")
    assert not CalendarNotice.objects.filter(code="2027").exists()
    assert not LogEntry.objects.exists()
    assert confirmed(asked) == NOTICE | {"_confirmed": "yes"}

    response = clerk_client.post(url(CalendarNotice, "add"), confirmed(asked))
    assert response.status_code == 302
    days = CalendarNotice.objects.get(code="2027").days.values_list("date", "working")
    assert list(days) == [(dt.date(2027, 1, 1), False), (dt.date(2027, 1, 2), True)]
    assert LogEntry.objects.count() == 1


def test_a_notice_that_cannot_be_saved_is_asked_for_again(clerk_client):
    page = clerk_client.post(url(CalendarNotice, "add"), NOTICE | {"days-1-date": "2027-01-01"})
    assert page.status_code == 200
    assert page.context["errors"]
    assert not CalendarNotice.objects.filter(code="2027").exists()


def test_a_notice_that_stays_as_it_is_needs_no_confirmation(clerk_client):
    notice = CalendarNotice.objects.get(code="2026")
    page = clerk_client.get(url(CalendarNotice, "change", notice.pk))
    assert clerk_client.post(url(CalendarNotice, "change", notice.pk), posted(page)).status_code == 302


def merchant(**values):
    return {"name": "测试（杭州）商贸有限公司", "credit_code": "", "aliases": "", "address": ""} | values


def test_a_merchant_is_stored_with_its_normalised_name(clerk_client):
    assert clerk_client.post(url(Merchant, "add"), merchant()).status_code == 302
    stored = Merchant.objects.get()
    assert (stored.name_key, stored.credit_code, stored.verified) == ("测试杭州商贸有限公司", None, False)

    response = clerk_client.post(url(Merchant, "change", stored.pk), merchant(name="改名商行"))
    assert response.status_code == 302
    stored.refresh_from_db()
    assert (stored.name_key, stored.pinyin) == ("改名商行", "gai ming shang hang ")


def test_merchants_are_listed_and_offered_in_the_order_of_their_sound(root_client):
    for name in ("杭店", "阿店", "Z店", "北店", "a店"):
        MerchantFactory(name=name)
    wanted = ["a店", "Z店", "阿店", "北店", "杭店"]

    page = root_client.get(url(Merchant, "changelist"))
    assert [row.name for row in page.context["cl"].result_list] == wanted

    page = root_client.get(url(Merchant, "changelist"), {"o": "-0"})  # by the column of names, backwards
    assert [row.name for row in page.context["cl"].result_list] == wanted[::-1]

    offered = root_client.get(
        reverse("admin:autocomplete"),
        {"term": "店", "app_label": "registry", "model_name": "platform", "field_name": "operator"},
    )
    assert [row["text"] for row in offered.json()["results"]] == wanted


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "测试(杭州)商贸有限公司"}, None),  # the same unverified merchant of no region
        ({"credit_code": "91000000MA0000000N"}, None),  # a code and yet not verified
        ({"credit_code": "91000000MA0000000M", "verified": "on"}, "credit_code"),
        ({"name": ""}, "name"),
    ],
)
def test_a_merchant_that_cannot_be_is_refused_with_a_reason(clerk_client, values, field):
    MerchantFactory(name="测试（杭州）商贸有限公司", region=None)
    page = clerk_client.post(url(Merchant, "add"), merchant(**values))
    assert page.status_code == 200
    assert list(page.context["adminform"].form.errors) == [field or "__all__"]
    assert Merchant.objects.count() == 1


def test_reference_data_are_found_by_code_and_both_names(root_client):
    for term in ("330102", "上城", "Shangcheng"):
        page = root_client.get(url(Region, "changelist"), {"q": term})
        assert "330102" in {row.code for row in page.context["cl"].result_list}
    assert all(
        isinstance(admin.site._registry[model], ReferenceAdmin) for model in MODELS if model is not Merchant
    )


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_every_choice_of_a_filter_can_be_followed(root_client, model):
    PremisesFactory()  # the districts in which there are any are choices
    path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    changes = root_client.get(path).context["cl"]
    links = [choice["query_string"] for spec in changes.filter_specs for choice in spec.choices(changes)]

    # what the page of another record chooses offers nothing by itself
    filters = [one for one in admin.site._registry[model].list_filter if not getattr(one, "chosen_elsewhere", False)]
    assert len(links) >= 2 * len(filters)
    assert {root_client.get(f"{path}{link}").status_code for link in links} <= {200}
