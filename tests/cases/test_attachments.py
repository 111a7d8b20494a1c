import datetime as dt
import io
import os
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccessLog
from cases.domain import add_attachment, attachments, withdraw_attachment
from cases.domain.attachments import open_attachment
from cases.enums import AttachmentKind
from cases.models import Attachment, CaseEvent
from core import vault
from core.exceptions import DomainError, FileRefused
from tests.cases.pages import said
from tests.core.test_filetypes import SAMPLES
from tests.core.test_uploads import Stream, sent
from tests.factories import (
    AttachmentFactory,
    CaseFactory,
    DeliveryFactory,
    DocumentFactory,
    PartyFactory,
    UserFactory,
)
from tests.factories.documents import PDF

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 25, 3, tzinfo=dt.UTC)
REASON = "传错了文件"


@pytest.fixture
def case(district):
    return CaseFactory(handling=district)


@pytest.fixture
def report(district):
    case = CaseFactory(handling=district, report=True)
    PartyFactory(case=case, reporter=True)
    return case


@pytest.fixture
def regulator(district):
    return UserFactory(agency=district, roles=["regulator"])


def add(case, actor, **changes):
    given = {"kind": AttachmentKind.EVIDENCE, "name": "发票.pdf", "content": PDF, "now": NOW} | changes
    return add_attachment(case, actor=actor, **given)


# adding


def test_a_file_is_added_encrypted_with_its_event(case, officer, stored_files):
    made = add(case, officer, note="  发票原件 ")

    made.refresh_from_db()
    assert (made.name, made.content_type, made.size) == ("发票.pdf", "application/pdf", len(PDF))
    assert (made.kind, made.note, made.added_by, made.added_at) == ("evidence", "发票原件", officer, NOW)
    (path,) = stored_files()
    assert path.as_posix().endswith(made.file)
    assert b"%PDF" not in path.read_bytes()
    assert vault.read(made.file, context=f"cases.Attachment:{made.pk}") == PDF
    event = CaseEvent.objects.get()
    assert (event.case, event.verb, event.actor, event.at, event.note) == (
        case,
        "add_attachment",
        officer,
        NOW,
        "",
    )
    assert event.data == {"attachment": made.pk, "kind": "evidence"}


OFFICE = "application/vnd.openxmlformats-officedocument"
CONTENT_TYPES = {
    "pdf": "application/pdf", "jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "heic": "image/heic",
    "docx": f"{OFFICE}.wordprocessingml.document", "xlsx": f"{OFFICE}.spreadsheetml.sheet", "ofd": "application/ofd",
    "txt": "text/plain", "mp3": "audio/mpeg", "m4a": "audio/mp4", "wav": "audio/wav", "amr": "audio/amr",
    "mp4": "video/mp4", "mov": "video/quicktime",
}  # fmt: skip


@pytest.mark.parametrize("extension", SAMPLES)
def test_the_content_type_is_that_of_the_content(case, officer, extension):
    made = add(case, officer, name=f"a.{extension}", content=SAMPLES[extension])

    assert (made.name, made.content_type) == (f"a.{extension}", CONTENT_TYPES[extension])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": "发票.png"}, FileRefused),
        ({"content": b"MZ"}, FileRefused),
        ({"content": b"<svg/>", "name": "a.svg"}, FileRefused),
        ({"content": b""}, FileRefused),
        ({"content": b"%PDF-" + b"x" * (20 << 20)}, DomainError),
        ({"note": "字" * 301}, DomainError),
    ],
)
def test_what_is_refused_leaves_nothing(case, officer, stored_files, changes, error):
    with pytest.raises(error):
        add(case, officer, **changes)

    assert (Attachment.objects.count(), CaseEvent.objects.count(), stored_files()) == (0, 0, [])


@pytest.mark.parametrize("role", ["regulator", "city_regulator", "clerk", "approver"])
def test_without_the_permission_nothing_is_added(case, district, stored_files, role):
    with pytest.raises(PermissionDenied):
        add(case, UserFactory(agency=district, roles=[role]))

    assert (Attachment.objects.count(), stored_files()) == (0, [])


def test_to_a_case_of_another_agency_nothing_is_added(neighbour, officer, stored_files):
    with pytest.raises(PermissionDenied):
        add(CaseFactory(handling=neighbour), officer)

    assert (Attachment.objects.count(), CaseEvent.objects.count(), stored_files()) == (0, 0, [])


def test_a_case_has_so_many_files_and_no_more(case, officer, stored_files, monkeypatch):
    monkeypatch.setattr(attachments, "MAX_FILES", 2)
    withdraw_attachment(add(case, officer), reason=REASON, actor=officer)
    add(case, officer)
    add(CaseFactory(handling=case.handling), officer)

    with pytest.raises(DomainError, match="2"):
        add(case, officer)

    assert (case.attachments.count(), len(stored_files())) == (2, 3)


def test_a_row_that_fails_takes_its_file_with_it(case, officer, stored_files, monkeypatch):
    def fail(*args, **kwargs):
        raise IntegrityError("no")

    monkeypatch.setattr(attachments, "_write_event", fail)
    with pytest.raises(IntegrityError):
        add(case, officer)

    assert (Attachment.objects.count(), stored_files()) == (0, [])


def test_a_file_whose_transaction_was_rolled_back_is_swept_away(case, officer, stored_files, capsys):
    kept = add(case, officer)
    with transaction.atomic():
        lost = add(case, officer)
        transaction.set_rollback(True)
    assert len(stored_files()) == 2

    call_command("clean_files")
    assert len(stored_files()) == 2  # it is not a day old
    yesterday = (timezone.now() - dt.timedelta(hours=25)).timestamp()
    for path in stored_files():
        os.utime(path, (yesterday, yesterday))
    call_command("clean_files")

    assert [path.as_posix().endswith(kept.file) for path in stored_files()] == [True]
    assert lost.file != kept.file
    assert capsys.readouterr().out.splitlines() == ["0 files deleted.", "1 files deleted."]


# withdrawing


def test_a_file_is_withdrawn_with_a_reason_and_stays_stored(case, officer, stored_files):
    made = add(case, officer)

    withdraw_attachment(made, reason=f" {REASON} ", actor=officer, now=NOW)

    made.refresh_from_db()
    assert (made.withdrawn_by, made.withdrawn_at, made.withdrawal_reason) == (officer, NOW, REASON)
    assert len(stored_files()) == 1
    event = CaseEvent.objects.order_by("pk").last()
    assert (event.verb, event.note, event.data) == (
        "withdraw_attachment",
        REASON,
        {"attachment": made.pk, "kind": "evidence"},
    )


def test_withdrawing_needs_a_reason_the_permission_and_a_file_in_use(case, officer, regulator, neighbour):
    made = add(case, officer)
    with pytest.raises(DomainError):
        withdraw_attachment(made, reason="  错了 ", actor=officer)
    with pytest.raises(PermissionDenied):
        withdraw_attachment(made, reason=REASON, actor=regulator)
    with pytest.raises(PermissionDenied):
        withdraw_attachment(made, reason=REASON, actor=UserFactory(agency=neighbour, roles=["officer"]))
    made.refresh_from_db()
    assert not made.is_withdrawn

    withdraw_attachment(made, reason=REASON, actor=officer)
    with pytest.raises(DomainError):
        withdraw_attachment(made, reason="另一个理由", actor=officer)
    made.refresh_from_db()
    assert made.withdrawal_reason == REASON


@pytest.mark.parametrize(
    "changes", [{"name": "b.pdf"}, {"file": "x"}, {"sha256": ""}, {"note": "x"}, {"case_id": None}]
)
def test_the_database_changes_nothing_of_a_file(case, officer, changes):
    made = add(case, officer)
    if "case_id" in changes:
        changes = {"case_id": CaseFactory().pk}

    with pytest.raises(DatabaseError), transaction.atomic():
        Attachment.objects.filter(pk=made.pk).update(**changes)


def test_the_database_deletes_no_file_and_takes_no_withdrawal_back(case, officer):
    made = withdraw_attachment(add(case, officer), reason=REASON, actor=officer)
    for act in (
        lambda rows: rows.delete(),
        lambda rows: rows.update(withdrawn_at=None, withdrawn_by=None, withdrawal_reason=""),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act(Attachment.objects.filter(pk=made.pk))


@pytest.mark.parametrize("half", [{"withdrawn_at": NOW}, {"withdrawal_reason": "x"}])
def test_half_a_withdrawal_is_none(case, officer, half):
    made = add(case, officer)

    with pytest.raises(IntegrityError, match="cases_attachment_withdrawal"), transaction.atomic():
        Attachment.objects.filter(pk=made.pk).update(**half)


# reading


def test_who_opens_a_file_is_in_the_access_log(case, officer):
    made = add(case, officer)

    assert open_attachment(made, actor=officer, ip="192.0.2.7") == PDF
    entry = AccessLog.objects.get()
    assert (entry.user, entry.action, entry.ip, entry.fields) == (
        officer,
        "download",
        "192.0.2.7",
        "evidence",
    )
    assert entry.target == f"{case.number}/attachment/{made.pk}"


@pytest.mark.parametrize(
    ("kind", "regulator_may"),
    [("evidence", True), ("identity", False), ("authority", False), ("other", True)],
)
def test_papers_of_persons_need_the_right_to_know_them(
    case, officer, mediator, regulator, kind, regulator_may
):
    made = add(case, officer, kind=kind)

    assert open_attachment(made, actor=mediator, ip=None) == PDF
    if regulator_may:
        assert open_attachment(made, actor=regulator, ip=None) == PDF
    else:
        with pytest.raises(PermissionDenied):
            open_attachment(made, actor=regulator, ip=None)
    assert AccessLog.objects.count() == 1 + regulator_may


def test_files_of_a_report_are_for_those_who_may_know_the_reporter(report, officer, mediator, regulator):
    made = add(report, mediator)

    assert open_attachment(made, actor=officer, ip=None) == PDF
    for user in (mediator, regulator, UserFactory(superuser=True)):
        with pytest.raises(PermissionDenied):
            open_attachment(made, actor=user, ip=None)
    assert AccessLog.objects.count() == 1


def test_a_complaint_with_a_reporter_is_sealed_too(case, officer, mediator):
    made = add(case, officer)
    PartyFactory(case=case, reporter=True)

    with pytest.raises(PermissionDenied):
        open_attachment(Attachment.objects.get(pk=made.pk), actor=mediator, ip=None)


def test_a_withdrawn_file_is_not_given_out(case, officer):
    made = withdraw_attachment(add(case, officer), reason=REASON, actor=officer)

    with pytest.raises(DomainError):
        open_attachment(made, actor=officer, ip=None)
    assert AccessLog.objects.count() == 0


# pages


def url(case, *parts) -> str:
    return "/".join(["", "cases", case.number, "attachments", *map(str, parts), ""])


def upload(client, case, content=PDF, name="发票.pdf", **fields):
    file = SimpleUploadedFile(name, content, content_type="image/svg+xml")
    return client.post(url(case, "add"), {"kind": "evidence", "note": "", "file": file} | fields)


def test_a_file_is_uploaded_shown_and_downloaded(client, case, officer):
    client.force_login(officer)

    response = upload(client, case, note="13800001234 的发票")

    made = Attachment.objects.get()
    assert (response.status_code, response.headers["Location"]) == (302, f"/cases/{case.number}/#attachments")
    page = client.get(f"/cases/{case.number}/").content.decode()
    assert "发票.pdf" in page
    assert url(case, made.pk, "file") in page

    file = client.get(url(case, made.pk, "file"))
    assert file.content == PDF
    assert file.headers["Content-Type"] == "application/pdf"
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "no-store" in file.headers["Cache-Control"]
    kind, _star, name = file.headers["Content-Disposition"].partition("; filename*=utf-8''")
    assert (kind, unquote(name)) == ("attachment", "发票.pdf")
    assert AccessLog.objects.filter(action="download", user=officer).count() == 1


def test_nothing_but_get_reaches_a_file(client, case, officer):
    made = add(case, officer)
    client.force_login(officer)

    for method in ("head", "post", "put", "delete", "options"):
        assert getattr(client, method)(url(case, made.pk, "file")).status_code == 405
    assert AccessLog.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("..%2f..%2fetc%2fpasswd.pdf", "_2f.._2fetc_2fpasswd.pdf"),
        ("C:\\windows\\发票.pdf", "发票.pdf"),
        ("账单\u202efdp.pdf", "账单fdp.pdf"),
        ("<script>alert(1)<script>.pdf", "_script_alert(1)_script_.pdf"),
        ("a\tb.pdf", "ab.pdf"),
        ("很" * 250 + ".pdf", "很" * 196 + ".pdf"),
    ],
)
def test_tricks_in_names_come_to_nothing(client, case, officer, name, shown):
    client.force_login(officer)
    field = io.BytesIO(PDF)
    field.name = name

    response = client.post(url(case, "add"), {"kind": "evidence", "file": field})

    assert response.status_code == 302
    made = Attachment.objects.get()
    assert made.name == shown
    file = client.get(url(case, made.pk, "file"))
    assert "\n" not in file.headers["Content-Disposition"]
    assert "/" not in unquote(file.headers["Content-Disposition"])
    assert (
        "<script>" not in client.get(f"/cases/{case.number}/").content.decode().split('id="attachments"')[1]
    )


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (SAMPLES["png"], "发票.pdf", "The name says PDF, the content is PNG."),
        (b"<svg onload='alert(1)'/>", "a.png", "The name says PNG, the content is SVG."),
        (b"<html></html>", "a.html", "Files of this kind (HTML/XML) are not taken."),
        (b"", "a.pdf", "The file is empty."),
    ],
)
def test_a_refusal_stands_in_the_form(client, case, officer, stored_files, content, name, says):
    client.force_login(officer)

    response = upload(client, case, content, name)

    assert response.status_code == 200
    assert says in response.content.decode()
    assert (Attachment.objects.count(), stored_files()) == (0, [])


@pytest.mark.usefixtures("english")
def test_a_file_beyond_the_limit_is_said_to_be_too_large(client, case, officer, settings, stored_files):
    settings.ATTACHMENT_MAX_MB = 1
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 2 << 20
    client.force_login(officer)

    response = upload(client, case, b"%PDF-" + b"x" * (3 << 20))

    assert response.status_code == 200
    assert "The file is too large: at most 1 MB." in response.content.decode()
    assert (Attachment.objects.count(), stored_files()) == (0, [])


@pytest.mark.usefixtures("english")
def test_a_hundred_megabytes_are_read_off_and_said_to_be_too_large(client, case, officer, stored_files, monkeypatch):
    monkeypatch.setattr("tempfile.NamedTemporaryFile", None)
    client.force_login(officer)
    stream = Stream(100 << 20)

    response = client.request(PATH_INFO=url(case, "add"), **sent(stream))

    assert (response.status_code, stream.at) == (200, stream.length)
    form = response.context_data["form"]
    assert form.errors == {"file": ["The file is too large: at most 20 MB."]}
    assert "The file is too large: at most 20 MB." in response.content.decode()
    assert form["note"].value() == "last"  # what else was typed is kept
    assert (Attachment.objects.count(), CaseEvent.objects.count(), stored_files()) == (0, 0, [])


@pytest.mark.usefixtures("english")
def test_a_form_without_a_file_says_so(client, case, officer):
    client.force_login(officer)

    response = client.post(url(case, "add"), {"kind": "evidence"})

    assert response.context_data["form"].errors == {"file": ["This field is required."]}


def test_a_file_is_withdrawn_on_its_page(client, case, officer):
    made = add(case, officer)
    client.force_login(officer)

    assert client.get(url(case, made.pk, "withdraw")).status_code == 200
    assert client.post(url(case, made.pk, "withdraw"), {"reason": "错"}).status_code == 200
    response = client.post(url(case, made.pk, "withdraw"), {"reason": REASON})

    assert response.headers["Location"] == f"/cases/{case.number}/#attachments"
    page = client.get(f"/cases/{case.number}/").content.decode()
    assert REASON in page
    assert url(case, made.pk, "file") not in page
    again = client.get(url(case, made.pk, "withdraw"))
    assert again.status_code == 302
    file = client.get(url(case, made.pk, "file"))
    assert file.status_code == 302
    assert AccessLog.objects.count() == 0


def test_names_of_files_are_hidden_with_the_reporter(client, report, officer, mediator):
    made = add(report, officer, name="赵举报的身份证.pdf", note="赵举报提供")

    for user, sees in ((officer, True), (mediator, False), (UserFactory(superuser=True), False)):
        client.force_login(user)
        page = client.get(f"/cases/{report.number}/").content.decode()
        assert ("赵举报" in page) is sees
        assert (url(report, made.pk, "file") in page) is sees
        assert client.get(url(report, made.pk, "file")).status_code == (200 if sees else 403)


def test_why_a_sealed_file_was_withdrawn_is_not_in_the_timeline(client, report, officer, mediator):
    withdraw_attachment(add(report, officer), reason="赵举报传错了", actor=officer)

    client.force_login(mediator)

    assert "赵举报" not in client.get(f"/cases/{report.number}/").content.decode()
    assert Attachment.objects.get().withdrawal_reason == "赵举报传错了"


def test_numbers_in_names_are_masked_with_those_of_the_texts(client, case, officer, regulator):
    add(case, officer, name="13800001234.pdf", note="电话13800001234")

    for user, masked in ((officer, False), (regulator, True)):
        client.force_login(user)
        page = client.get(f"/cases/{case.number}/").content.decode()
        assert ("13800001234" not in page) is masked


def test_a_file_that_cannot_be_read_leads_back_with_a_message(client, case, officer):
    made = AttachmentFactory(case=case, added_by=officer)
    vault.remove(made.file)
    client.force_login(officer)

    response = client.get(url(case, made.pk, "file"))

    assert response.status_code == 302
    assert len(said(response)) == 1
    assert AccessLog.objects.count() == 0


@pytest.mark.parametrize("rows", [1, 3])
def test_the_forms_of_a_file_stay_within_twelve_queries(warm, officer, case, rows):
    files = [AttachmentFactory(case=case) for _n in range(rows)]
    client = warm(officer, "/cases/")

    for path in (url(case, "add"), url(case, files[0].pk, "withdraw")):
        with CaptureQueriesContext(connection) as queries:
            response = client.get(path)

        assert response.status_code == 200
        assert 3 < len(queries) <= 12


@pytest.mark.parametrize("rows", [1, 3])
def test_the_panels_take_two_queries_whatever_they_hold(warm, officer, case, rows):
    for _n in range(rows):
        AttachmentFactory(case=case)
        AttachmentFactory(case=case, withdrawn=True)
        document = DocumentFactory(case=case, agency=case.handling)
        DeliveryFactory(document=document)
        DeliveryFactory(document=document)
        DocumentFactory(case=case, voided=True)
    client = warm(officer, f"/cases/{case.number}/")

    with CaptureQueriesContext(connection) as queries:
        response = client.get(f"/cases/{case.number}/")

    tables = ("cases_attachment", "cases_document", "cases_delivery")
    ours = [query["sql"] for query in queries if any(f'FROM "{table}"' in query["sql"] for table in tables)]
    assert len(ours) == 2
    context = SimpleNamespace(**response.context_data)
    assert (len(context.attachments), len(context.documents)) == (2 * rows, 2 * rows)
    assert [len(row.deliveries) for row in context.documents] == [0, 2] * rows


def test_the_form_says_in_the_language_of_the_page_what_is_allowed(client, officer, district):
    case = CaseFactory(handling=district)
    client.force_login(officer)

    assert "可上传：PDF" in client.get(f"/cases/{case.number}/attachments/add/").content.decode()
