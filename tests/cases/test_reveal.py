import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command

from accounts.models import AccessLog
from cases.domain import reveal_party
from cases.models import Party
from core.exceptions import DomainError
from tests.cases.files import row, write
from tests.factories import UserFactory, grant

pytestmark = pytest.mark.django_db
REASON = "回访当事人"


@pytest.fixture
def parties(tmp_path):
    """The consumer of a complaint and the reporter of a report."""
    report = row(登记编号="2", 类型="举报", 调解结果="", 姓名="赵举报", 联系电话="13900004321")
    call_command("import_cases", str(write(tmp_path / "a.csv", [row(), report])), profile="national12315", verbosity=0)
    return {party.role: party for party in Party.objects.select_related("case")}


@pytest.fixture
def consumer(parties):
    return parties["consumer"]


@pytest.fixture
def reporter(parties):
    return parties["reporter"]


def may(*codenames, **fields):
    user = UserFactory(**fields)
    grant(user, *codenames)
    return user


def test_who_may_gets_the_data_and_the_log_says_so(consumer):
    actor = UserFactory(roles=["mediator"])

    found = reveal_party(consumer, actor=actor, reason=f"  {REASON}  ", ip="192.0.2.7")

    assert found == {"name": "王小明", "phone": "13800001234"}
    entry = AccessLog.objects.get()
    assert (entry.user, entry.action, entry.ip) == (actor, "reveal", "192.0.2.7")
    assert (entry.target, entry.fields, entry.reason) == (
        f"{consumer.case.number}/{consumer.pk}", "name, phone", REASON,
    )  # fmt: skip
    assert "13800001234" not in f"{entry.target}{entry.fields}{entry.reason}"


def test_each_reveal_is_logged(consumer):
    actor = UserFactory(roles=["officer"])
    for _ in range(2):
        reveal_party(consumer, actor=actor, reason=REASON, ip=None)

    assert AccessLog.objects.count() == 2


def test_without_the_permission_nothing_is_shown_and_nothing_logged(consumer):
    with pytest.raises(PermissionDenied):
        reveal_party(consumer, actor=UserFactory(roles=["regulator"]), reason=REASON, ip=None)

    assert AccessLog.objects.count() == 0


def test_a_reporter_is_not_shown_to_those_who_may_see_other_parties(reporter):
    assert reporter.sealed
    with pytest.raises(PermissionDenied):
        reveal_party(reporter, actor=may("reveal_party"), reason=REASON, ip=None)

    assert AccessLog.objects.count() == 0


def test_a_reporter_is_shown_to_those_with_the_permission_of_its_own(reporter):
    found = reveal_party(reporter, actor=may("reveal_reporter"), reason=REASON, ip=None)

    assert found == {"name": "赵举报", "phone": "13900004321"}
    assert AccessLog.objects.get().target == f"{reporter.case.number}/{reporter.pk}"


def test_the_permission_for_reporters_opens_no_other_party(consumer):
    with pytest.raises(PermissionDenied):
        reveal_party(consumer, actor=may("reveal_reporter"), reason=REASON, ip=None)

    assert AccessLog.objects.count() == 0


@pytest.mark.parametrize("reason", ["", "    ", " 回访 ", "abcd"])
def test_without_a_reason_nothing_is_shown_and_nothing_logged(consumer, reason):
    with pytest.raises(DomainError, match="5"):
        reveal_party(consumer, actor=UserFactory(roles=["officer"]), reason=reason, ip=None)

    assert AccessLog.objects.count() == 0


def test_a_superuser_is_no_exception_from_reason_and_log(reporter):
    actor = UserFactory(superuser=True)
    with pytest.raises(DomainError):
        reveal_party(reporter, actor=actor, reason="", ip=None)

    reveal_party(reporter, actor=actor, reason=REASON, ip=None)

    assert AccessLog.objects.get().user == actor


def test_a_party_without_data_is_shown_as_such(consumer):
    consumer.personal = None

    assert reveal_party(consumer, actor=UserFactory(roles=["officer"]), reason=REASON, ip=None) == {}
    assert AccessLog.objects.get().fields == ""
