"""The ten official forms, those of councils and for a court, and the warning to whoever broke a pledge: what each is for,
what the law demands of it, and what each side may read in it.

The law lists no layout; it demands data. `DATA` says for each form which article of Order 121 (and of Order 20, in
force until 2026-04-14) demands which datum, and which variables of the template carry it: docs/documents.md shows the
same table, and no template is taken that lacks one of them. `ALLOWED` is the other half: a variable that does not
stand there for a form and side is empty in that copy, whatever its template says (Order 121 art 37).
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from cases.enums import Addressee, Body, DocumentForm, Kind

ORDER_121 = "《市场监督管理投诉举报处理办法》"
ORDER_20 = "《市场监督管理投诉举报处理暂行办法》"
# by which others than bureaus mediate: title and article
LAW_OF = {
    Body.COUNCIL: ("《浙江省实施〈中华人民共和国消费者权益保护法〉办法》", "第三十二条"),
    Body.COMMITTEE: ("《中华人民共和国人民调解法》", "第二十八条"),
}  # fmt: skip
# what is left to the parties: where nothing was mediated, the ways of the Consumer Rights Protection Law, article 39;
# after a mediation, arbitration and the court (Order 121 arts 15 and 25)
AFTER_MEDIATION = "根据与经营者达成的仲裁协议提请仲裁机构仲裁，或者向人民法院提起诉讼"
REMEDIES = {
    DocumentForm.REFUSAL: (
        "（一）与经营者协商和解；（二）请求消费者协会或者依法成立的其他调解组织调解；（三）向有关行政部门投诉；"
        "（四）根据与经营者达成的仲裁协议提请仲裁机构仲裁；（五）向人民法院提起诉讼"
    ),
    DocumentForm.TERMINATION: AFTER_MEDIATION,
    DocumentForm.AGREEMENT: AFTER_MEDIATION,
    DocumentForm.COUNCIL_AGREEMENT: AFTER_MEDIATION,
}
# cited before Order 20 where the sixty days of these regulations are over
DECREE_778 = "《中华人民共和国消费者权益保护法实施条例》第四十六条、"
ISSUE = "cases.issue_document"
ITEM_KEYS = ("item", "mark", "text")  # of the list `grounds`: 一, ☑ or ☐, what the law says


@dataclass(frozen=True)
class OfficialForm:
    """`title` as it is printed; `word` stands in its numbers; `kinds` of cases that it is for; `articles` of Order 121
    and Order 20 on which it rests, as they are cited in it ("" where Order 20 knows no such form; None where it rests
    on another law: that of the body that mediates, or one that it names itself); `asks`: the variables that the case
    does not hold and a person gives; those in `optional` may stay empty; `bodies`: whose cases it is for;
    `permission`: what it takes to issue it or declare it void."""

    code: DocumentForm
    title: str
    word: str
    kinds: tuple[Kind, ...]
    articles: tuple[str, str] | None
    asks: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    bodies: tuple[Body, ...] = (Body.BUREAU,)
    permission: str = ISSUE

    @property
    def position(self) -> int:
        """The number of the form: 1 to 10 of the official ones."""
        return list(DocumentForm).index(self.code) + 1

    @property
    def of_case(self) -> bool:
        """Whether it is made out on the page of the case, and not by an act on something else."""
        return self.permission == ISSUE

    @property
    def sides(self) -> tuple[Addressee, ...]:
        return tuple(side for form, side in ALLOWED if form == self.code)


@dataclass(frozen=True)
class Datum:
    """One thing that an article demands. `variables` carry it; where there are none, `printed` stands in every copy."""

    form: DocumentForm
    order_121: str
    order_20: str
    what: str
    variables: tuple[str, ...] = ()
    printed: str = ""


COMPLAINT, REPORT = (Kind.COMPLAINT,), (Kind.REPORT,)
COUNCILS = (Body.COUNCIL, Body.COMMITTEE)
AGENTS = ("respondent_representative", "complainant_agent", "respondent_agent")
_NOTICE = ("mediate_at", "place", "mediators", "recusal_days", "bring", "contact_phone")
_WARNING = (
    "pledger", "premises", "pledge_type", "pledge_number", "pledge_term", "promise", "dispute", "findings", "warned_on",
    "warned_of", "correct_by", "legal_basis",
)  # fmt: skip
F = DocumentForm
FORMS: dict[DocumentForm, OfficialForm] = {
    form.code: form
    for form in (
        OfficialForm(
            F.COMPLAINT_REGISTER, "投诉登记表", "投登", COMPLAINT, ("第十条", "第九条"),
            ("respondent_contact", "respondent_phone"), ("respondent_contact", "respondent_phone"),
        ),
        OfficialForm(F.REPORT_REGISTER, "举报登记表", "举登", REPORT, ("第二十八条", "第二十四条")),
        OfficialForm(
            F.DISPATCH_NOTICE, "投诉举报分送通知书", "分送", (Kind.COMPLAINT, Kind.REPORT), ("第四十一条", "第三十七条"),
            ("recipient", "report_back_on", "enclosures", "pages"),
        ),
        OfficialForm(
            F.IDENTITY_NOTICE, "限期提供身份证明材料通知书", "身证", COMPLAINT, ("第十条第三款", ""),
            ("id_deadline", "id_papers", "contact_phone", "contact_address"),
        ),
        OfficialForm(
            F.ACCEPTANCE, "投诉受理决定书", "投受", COMPLAINT, ("第十五条", "第十四条"), ("contact_phone",)
        ),
        OfficialForm(
            F.REFUSAL, "投诉不予受理决定书", "投不受", COMPLAINT, ("第十六条", "第十五条"), ("ground", "reason")
        ),
        OfficialForm(
            F.MEDIATION_NOTICE, "投诉调解通知书", "投调", COMPLAINT, ("第二十条", "第十八条"),
            _NOTICE, ("bring",),
        ),
        OfficialForm(
            F.TERMINATION, "投诉终止调解决定书", "投终", COMPLAINT, ("第二十三条第一款", "第二十一条第一款"), ("ground",)
        ),
        OfficialForm(
            F.AGREEMENT, "投诉调解书", "调解", COMPLAINT, ("第二十四条", "第二十二条"),
            ("terms", "mediated_on", "mediators", *AGENTS), AGENTS,
        ),
        OfficialForm(
            F.REPORT_RESULT, "举报处理结果告知书", "举告", REPORT, ("第三十六条", "第三十二条"),
            ("legal_basis", "result"),
        ),
        OfficialForm(
            F.COUNCIL_NOTICE, "消费争议调解通知书", "调通", COMPLAINT, None, _NOTICE, ("bring",), COUNCILS
        ),
        OfficialForm(
            F.COUNCIL_AGREEMENT, "消费争议调解协议书", "调协", COMPLAINT, None,
            ("terms", "mediated_on", "mediators", *AGENTS), AGENTS, COUNCILS,
        ),
        OfficialForm(
            F.MEDIATION_RECORD, "调解笔录", "调录", COMPLAINT, ("第二十四条", "第二十二条"),
            ("held_at", "place", "mediators", "present", "record", "outcome"), (), tuple(Body),
        ),
        OfficialForm(
            F.COURT_APPLICATION, "司法确认申请书", "确申", COMPLAINT, None,
            ("court", "terms", "mediated_on", "effective_on", "mediators", "legal_basis", *AGENTS), AGENTS, tuple(Body),
        ),
        OfficialForm(
            F.MEDIATOR_CERTIFICATE, "调解组织调解员证明", "调证", COMPLAINT, None,
            ("court", "mediators", "mediated_on"), (), tuple(Body),
        ),
        OfficialForm(
            F.WARNING_LETTER, "告诫书", "告诫", COMPLAINT, None, _WARNING,
            ("pledge_number", "dispute", "correct_by"), tuple(Body), "pledges.change_pledge",
        ),
    )
}  # fmt: skip

# variable → what it is and where it comes from, for docs/documents.md and the pages
SOURCES: dict[str, str] = {
    "number": "number of the document, given when it is issued",
    "agency": "name in full of the issuing agency: its letterhead, or the agency's name",
    "issued_on": "day of issue",
    "officer": "officer of the case, or who issues the document",
    "contact_phone": "asked for; the letterhead's telephone is proposed",
    "contact_address": "asked for; the letterhead's postal address is proposed",
    "order": "title of the order under which the case is handled",
    "article": "article of that order on which the form rests",
    "case_number": "number of the case",
    "kind": "complaint or report",
    "received_on": "day of receipt",
    "accepted_on": "day of acceptance",
    "decided_on": "day on which mediation ended or the decision was taken",
    "channel": "channel of receipt",
    "subject": "merchant, goods or service and problem of the case",
    "addressee": "complainant, reporter or merchant, by side",
    "complainant_name": "consumers of the case; in a joint complaint its representatives",
    "complainant_phone": "consumer",
    "complainant_address": "consumer",
    "complainant_id_type": "consumer",
    "complainant_id_number": "consumer",
    "proxy": "authorised representatives of the case",
    "consent_publish": "consents of the case",
    "consent_entrust": "consents of the case",
    "reporter_name": "reporter; 匿名 where none is known",
    "reporter_phone": "reporter",
    "reporter_address": "reporter",
    "reporter_id_number": "reporter",
    "respondent_name": "merchant, or as the source wrote it",
    "respondent_address": "address of the merchant",
    "respondent_contact": "asked for",
    "respondent_phone": "asked for",
    "respondent_representative": "asked for",
    "complainant_agent": "asked for",
    "respondent_agent": "asked for",
    "goods": "goods or service, and brand",
    "occurred_on": "date of the dispute",
    "amount": "amount claimed",
    "facts": "narrative",
    "demand": "demand",
    "clue": "narrative of the report",
    "matter": "narrative and demand, with phone and identity numbers masked",
    "recipient": "asked for",
    "report_back_on": "asked for",
    "enclosures": "asked for; the number of attachments is proposed",
    "pages": "asked for",
    "id_deadline": "asked for",
    "id_papers": "asked for",
    "grounds": "legal grounds of the order, the chosen one marked (a list of item, mark, text)",
    "ground_item": "item of the chosen ground",
    "ground": "text of the chosen ground",
    "reason": "asked for",
    "remedies": "what is left to the parties",
    "mediate_at": "asked for",
    "place": "asked for",
    "mediators": "asked for",
    "recusal_days": "asked for",
    "bring": "asked for",
    "terms": "asked for",
    "mediated_on": "asked for",
    "legal_basis": "asked for",
    "result": "asked for",
    "respondent_code": "unified social credit code of the merchant",
    "held_at": "asked for",
    "present": "asked for",
    "record": "asked for",
    "outcome": "asked for",
    "court": "asked for",
    "effective_on": "asked for",
    "pledger": "merchant that made the pledge",
    "premises": "name, district and address of the premises that pledged",
    "pledge_type": "type of the pledge",
    "pledge_number": "number of the plaque, else that of the source",
    "pledge_term": "first and last day of the pledge",
    "promise": "what was promised, a line each",
    "dispute": "category and problem of the case",
    "findings": "asked for; the reason of the confirmation is proposed",
    "warned_on": "day of the warning",
    "warned_of": "asked for; the reason of the warning is proposed",
    "correct_by": "last day of the correction, where one was ordered",
}
LISTS = {"grounds": ITEM_KEYS}
# variables that name the person of the case; those of a reporter are sealed
COMPLAINANT_PERSON = {
    "complainant_name", "complainant_phone", "complainant_address", "complainant_id_type", "complainant_id_number",
    "proxy",
}  # fmt: skip
REPORTER_PERSON = {"reporter_name", "reporter_phone", "reporter_address", "reporter_id_number"}

_BASE = {
    "number", "agency", "issued_on", "officer", "contact_phone", "contact_address", "order", "article", "case_number",
    "kind", "received_on", "subject", "respondent_name",
}  # fmt: skip
_GROUNDS = {"grounds", "ground", "ground_item", "remedies"}
_MEDIATION = {"addressee", "accepted_on", "mediate_at", "place", "mediators", "recusal_days", "bring"}
_TERMINATION = {"addressee", "accepted_on", "decided_on"} | _GROUNDS
_AGREEMENT = {
    "complainant_name", "respondent_address", *AGENTS, "matter", "terms", "mediators", "mediated_on", "remedies",
}  # fmt: skip

# form and side → the variables that this copy may show. The copy for the respondent names nobody but himself: no
# article demands that he learn who complains. Only the agreement, which both sign, names the complainant.
ALLOWED: dict[tuple[DocumentForm, Addressee], frozenset[str]] = {
    key: frozenset(_BASE | names)
    for key, names in {
        (F.COMPLAINT_REGISTER, Addressee.INTERNAL): COMPLAINANT_PERSON | {
            "consent_publish", "consent_entrust", "respondent_address", "respondent_contact", "respondent_phone",
            "goods", "occurred_on", "amount", "facts", "demand", "channel",
        },
        (F.REPORT_REGISTER, Addressee.INTERNAL): REPORTER_PERSON | {"respondent_address", "clue", "channel"},
        (F.DISPATCH_NOTICE, Addressee.INTERNAL): {"recipient", "report_back_on", "enclosures", "pages"},
        (F.IDENTITY_NOTICE, Addressee.COMPLAINANT): {"addressee", "id_deadline", "id_papers"},
        (F.ACCEPTANCE, Addressee.COMPLAINANT): {"addressee", "accepted_on"},
        (F.REFUSAL, Addressee.COMPLAINANT): {"addressee", "decided_on", "reason"} | _GROUNDS,
        (F.MEDIATION_NOTICE, Addressee.COMPLAINANT): _MEDIATION,
        (F.MEDIATION_NOTICE, Addressee.RESPONDENT): _MEDIATION,
        (F.TERMINATION, Addressee.COMPLAINANT): _TERMINATION,
        (F.TERMINATION, Addressee.RESPONDENT): _TERMINATION,
        (F.AGREEMENT, Addressee.BOTH): _AGREEMENT,
        (F.REPORT_RESULT, Addressee.COMPLAINANT): {"addressee", "legal_basis", "result"},
        (F.COUNCIL_NOTICE, Addressee.COMPLAINANT): _MEDIATION,
        (F.COUNCIL_NOTICE, Addressee.RESPONDENT): _MEDIATION,
        (F.COUNCIL_AGREEMENT, Addressee.BOTH): _AGREEMENT,
        (F.MEDIATION_RECORD, Addressee.INTERNAL): {
            "complainant_name", "proxy", "held_at", "place", "mediators", "present", "record", "outcome",
        },
        (F.COURT_APPLICATION, Addressee.COURT): COMPLAINANT_PERSON | {
            "respondent_address", "respondent_code", "court", "terms", "mediated_on", "effective_on", "mediators",
            "legal_basis", *AGENTS,
        },
        (F.MEDIATOR_CERTIFICATE, Addressee.COURT): {"complainant_name", "court", "mediators", "mediated_on"},
        (F.WARNING_LETTER, Addressee.RESPONDENT): set(_WARNING),
    }.items()
}  # fmt: skip
# whoever keeps the pledge may not see the case: nothing that was written in it stands there
ALLOWED[F.WARNING_LETTER, Addressee.RESPONDENT] -= {"subject"}

DATA: tuple[Datum, ...] = (
    Datum(F.COMPLAINT_REGISTER, "10(1)(1)", "9(1)(1)", "Complainant's name", ("complainant_name",)),
    Datum(F.COMPLAINT_REGISTER, "10(1)(1)", "9(1)(1)", "Complainant's telephone number", ("complainant_phone",)),
    Datum(F.COMPLAINT_REGISTER, "10(1)(1)", "9(1)(1)", "Complainant's postal address", ("complainant_address",)),
    Datum(
        F.COMPLAINT_REGISTER, "10(1)(1), 10(3)", "", "Complainant's real identity: kind and number of the paper",
        ("complainant_id_type", "complainant_id_number"),
    ),
    Datum(F.COMPLAINT_REGISTER, "10(1)(2)", "9(1)(2)", "Respondent's name", ("respondent_name",)),
    Datum(F.COMPLAINT_REGISTER, "10(1)(2)", "9(1)(2)", "Respondent's address", ("respondent_address",)),
    Datum(F.COMPLAINT_REGISTER, "10(1)(3)", "9(1)(3)", "The specific claim", ("demand",)),
    Datum(
        F.COMPLAINT_REGISTER, "10(1)(3)", "9(1)(3)", "The facts of the dispute",
        ("facts", "goods", "occurred_on", "amount"),
    ),
    Datum(F.COMPLAINT_REGISTER, "10(2)", "9(2)", "Who recorded a complaint that was not written", ("officer",)),
    Datum(F.COMPLAINT_REGISTER, "11", "10", "Authorised representative", ("proxy",)),
    Datum(F.COMPLAINT_REGISTER, "15", "14", "Day of receipt, from which the seven days run", ("received_on",)),
    Datum(F.COMPLAINT_REGISTER, "19", "", "Consent to entrusted mediation", ("consent_entrust",)),
    Datum(F.COMPLAINT_REGISTER, "38", "34", "Consent to publish the complaint's information", ("consent_publish",)),
    Datum(F.REPORT_REGISTER, "28(1)", "24(1)", "The specific lead and its factual basis", ("clue",)),
    Datum(
        F.REPORT_REGISTER, "28(1)", "24(1)", "Respondent's name and address",
        ("respondent_name", "respondent_address"),
    ),
    Datum(
        F.REPORT_REGISTER, "28(1)", "24(1)", "Reporter, who answers for the truth; or anonymous",
        ("reporter_name", "reporter_phone", "reporter_address", "reporter_id_number"),
    ),
    Datum(
        F.REPORT_REGISTER, "28(1)", "24(1)", "Who recorded a report that was not written",
        ("officer", "received_on"),
    ),
    Datum(F.DISPATCH_NOTICE, "41(1)", "37(1)", "The competent agency that is to handle the case", ("recipient",)),
    Datum(F.DISPATCH_NOTICE, "41(1)", "37(1)", "What is sent", ("case_number", "kind", "received_on", "subject")),
    Datum(F.DISPATCH_NOTICE, "41(1)", "37(1)", "Material that goes with it", ("enclosures", "pages")),
    Datum(F.DISPATCH_NOTICE, "41(2)", "37(2)", "By when to report back", ("report_back_on",)),
    Datum(F.DISPATCH_NOTICE, "41(2)", "37(2)", "That it is returned to intake, not passed on", printed="不得自行移送"),
    Datum(F.IDENTITY_NOTICE, "10(3)", "", "Addressee and complaint", ("addressee", "received_on", "subject")),
    Datum(F.IDENTITY_NOTICE, "10(3)", "", "Which papers are asked for", ("id_papers",)),
    Datum(F.IDENTITY_NOTICE, "10(3)", "", "By when", ("id_deadline",)),
    Datum(F.IDENTITY_NOTICE, "10(3)", "", "Where to", ("contact_phone", "contact_address")),
    Datum(F.IDENTITY_NOTICE, "16(5), 16(6)", "", "What follows from not providing them", printed="不予受理"),
    Datum(F.ACCEPTANCE, "15", "14", "Addressee", ("addressee",)),
    Datum(F.ACCEPTANCE, "15", "14", "The complaint and its day of receipt", ("received_on", "subject")),
    Datum(F.ACCEPTANCE, "15", "14", "The decision and its article", ("order", "article")),
    Datum(F.ACCEPTANCE, "15", "14", "Deciding agency and day", ("agency", "issued_on")),
    Datum(F.ACCEPTANCE, "15", "14", "Who handles it", ("officer", "contact_phone")),
    Datum(F.REFUSAL, "15", "14", "Addressee", ("addressee",)),
    Datum(F.REFUSAL, "15", "14", "The complaint and its day of receipt", ("received_on", "subject")),
    Datum(
        F.REFUSAL, "16", "15", "The ground, among those of the article",
        ("order", "article", "grounds", "ground_item"),
    ),
    Datum(F.REFUSAL, "15", "14", "The reason", ("reason",)),
    Datum(F.REFUSAL, "15", "", "The other ways of the Consumer Rights Protection Law, article 39", ("remedies",)),
    Datum(F.REFUSAL, "15", "14", "Deciding agency and day", ("agency", "issued_on")),
    Datum(F.MEDIATION_NOTICE, "20(2)", "18(2)", "Addressee and complaint", ("addressee", "subject")),
    Datum(F.MEDIATION_NOTICE, "20(2)", "18(2)", "Time", ("mediate_at",)),
    Datum(F.MEDIATION_NOTICE, "20(2)", "18(2)", "Place", ("place",)),
    Datum(F.MEDIATION_NOTICE, "20(2)", "18(2)", "Mediators", ("mediators", "contact_phone")),
    Datum(
        F.MEDIATION_NOTICE, "21(2)", "19(2)", "Right to ask for recusal, and for how many days",
        ("recusal_days",),
    ),
    Datum(F.MEDIATION_NOTICE, "23(1)(2)", "21(1)(3)", "What follows from staying away", printed="终止调解"),
    Datum(F.TERMINATION, "23(2)", "21(2)", "Addressee and complaint", ("addressee", "accepted_on", "subject")),
    Datum(
        F.TERMINATION, "23(1)", "21(1)", "The ground, among those of the article",
        ("order", "article", "grounds", "ground_item"),
    ),
    Datum(F.TERMINATION, "23(2)", "21(2)", "Day of the decision, from which the seven days run", ("decided_on",)),
    Datum(F.TERMINATION, "25", "", "Arbitration and the court", ("remedies",)),
    Datum(F.TERMINATION, "23(2)", "21(2)", "Deciding agency and day", ("agency", "issued_on")),
    Datum(F.AGREEMENT, "24(1)", "22(1)", "Both parties", ("complainant_name", "respondent_name")),
    Datum(
        F.AGREEMENT, "24(1)", "22(1)", "Their representatives and agents",
        ("respondent_representative", "complainant_agent", "respondent_agent"),
    ),
    Datum(F.AGREEMENT, "24(1)", "22(1)", "The dispute", ("matter",)),
    Datum(F.AGREEMENT, "24(1)", "22(1)", "What they agreed on", ("terms",)),
    Datum(
        F.AGREEMENT, "20(1), 21(1)", "18(1), 19(1)", "Mediators and day of the mediation",
        ("mediators", "mediated_on"),
    ),
    Datum(F.AGREEMENT, "24(1)", "22(1)", "Signature or seal of both parties", printed="（签名或者盖章）"),
    Datum(F.AGREEMENT, "24(1)", "22(1)", "Seal of the agency", ("agency",)),
    Datum(F.AGREEMENT, "24(1)", "22(1)", "Three copies: each party, the archive", printed="一式三份"),
    Datum(F.AGREEMENT, "25", "", "Arbitration and the court", ("remedies",)),
    Datum(F.REPORT_RESULT, "36", "32", "Addressee and report", ("addressee", "received_on", "subject")),
    Datum(F.REPORT_RESULT, "36", "32", "The law that demands the notice", ("legal_basis",)),
    Datum(F.REPORT_RESULT, "36", "32", "The result", ("result",)),
    Datum(F.REPORT_RESULT, "36", "32", "Agency and day", ("agency", "issued_on")),
    Datum(F.COUNCIL_NOTICE, "32", "", "Addressee and complaint", ("addressee", "subject")),
    Datum(F.COUNCIL_NOTICE, "32", "", "Time and place", ("mediate_at", "place")),
    Datum(F.COUNCIL_NOTICE, "32", "", "Mediators", ("mediators", "contact_phone")),
    Datum(F.COUNCIL_NOTICE, "32", "", "Right to ask for recusal, and for how many days", ("recusal_days",)),
    Datum(F.COUNCIL_AGREEMENT, "32", "", "Both parties", ("complainant_name", "respondent_name")),
    Datum(F.COUNCIL_AGREEMENT, "32", "", "Their representatives and agents", AGENTS),
    Datum(F.COUNCIL_AGREEMENT, "32", "", "The dispute", ("matter",)),
    Datum(F.COUNCIL_AGREEMENT, "32", "", "What they agreed on", ("terms",)),
    Datum(F.COUNCIL_AGREEMENT, "32", "", "Mediators and day of the mediation", ("mediators", "mediated_on")),
    Datum(F.COUNCIL_AGREEMENT, "32", "", "Signature or seal of both parties", printed="（签名或者盖章）"),
    Datum(F.COUNCIL_AGREEMENT, "34", "", "That it may be taken to confirmation", printed="司法确认"),
    Datum(F.MEDIATION_RECORD, "24(2)", "22(2)", "Time, place and mediators", ("held_at", "place", "mediators")),
    Datum(F.MEDIATION_RECORD, "24(2)", "22(2)", "Who was present", ("present",)),
    Datum(F.MEDIATION_RECORD, "24(2)", "22(2)", "What was said, and what came of it", ("record", "outcome")),
    Datum(F.MEDIATION_RECORD, "24(2)", "22(2)", "Who kept the record", ("officer",)),
    Datum(
        F.COURT_APPLICATION, "205", "", "Both applicants, with what identifies them",
        ("complainant_name", "complainant_id_number", "complainant_address", "complainant_phone", "respondent_name",
         "respondent_code", "respondent_address"),
    ),
    Datum(F.COURT_APPLICATION, "205", "", "The court", ("court",)),
    Datum(F.COURT_APPLICATION, "205", "", "The agreement and the day of its effect", ("terms", "effective_on")),
    Datum(F.COURT_APPLICATION, "205", "", "Who mediated, and when", ("mediators", "mediated_on", "agency")),
    Datum(F.COURT_APPLICATION, "205", "", "The article then in force", ("legal_basis",)),
    Datum(F.COURT_APPLICATION, "205", "", "That both apply", printed="共同申请"),
    Datum(F.MEDIATOR_CERTIFICATE, "205", "", "The court", ("court",)),
    Datum(F.MEDIATOR_CERTIFICATE, "205", "", "Both parties and the dispute",
          ("complainant_name", "respondent_name", "subject")),
    Datum(F.MEDIATOR_CERTIFICATE, "205", "", "Who mediated, and when", ("agency", "mediators", "mediated_on")),
    Datum(F.WARNING_LETTER, "12", "", "The merchant, and where it pledged", ("pledger", "premises")),
    Datum(F.WARNING_LETTER, "12", "", "The public promise, and when it bound", ("pledge_type", "promise", "pledge_term")),
    Datum(F.WARNING_LETTER, "12", "", "The complaint and its day of receipt", ("case_number", "received_on")),
    Datum(F.WARNING_LETTER, "12", "", "What was found, and what is warned of", ("findings", "warned_of")),
    Datum(F.WARNING_LETTER, "12", "", "By when to correct it, where that was ordered", ("correct_by",)),
    Datum(F.WARNING_LETTER, "12", "", "The law", ("legal_basis",)),
    Datum(F.WARNING_LETTER, "12", "", "What follows otherwise", printed="摘牌"),
    Datum(F.WARNING_LETTER, "12", "", "Issuing agency and day", ("agency", "warned_on", "issued_on")),
)  # fmt: skip


def variables_of(form: DocumentForm) -> dict[str, tuple[str, ...] | None]:
    """The variables that a template of `form` may use, with the keys of those that are lists."""
    names = set().union(*(allowed for (code, _side), allowed in ALLOWED.items() if code == form))
    return {name: LISTS.get(name) for name in sorted(names)}


def required_of(form: DocumentForm) -> list[str]:
    """The variables without which a template of `form` would lack what the law demands."""
    demanded = [name for datum in DATA if datum.form == form for name in datum.variables]
    return list(dict.fromkeys(["number", *demanded]))


def is_personal(form: DocumentForm, side: Addressee) -> bool:
    """Whether this copy names the person of the case."""
    return side == Addressee.COMPLAINANT or bool(ALLOWED[form, side] & (COMPLAINANT_PERSON | REPORTER_PERSON))


def is_sealed(form: DocumentForm, side: Addressee) -> bool:
    """Whether this copy names a reporter."""
    names = ALLOWED[form, side]
    return bool(names & REPORTER_PERSON) or (form == F.REPORT_RESULT and "addressee" in names)


def sample_values(form: DocumentForm) -> dict:
    """Made-up contents for the trial of a template: each variable says its own name."""
    return {
        name: f"〖{name}〗"
        if keys is None
        else [{key: f"〖{name}.{key}.{n}〗" for key in keys} for n in range(1, 9)]
        for name, keys in variables_of(form).items()
    }


def asked_label(name: str) -> str:
    """What a person is asked for, in words."""
    return {
        "respondent_contact": _("Contact person of the respondent"),
        "respondent_phone": _("Telephone of the respondent"),
        "recipient": _("Agency that is to handle the case"),
        "report_back_on": _("To report back by"),
        "enclosures": _("Number of enclosures"),
        "pages": _("Number of pages"),
        "id_deadline": _("Papers to be provided by"),
        "id_papers": _("Papers asked for"),
        "contact_phone": _("Telephone for questions"),
        "contact_address": _("Postal address of the agency"),
        "ground": _("Legal ground"),
        "reason": _("Reason given to the complainant"),
        "mediate_at": _("Time of the mediation"),
        "place": _("Place of the mediation"),
        "mediators": _("Mediators"),
        "recusal_days": _("Days to ask for recusal"),
        "bring": _("To bring along"),
        "terms": _("Content of the agreement"),
        "mediated_on": _("Day of the mediation"),
        "respondent_representative": _("Legal representative of the respondent"),
        "complainant_agent": _("Agent of the complainant"),
        "respondent_agent": _("Agent of the respondent"),
        "legal_basis": _("Law that demands the notice (title and article)"),
        "result": _("Result of the report"),
        "held_at": _("Time of the session"),
        "present": _("Who was present"),
        "record": _("Course of the mediation"),
        "outcome": _("Result of the mediation"),
        "court": _("Court"),
        "effective_on": _("Agreement in force from"),
        "pledger": _("Merchant"),
        "premises": _("Premises"),
        "pledge_type": _("Type"),
        "pledge_number": _("Number of the plaque"),
        "pledge_term": _("Term of the pledge"),
        "promise": _("What was promised"),
        "dispute": _("Subject"),
        "findings": _("Facts and reasons"),
        "warned_on": _("Warned on"),
        "warned_of": _("What the merchant is warned of"),
        "correct_by": _("To be corrected by"),
    }.get(name, name)
