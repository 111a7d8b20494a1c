"""Numbers without gaps under eight writers at once, some of whose transactions fail."""

import threading

from django.db import connection, transaction

from cases.domain import issue_document
from cases.enums import Addressee, DocumentForm
from cases.models import Document, DocumentSeries
from tests.factories import AgencyFactory, CaseFactory, LetterheadFactory, PartyFactory, UserFactory
from tests.factories.cases import local

WRITERS, EACH = 8, 5
NOW = local(2026, 11, 25)  # all in one year: the next has a series of its own


class Failed(Exception):
    pass


def test_numbers_have_no_gap_under_eight_writers(fresh_database):
    agency = AgencyFactory()
    LetterheadFactory(agency=agency, prefix="测市监")
    actor = UserFactory(agency=agency, roles=["officer"])
    cases = [CaseFactory(handling=agency, accepted=True, regime="order121") for _n in range(WRITERS)]
    for case in cases:
        PartyFactory(case=case)
    start, errors = threading.Barrier(WRITERS), []

    def write(position: int):
        try:
            start.wait(20)
            for n in range(EACH):
                fails = (position + n) % 3 == 0
                try:
                    with transaction.atomic():
                        issue_document(
                            cases[position], form=DocumentForm.ACCEPTANCE, side=Addressee.COMPLAINANT, actor=actor,
                            values={"contact_phone": "0571-00000000"}, now=NOW,
                        )  # fmt: skip
                        if fails:
                            raise Failed
                except Failed:
                    continue
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(position,)) for position in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    failing = sum((position + n) % 3 == 0 for position in range(WRITERS) for n in range(EACH))
    assert errors == []
    assert 10 < failing < 20
    serials = list(Document.objects.order_by("serial").values_list("serial", flat=True))
    assert serials == list(range(1, WRITERS * EACH - failing + 1))
    assert len(set(Document.objects.values_list("number", flat=True))) == len(serials)
    assert DocumentSeries.objects.get().last == len(serials)
