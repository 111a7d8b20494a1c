"""Every write to a case starts here; views, admin and importers only call these functions."""

from cases.domain.acts import WORKFLOWS, available_acts, officers_for, perform
from cases.domain.attachments import add_attachment, open_attachment, withdraw_attachment
from cases.domain.audit import look_up_person
from cases.domain.bulk import bulk_steps, cancel_bulk, confirm_bulk, prepare_bulk, run_bulk_acts
from cases.domain.clocks import (
    ask_extension,
    change_regime,
    decide_extension,
    pause_clocks,
    restart_clock,
    resume_clocks,
    start_clock,
    stop_clock_side,
    stop_clocks,
)
from cases.domain.documents import issue_document, open_document, record_delivery, void_document
from cases.domain.imported import CASE_COLUMNS, ImportedCase, NewCases, lock_worked, write_imported
from cases.domain.intake import take_in
from cases.domain.lists import (
    choose_columns,
    delete_filter,
    rename_filter,
    reset_columns,
    save_filter,
    share_filter,
)
from cases.domain.recount import preview_recount, recount, recount_changed
from cases.domain.registration import register_case
from cases.domain.reveal import reveal_party
from cases.domain.rotation import reject_context, rotate
from cases.domain.signals import decide_on_signals
from cases.domain.templates import add_template, use_template

__all__ = [
    "CASE_COLUMNS",
    "ImportedCase",
    "NewCases",
    "WORKFLOWS",
    "add_attachment",
    "add_template",
    "ask_extension",
    "available_acts",
    "bulk_steps",
    "cancel_bulk",
    "change_regime",
    "choose_columns",
    "confirm_bulk",
    "decide_extension",
    "decide_on_signals",
    "delete_filter",
    "issue_document",
    "lock_worked",
    "look_up_person",
    "officers_for",
    "open_attachment",
    "open_document",
    "pause_clocks",
    "perform",
    "prepare_bulk",
    "preview_recount",
    "record_delivery",
    "recount",
    "recount_changed",
    "register_case",
    "reject_context",
    "rename_filter",
    "reset_columns",
    "restart_clock",
    "resume_clocks",
    "reveal_party",
    "rotate",
    "run_bulk_acts",
    "save_filter",
    "share_filter",
    "start_clock",
    "stop_clock_side",
    "stop_clocks",
    "take_in",
    "use_template",
    "void_document",
    "withdraw_attachment",
    "write_imported",
]
