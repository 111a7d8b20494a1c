"""Written by hand: what each act asks for, (needed, optional). Where kinds differ, the kind stands beside the verb."""

from cases.enums import Kind

NOTE = {"note"}
FACTS = {
    "merchant_written", "category", "problem", "region", "platform", "goods", "brand", "order_number", "sales_mode",
    "occurred_on", "claimed",
}  # fmt: skip
FIELDS: dict = {
    # intake
    "dispatch": ({"agency"}, NOTE),
    "return_to_intake": ({"ground", "note"}, set()),
    "take": (set(), NOTE),
    "assign": ({"officer"}, NOTE),
    # complaints
    "accept": (set(), NOTE),
    "refuse": ({"ground", "note"}, set()),
    "mediate": ({"mode", "both_consent"}, NOTE),
    "agree": (set(), {"represented_agree", "note"}),
    "settle": (set(), {"represented_agree", "note"}),
    "fail": ({"ground"}, NOTE),
    "withdraw": (set(), {"represented_agree", "note"}),
    "terminate": ({"ground"}, {"outcome", "represented_agree", "note"}),
    "represent": ({"representatives"}, NOTE),
    # reports
    "verify": (set(), NOTE),
    "file": (set(), {"number", "note"}),
    "not_file": ({"ground", "note"}, set()),
    "decline": ({"ground", "note"}, set()),
    "merge": ({"target", "note"}, {"new_facts"}),
    "ask_extension": ({"note"}, set()),
    "grant_extension": (set(), NOTE),
    "deny_extension": ({"note"}, set()),
    # inquiries
    "answer": ({"note"}, set()),
    # what kinds have in common, and what differs
    (Kind.COMPLAINT, "inform"): ({"side", "means", "told_on"}, NOTE),
    (Kind.REPORT, "inform"): ({"means", "told_on"}, NOTE),
    (Kind.COMPLAINT, "close"): (set(), NOTE),
    (Kind.REPORT, "close"): ({"note"}, set()),
    (Kind.INQUIRY, "close"): (set(), NOTE),
    (Kind.COMPLAINT, "split"): (set(), {"lead", "found_on", "text", "note"}),
    (Kind.REPORT, "split"): (set(), {"text", "note"}),
    "pause": ({"reason", "started_on", "document"}, NOTE),
    "resume": ({"ended_on"}, NOTE),
    "change_regime": ({"regime", "note"}, set()),
    "post_recovery": (
        {"recovery_kind", "amount", "recovery_status", "recovery_means", "evidence"}, {"posted_on", "note"}
    ),
    "pay_recovery": ({"recovery", "evidence"}, {"amount", "paid_on", "recovery_means", "note"}),
    "reverse_recovery": ({"recovery", "note"}, set()),
    "supplement": ({"text"}, set()),
    "correct": ({"note"}, FACTS),
    "join": ({"role", "name"}, {"phone", "address", "id_type", "id_number", "note"}),
    "check_identity": ({"party", "identity"}, NOTE),
    "urge": ({"text", "reply_due_on"}, set()),
    "supervise": ({"text", "reply_due_on"}, set()),
    "reply": ({"supervision", "text"}, set()),
    "call_back": ({"reached"}, {"satisfaction", "note"}),
    "enter_national": (set(), {"number", "note"}),
    "reopen": ({"note"}, set()),
}
# asked for only where several complain together
JOINT = {"represented_agree"}
# found from what is written, never chosen
UNASKED = {"correct": {"merchant"}}


def fields_of(kind: str, verb: str) -> tuple[set[str], set[str]]:
    """The needed and the optional fields of `verb` for a case of `kind`."""
    return FIELDS[kind, verb] if (kind, verb) in FIELDS else FIELDS[verb]
