import hashlib
import io

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from docx import Document as Word

from cases.domain import add_template, issue_document, use_template
from cases.domain.templates import built_in, content_of, template_for
from cases.enums import Addressee, DocumentForm
from cases.models import DocumentTemplate, Letterhead
from core.exceptions import FileRefused
from tests.cases.test_documents import NOW, content, every_part, given
from tests.core.test_docx_templates import made, text_of
from tests.core.test_uploads import Stream, sent
from tests.factories import (
    AgencyFactory,
    CaseFactory,
    DocumentTemplateFactory,
    LetterheadFactory,
    PartyFactory,
    UserFactory,
)
from tools.document_templates import FOLDER, FORMS, parts

pytestmark = pytest.mark.django_db
F = DocumentForm
OWN = (
    "本局自定式样 {{ number }}", "{{ addressee }}", "{{ received_on }}{{ subject }}{{ order }}{{ article }}",
    "{{ agency }}{{ issued_on }}{{ officer }}{{ contact_phone }}",
)  # fmt: skip
CONTENT = made(*OWN)


@pytest.fixture
def root():
    return UserFactory(superuser=True)


@pytest.fixture
def admin(client, root):
    client.force_login(root)
    client.cookies["django_language"] = "en"
    return client


def add(actor, **changes):
    fields = {"form": F.ACCEPTANCE, "agency": None, "name": "a.docx", "content": CONTENT, "now": NOW}
    return add_template(actor=actor, **fields | changes)


def accepted(agency):
    case = CaseFactory(handling=agency, accepted=True, regime="order121")
    PartyFactory(case=case)
    return case


def issue(agency):
    actor = UserFactory(agency=agency, roles=["officer"])
    return issue_document(
        accepted(agency),
        form=F.ACCEPTANCE,
        side=Addressee.COMPLAINANT,
        actor=actor,
        now=NOW,
        values=given(F.ACCEPTANCE),
    )


# the built-in ones


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_the_built_in_templates_are_what_the_tool_writes(form):
    assert parts((FOLDER / f"{form.__name__}.docx").read_bytes()) == parts(form().content())


def test_there_is_one_for_each_form():
    assert [form.__name__ for form in FORMS] == F.values


@pytest.mark.parametrize("form", list(F))
def test_faces_are_named_and_never_a_theme_s(form):
    found = every_part(built_in(form))

    assert "asciiTheme" not in found
    assert "eastAsiaTheme" not in found
    assert 'w:eastAsia="仿宋_GB2312"' in found
    assert 'w:eastAsia="方正小标宋简体"' in found


@pytest.mark.parametrize("form", list(F))
def test_pages_are_those_of_the_standard(form):
    section = Word(io.BytesIO(built_in(form))).sections[0]

    sizes = [
        section.page_width, section.page_height, section.top_margin, section.bottom_margin, section.left_margin,
        section.right_margin,
    ]  # fmt: skip
    assert [round(size.mm) for size in sizes] == [210, 297, 37, 35, 28, 26]


# replacing one


def test_a_template_of_staff_is_used_from_then_on(root, district):
    before = issue(district)

    template = add(root, note=" 新式样 ")

    after = issue(district)
    assert (template.version, template.active, template.note, template.uploaded_by) == (
        1,
        True,
        "新式样",
        root,
    )
    assert (before.template, after.template) == (None, template)
    assert before.template_sha256 == hashlib.sha256(built_in(F.ACCEPTANCE)).hexdigest()
    assert after.template_sha256 == template.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert "本局自定式样" in text_of(content(after))
    assert "本局自定式样" not in text_of(content(before))


def test_an_agency_s_own_goes_before_everyone_s(root, district, neighbour):
    everyone, own = add(root), add(root, agency=district)

    assert issue(district).template == own
    assert issue(neighbour).template == everyone
    assert template_for(F.REFUSAL, district) == (None, built_in(F.REFUSAL))


def test_versions_stay_and_can_be_taken_into_use_again(root, district):
    first, second = add(root), add(root)
    assert (first.version, second.version) == (1, 2)
    assert [row.active for row in DocumentTemplate.objects.order_by("version")] == [False, True]

    use_template(first, active=True, actor=root)
    assert [row.active for row in DocumentTemplate.objects.order_by("version")] == [True, False]
    assert issue(district).template == first

    use_template(first, active=False, actor=root)
    assert issue(district).template is None
    assert add(root).version == 3


def test_a_refused_template_changes_nothing(root):
    kept = add(root)
    for changes in (
        {"content": made(*OWN, "{{ nmae }}")},
        {"content": made("{{ number }}")},
        {"content": made(*OWN, "{% for i in range(10**9) %}{% endfor %}")},
        {"content": made(*OWN, "{{ ''.__class__ }}")},
        {"content": b"%PDF-1.4"},
        {"content": made(*OWN, "{{ complainant_phone }}")},  # of another form
    ):
        with pytest.raises(FileRefused):
            add(root, **changes)

    assert [(row.pk, row.active) for row in DocumentTemplate.objects.all()] == [(kept.pk, True)]


@pytest.mark.parametrize("role", ["officer", "mediator", "approver", "account_manager"])
def test_templates_are_for_those_with_the_permission(root, district, role):
    template, actor = add(root), UserFactory(agency=district, roles=[role])

    with pytest.raises(PermissionDenied):
        add(actor)
    with pytest.raises(PermissionDenied):
        use_template(template, active=False, actor=actor)
    assert DocumentTemplate.objects.get().active


def test_templates_of_other_agencies_and_of_all_are_kept_elsewhere(root, district):
    clerk, other = UserFactory(agency=district, roles=["clerk"]), AgencyFactory(parent=district.parent)
    city_clerk = UserFactory(agency=district.parent, roles=["clerk"])
    for agency in (None, other):
        template = add(root, agency=agency)
        with pytest.raises(PermissionDenied):
            add(clerk, agency=agency)
        with pytest.raises(PermissionDenied):
            use_template(template, active=False, actor=clerk)
        assert DocumentTemplate.objects.get(agency=agency).active

        add(city_clerk, agency=agency)

    add(clerk, agency=district)


def test_letterheads_are_changed_for_ones_own_agency_and_below(client, district):
    clerk, other = UserFactory(agency=district, roles=["clerk"]), AgencyFactory(parent=district.parent)
    client.force_login(clerk)
    own, foreign = LetterheadFactory(agency=district), LetterheadFactory(agency=other)
    fields = {"prefix": "改市监", "full_name": "", "phone": "", "address": ""}

    assert client.post(f"/admin/cases/letterhead/{foreign.pk}/change/", fields | {"agency": other.pk}).status_code == 403
    response = client.post(f"/admin/cases/letterhead/{own.pk}/change/", fields | {"agency": other.pk})
    assert "agency" in response.context["adminform"].form.errors
    assert client.post(f"/admin/cases/letterhead/{own.pk}/change/", fields | {"agency": district.pk}).status_code == 302
    assert sorted(Letterhead.objects.values_list("prefix", flat=True)) == sorted(["改市监", foreign.prefix])


def test_a_template_s_author_is_in_no_document(root, district):
    document = Word(io.BytesIO(made(*OWN)))
    document.core_properties.author = document.core_properties.last_modified_by = "制作人某某"
    document.core_properties.comments = "制作人某某"
    file = io.BytesIO()
    document.save(file)
    add(root, content=file.getvalue())

    assert "制作人某某" not in every_part(content(issue(district)))


def test_the_database_keeps_templates_as_they_were(root):
    template = add(root)
    for changes in ({"sha256": "x"}, {"file": "x"}, {"version": 9}, {"note": "x"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            DocumentTemplate.objects.filter(pk=template.pk).update(**changes)
    with pytest.raises(DatabaseError), transaction.atomic():
        template.delete()


@pytest.mark.parametrize("own", [True, False])
def test_one_version_is_in_use(own):
    agency = AgencyFactory() if own else None
    DocumentTemplateFactory(agency=agency)

    with pytest.raises(IntegrityError, match="cases_documenttemplate_one_in_use"):
        DocumentTemplateFactory(agency=agency, version=2)


# administration

LIST = "/admin/cases/documenttemplate/"


def test_a_template_is_uploaded_in_the_administration(admin, root, district):
    file = SimpleUploadedFile("受理.docx", CONTENT)

    response = admin.post(
        f"{LIST}add/", {"form": "acceptance", "agency": district.pk, "upload": file, "note": "x"}
    )

    assert response.status_code == 302
    template = DocumentTemplate.objects.get()
    assert (template.form, template.agency, template.uploaded_by) == ("acceptance", district, root)
    assert content_of(template) == CONTENT
    page = admin.get(LIST).content.decode()
    assert f"{LIST}{template.pk}/file/" in page
    assert f"{LIST}built-in/refusal/" in page


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (made(*OWN, "{{ nmae }}"), "Unknown variables: {{ nmae }}."),
        (made(*OWN, "{{ 9**9 }}"), "The tag {{ 9**9 }} calculates or calls something"),
        (made("{{ number }}"), "What the law demands of this form is missing: {{ addressee }}"),
        (b"%PDF-1.4", "The name says DOCX, the content is PDF."),
    ],
)
def test_what_is_wrong_stands_beside_the_file(admin, file, says):
    response = admin.post(f"{LIST}add/", {"form": "acceptance", "upload": SimpleUploadedFile("a.docx", file)})

    assert response.status_code == 200
    (error,) = response.context_data["adminform"].form.errors["upload"]
    assert says in error
    assert DocumentTemplate.objects.count() == 0


def test_a_file_too_large_is_told(admin, settings):
    settings.ATTACHMENT_MAX_MB, settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1, 2 << 20
    file = SimpleUploadedFile("a.docx", b"x" * (2 << 20))

    response = admin.post(f"{LIST}add/", {"form": "acceptance", "upload": file})

    errors = response.context_data["adminform"].form.errors
    assert errors == {"upload": ["The file is too large: at most 1 MB."]}


def test_a_template_of_a_hundred_megabytes_is_read_off_and_told(admin, stored_files, monkeypatch):
    monkeypatch.setattr("tempfile.NamedTemporaryFile", None)
    stream = Stream(100 << 20, text=("form", "acceptance"), file="upload")

    response = admin.request(PATH_INFO=f"{LIST}add/", **sent(stream))

    assert (response.status_code, stream.at) == (200, stream.length)
    form = response.context_data["adminform"].form
    assert form.errors == {"upload": ["The file is too large: at most 20 MB."]}
    assert "The file is too large: at most 20 MB." in response.content.decode()
    assert (form["form"].value(), form["note"].value()) == ("acceptance", "last")
    assert DocumentTemplate.objects.count() == 0
    assert stored_files() == []


def test_an_older_version_is_taken_into_use_in_the_administration(admin, root):
    first, second = add(root), add(root)

    assert admin.post(f"{LIST}{first.pk}/change/", {"active": "on"}).status_code == 302

    assert [row.active for row in DocumentTemplate.objects.order_by("version")] == [True, False]
    assert admin.post(f"{LIST}{first.pk}/change/", {}).status_code == 302
    assert not DocumentTemplate.objects.filter(active=True).exists()
    assert second.version == 2


def test_templates_are_downloaded_to_be_edited(admin, root):
    template = add(root)

    stored = admin.get(f"{LIST}{template.pk}/file/")
    brought = admin.get(f"{LIST}built-in/refusal/")

    assert stored.content == content_of(template)
    assert brought.content == built_in("refusal")
    assert stored.headers["Content-Disposition"].startswith("attachment; ")
    assert admin.get(f"{LIST}built-in/nothing/").status_code == 404
    assert admin.get(f"{LIST}999999/file/").status_code == 404


def test_letterheads_are_edited_in_the_administration(admin, district):
    fields = {"agency": district.pk, "prefix": "测市监", "full_name": "测试局", "phone": "1", "address": "2"}

    assert admin.post("/admin/cases/letterhead/add/", fields).status_code == 302
    taken = admin.post("/admin/cases/letterhead/add/", fields | {"agency": AgencyFactory().pk})

    assert "prefix" in taken.context_data["adminform"].form.errors
    LetterheadFactory(prefix="别的")
    assert admin.get("/admin/cases/letterhead/?q=别的").status_code == 200
