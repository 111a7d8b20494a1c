import hashlib

import factory
from django.db import connection

from cases.domain.attachments import attachment_context
from cases.domain.documents import document_context
from cases.domain.templates import built_in, template_context
from cases.enums import Addressee, AttachmentKind, DeliveryResult, DocumentForm, NoticeMeans
from cases.models import Attachment, Delivery, Document, DocumentTemplate, Letterhead
from core import vault
from core.bulk import next_ids
from core.personal_data import encrypt
from tests.factories.accounts import UserFactory
from tests.factories.cases import CaseFactory, local
from tests.factories.registry import AgencyFactory

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


class StoredFactory(factory.django.DjangoModelFactory):
    """A row with its file in the vault: `content` is what is stored."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model, *args, content, **kwargs):
        with connection.cursor() as cursor:
            (pk,) = next_ids(cursor, model._meta.db_table, 1)
        kwargs |= {
            "pk": pk,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "file": vault.write(content, context=cls.context(pk)),
        }
        return super()._create(model, *args, **kwargs)


class AttachmentFactory(StoredFactory):
    """A photograph, 照片1.pdf and so on, added the day after receipt; `withdrawn` was taken back the day after that."""

    class Meta:
        model = Attachment

    class Params:
        withdrawn = factory.Trait(
            withdrawn_by=factory.SelfAttribute("added_by"),
            withdrawn_at=local(2026, 11, 4),
            withdrawal_reason="传错了文件",
        )

    context = staticmethod(attachment_context)
    content = PDF
    case = factory.SubFactory(CaseFactory)
    kind = AttachmentKind.EVIDENCE
    name = factory.Sequence(lambda n: f"照片{n}.pdf")
    content_type = "application/pdf"
    added_by = factory.SubFactory(UserFactory)
    added_at = local(2026, 11, 3)


class DocumentFactory(StoredFactory):
    """An acceptance for the complainant, from the built-in template; `voided` is void."""

    class Meta:
        model = Document

    class Params:
        voided = factory.Trait(
            voided_by=factory.SelfAttribute("created_by"),
            voided_at=local(2026, 11, 6),
            void_reason="日期写错了",
        )

    context = staticmethod(document_context)
    content = factory.LazyAttribute(lambda document: built_in(document.form))
    case = factory.SubFactory(CaseFactory, accepted=True)
    form = DocumentForm.ACCEPTANCE
    side = Addressee.COMPLAINANT
    agency = factory.SubFactory(AgencyFactory)
    year = 2026
    serial = factory.Sequence(lambda n: n + 1)
    number = factory.LazyAttribute(lambda document: f"测市监投受〔{document.year}〕第{document.serial}号")
    template_sha256 = factory.LazyAttribute(lambda document: hashlib.sha256(document.content).hexdigest())
    personal = True
    sealed = False
    created_by = factory.SubFactory(UserFactory)
    created_at = local(2026, 11, 5)

    @classmethod
    def _create(cls, model, *args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT last_value + is_called::int FROM cases_document_id_seq")
            (pk,) = cursor.fetchone()
        kwargs["values"] = encrypt({"number": kwargs["number"]}, context=document_context(pk))
        return super()._create(model, *args, **kwargs)


class DocumentTemplateFactory(StoredFactory):
    """Everyone's acceptance, the first version, with the content of the built-in template."""

    class Meta:
        model = DocumentTemplate

    context = staticmethod(template_context)
    content = factory.LazyAttribute(lambda template: built_in(template.form))
    form = DocumentForm.ACCEPTANCE
    agency = None
    version = 1
    uploaded_by = factory.SubFactory(UserFactory)
    uploaded_at = local(2026, 11, 1)


class DeliveryFactory(factory.django.DjangoModelFactory):
    """The document came by letter the day after it was issued."""

    class Meta:
        model = Delivery

    document = factory.SubFactory(DocumentFactory)
    means = NoticeMeans.LETTER
    addressee = Addressee.COMPLAINANT
    at = local(2026, 11, 6)
    result = DeliveryResult.DELIVERED
    recorded_by = factory.SubFactory(UserFactory)
    recorded_at = local(2026, 11, 6, 10)


class LetterheadFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Letterhead

    agency = factory.SubFactory(AgencyFactory)
    prefix = factory.Sequence(lambda n: f"测{n}市监")
    full_name = "测试市市场监督管理局"
    phone = "0571-00000000"
    address = "测试市测试路1号"
