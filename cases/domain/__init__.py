"""Every write to a case starts here; views, admin and importers only call these functions."""

from cases.domain.acts import (
    WORKFLOWS,
    available_acts,
    is_with_platform,
    officers_for,
    pay_recovery,
    perform,
    post_recovery,
    reverse_recovery,
)
from cases.domain.attachments import add_attachment, open_attachment, withdraw_attachment
from cases.domain.audit import look_up_person
from cases.domain.bulk import bulk_steps, cancel_bulk, confirm_bulk, prepare_bulk, run_bulk_acts
from cases.domain.channel import CHANNEL, perform_in_channel
from cases.domain.clocks import (
    PastPause,
    ask_extension,
    change_regime,
    decide_extension,
    pause_clocks,
    record_pauses,
    restart_clock,
    resume_clocks,
    start_clock,
    stop_clocks,
)
from cases.domain.documents import issue_document, open_document, record_delivery, void_document
from cases.domain.feed import (
    begin_again,
    cases_concerned,
    consume,
    consumers,
    has_work,
    is_filled,
    merchants_renamed,
    read_changes,
    register_consumer,
    settle,
    trim_feed,
    waiting,
)
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
from cases.domain.merchants import move_cases
from cases.domain.recount import preview_recount, recount, recount_changed
from cases.domain.registration import register_case
from cases.domain.reveal import reveal_party
from cases.domain.rotation import reject_context, rotate
from cases.domain.search import (
    SEARCH,
    compare_search,
    ensure_index,
    filled_at_once,
    one_spelling,
    search_text,
    settle_search,
    write_search,
)
from cases.domain.signals import decide_on_signals
from cases.domain.templates import add_template, use_template

__all__ = [
    "CASE_COLUMNS",
    "CHANNEL",
    "ImportedCase",
    "NewCases",
    "PastPause",
    "SEARCH",
    "WORKFLOWS",
    "add_attachment",
    "add_template",
    "ask_extension",
    "available_acts",
    "begin_again",
    "bulk_steps",
    "cancel_bulk",
    "cases_concerned",
    "change_regime",
    "choose_columns",
    "compare_search",
    "confirm_bulk",
    "consume",
    "consumers",
    "decide_extension",
    "decide_on_signals",
    "delete_filter",
    "ensure_index",
    "filled_at_once",
    "has_work",
    "is_filled",
    "is_with_platform",
    "issue_document",
    "lock_worked",
    "look_up_person",
    "merchants_renamed",
    "move_cases",
    "officers_for",
    "one_spelling",
    "open_attachment",
    "open_document",
    "pause_clocks",
    "pay_recovery",
    "perform",
    "perform_in_channel",
    "post_recovery",
    "prepare_bulk",
    "preview_recount",
    "read_changes",
    "record_pauses",
    "record_delivery",
    "recount",
    "recount_changed",
    "register_case",
    "register_consumer",
    "reject_context",
    "rename_filter",
    "reset_columns",
    "restart_clock",
    "resume_clocks",
    "reveal_party",
    "reverse_recovery",
    "rotate",
    "run_bulk_acts",
    "save_filter",
    "search_text",
    "settle",
    "settle_search",
    "share_filter",
    "start_clock",
    "stop_clocks",
    "take_in",
    "trim_feed",
    "use_template",
    "void_document",
    "waiting",
    "withdraw_attachment",
    "write_imported",
    "write_search",
]
