import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import translation

from registry.models import Agency
from tests.factories import AgencyFactory, CaseFactory, UserFactory

pytestmark = pytest.mark.django_db
NEEDED = (
    "The agency, or one below it, has cases in its custody. They must be handed over before it moves to another parent."
)


@pytest.fixture
def city():
    return AgencyFactory()


@pytest.fixture
def district(city):
    return AgencyFactory(parent=city)


@pytest.fixture
def station(district):
    return AgencyFactory(station=True, parent=district)


@pytest.fixture
def other(city):
    return AgencyFactory(parent=city)


def assert_not_moved(agency, parent):
    stored = Agency.objects.get(pk=agency.pk)
    assert (stored.parent, stored.path) == (parent, f"{parent.path}{agency.pk}/")


@pytest.mark.parametrize("of", ["station", "below"])
def test_an_agency_does_not_move_while_it_or_one_below_holds_cases(station, other, of):
    holder = station if of == "station" else AgencyFactory(station=True, parent=station)
    CaseFactory(handling=other, custodian=holder)
    moved = Agency.objects.get(pk=station.pk)
    moved.parent = other

    with pytest.raises(ValidationError) as refused:
        moved.clean()

    with translation.override("en"):
        assert refused.value.message_dict == {"parent": [NEEDED]}
    assert_not_moved(station, station.parent)


def test_a_root_with_cases_is_not_put_below_another(city):
    CaseFactory(handling=city)
    moved = Agency.objects.get(pk=city.pk)
    moved.parent = AgencyFactory()

    with pytest.raises(ValidationError):
        moved.clean()


def test_without_cases_in_custody_it_moves_with_all_below(station, other):
    below = AgencyFactory(station=True, parent=station)
    CaseFactory(handling=station, custodian=other)  # handled there once, handed over since
    moved = Agency.objects.get(pk=station.pk)
    moved.parent = other

    moved.clean()
    moved.save()

    assert Agency.objects.get(pk=below.pk).path == f"{other.path}{station.pk}/{below.pk}/"


def test_other_fields_of_an_agency_with_cases_are_changed_as_ever(station):
    CaseFactory(handling=station)
    station.name = "新名称"

    station.clean()


def test_the_admin_shows_the_parent_of_an_agency_with_cases_and_takes_no_other(client, station, other):
    CaseFactory(handling=station)
    client.force_login(UserFactory(superuser=True))
    client.cookies["django_language"] = "en"
    path = reverse("admin:registry_agency_change", args=[station.pk])

    page = client.get(path)
    response = client.post(
        path, {"name": "新名称", "name_en": "New", "kind": "station", "parent": other.pk, "aliases": ""}
    )

    assert "parent" not in page.context["adminform"].form.fields
    assert NEEDED in page.content.decode()
    assert response.status_code == 302
    assert Agency.objects.get(pk=station.pk).name == "新名称"
    assert_not_moved(station, station.parent)


def test_the_admin_moves_an_agency_without_cases(client, station, other):
    client.force_login(UserFactory(superuser=True))
    path = reverse("admin:registry_agency_change", args=[station.pk])

    client.post(path, {"name": "名称", "name_en": "Name", "kind": "station", "parent": other.pk, "aliases": ""})

    assert_not_moved(station, other)
