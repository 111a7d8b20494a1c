import pytest
from django.apps import apps
from django.conf import settings
from django.db import Error, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import AccessLog, SignIn
from cases.models import Case, CaseEvent, CaseHistory, ClockChange, Delivery, Recovery, SignalDecision
from core.acting import acting
from core.triggers import _Firm, append_only_models, refused, triggers_of
from mediation.models import AgreementEvent, ConfirmationEvent, ReferralEvent, SessionEvent
from pledges.models import BreachEvent, InspectionEvent, Opinion, PledgeEvent, ReturnChange
from tests.factories import AccessLogFactory, CaseFactory, SignInFactory, UserFactory

pytestmark = pytest.mark.django_db
IGNORE = "SELECT set_config('pgtrigger.ignore', (SELECT array_agg(tgname)::text FROM pg_trigger), true)"


def execute(*statements):
    with transaction.atomic(), connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)


def refuse(sql):
    """The database refuses it, in a session that ignores all triggers that can be ignored."""
    with pytest.raises(Error, match="Cannot"):
        execute(IGNORE, sql)


def test_what_is_append_only():
    assert append_only_models() == [
        AccessLog, CaseEvent, CaseHistory, ClockChange, Delivery, Recovery, SignalDecision, AgreementEvent,
        ConfirmationEvent, ReferralEvent, SessionEvent, BreachEvent, InspectionEvent, Opinion, PledgeEvent, ReturnChange,
    ]  # fmt: skip
    assert refused(AccessLog) == {"UPDATE", "DELETE", "TRUNCATE"}
    assert refused(SignIn) == {"UPDATE", "TRUNCATE"}  # what is older than six months may go
    assert refused(Case) == {"DELETE", "TRUNCATE"}


@pytest.mark.parametrize("model", append_only_models(), ids=str)
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_append_only_rows_can_be_neither_changed_nor_deleted(model, statement):
    refuse(statement.format(model._meta.db_table, model._meta.pk.column))


def test_what_is_there_stays():
    line, case = AccessLogFactory(target="2026-00000001/1"), CaseFactory()
    history = list(CaseHistory.objects.values())

    refuse("UPDATE accounts_accesslog SET target = 'elsewhere'")
    refuse("DELETE FROM accounts_accesslog")
    refuse("DELETE FROM cases_casehistory")
    refuse("DELETE FROM cases_case")

    assert AccessLog.objects.get() == line
    assert AccessLog.objects.get().target == "2026-00000001/1"
    assert Case.objects.get() == case
    assert list(CaseHistory.objects.values()) == history


@pytest.mark.parametrize("table", ["cases_case", "accounts_signin"])
def test_cases_and_sign_ins_are_never_emptied(table):
    refuse(f"TRUNCATE {table} CASCADE")


def test_the_sign_in_log_is_never_changed():
    line = SignInFactory(at=timezone.now())

    refuse("UPDATE accounts_signin SET outcome = 'failed'")
    refuse("DELETE FROM accounts_signin")

    assert list(SignIn.objects.values_list("pk", "outcome")) == [(line.pk, "succeeded")]


def test_history_is_written_whatever_a_session_ignores():
    case = CaseFactory()
    execute(IGNORE)

    Case.objects.update(department="one", regime="121")
    second = CaseFactory()

    labels = CaseHistory.objects.order_by("pgh_id").values_list("pgh_obj", "pgh_label", "regime")
    assert list(labels) == [
        (case.pk, "insert", case.regime),
        (case.pk, "update", "121"),
        (second.pk, "insert", second.regime),
    ]


def test_history_is_written_past_a_temporary_table_of_its_name():
    case = CaseFactory()
    execute("CREATE TEMP TABLE cases_casehistory (LIKE public.cases_casehistory) ON COMMIT DROP")

    Case.objects.update(regime="121")

    execute("DROP TABLE pg_temp.cases_casehistory")
    assert CaseHistory.objects.get(pgh_label="update").pgh_obj_id == case.pk


@pytest.mark.parametrize(
    "model", [m for app in settings.LOCAL_APPS for m in apps.get_app_config(app).get_models()], ids=str
)
def test_no_trigger_of_ours_can_be_ignored(model):
    assert [t.name for t in triggers_of(model) if not isinstance(t, _Firm)] == []


def test_every_trigger_is_in_the_database_as_the_models_say():
    wanted = {
        (model._meta.db_table, trigger.get_pgid(model), trigger.compile(model).hash)
        for model in apps.get_models()
        for trigger in triggers_of(model)
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname, obj_description(oid, 'pg_trigger') FROM pg_trigger"
            " WHERE tgname LIKE 'pgtrigger%' AND tgenabled = 'O'"
        )
        assert set(cursor.fetchall()) == wanted


# who is at work


def actors():
    return list(CaseHistory.objects.order_by("pgh_id").values_list("actor", flat=True))


def test_history_bears_the_user_at_work_and_nobody_else():
    first, second = UserFactory(), UserFactory()

    CaseFactory()
    with acting(first):
        CaseFactory()
        with acting(second):
            Case.objects.update(regime="121")
        CaseFactory()
        with acting(None):
            CaseFactory()
    CaseFactory()

    assert actors() == [None, first.pk, second.pk, second.pk, first.pk, None, None]


def fail(*, marked: bool) -> None:
    """What the transaction holds is lost: because a statement failed, or because Django marked it so."""
    if marked:
        transaction.set_rollback(True)
        raise IntegrityError
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO cases_case DEFAULT VALUES")


@pytest.mark.parametrize("marked", [False, True])
def test_after_an_error_in_a_statement_nobody_is_at_work(marked):
    user = UserFactory()

    with pytest.raises(IntegrityError), transaction.atomic(), acting(user):
        fail(marked=marked)
    CaseFactory()

    assert actors() == [None]
