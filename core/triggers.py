"""Triggers that no session can switch off.

Those of pgtrigger ask the setting `pgtrigger.ignore` first, which any session may set, and then let everything pass.
Here nothing is asked: whoever wants them away must own the table, as the application does not in production. Nor do
they look for tables among a session's temporary ones, where a table of the same name would catch what they write.
"""

from collections.abc import Sequence

import pghistory
import pgtrigger
from django.apps import apps
from django.db.models import Model
from pghistory.trigger import Event
from pgtrigger import compiler


class FirmTriggerSql(compiler.UpsertTriggerSql):
    """A trigger as migrations install it. They name this class: what it makes must stay what they were written for."""

    def get_template(self) -> str:
        return """
            CREATE OR REPLACE FUNCTION {pgid}()
            RETURNS TRIGGER AS $$
                {declare}
                BEGIN
                    {func}
                END;
            $$ LANGUAGE plpgsql SET search_path = public, pg_temp;

            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE {constraint} TRIGGER {pgid}
                {when} {operation} ON {table}
                {timing}
                {referencing}
                FOR EACH {level} {condition}
                EXECUTE PROCEDURE {execute};

            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class _Firm:
    def compile(self, model: type[Model]) -> compiler.Trigger:
        ordinary = super().compile(model)
        kwargs = {name: value for name, value in ordinary.sql.kwargs.items() if name != "ignore_func_name"}
        return compiler.Trigger(name=ordinary.name, sql=FirmTriggerSql(**kwargs))


class Trigger(_Firm, pgtrigger.Trigger):
    """pgtrigger.Trigger, without the setting that switches it off."""


class Refuse(Trigger):
    """Refuses the statements `operation`, whatever rows they would concern; with a `condition`, the rows of which it
    holds (that takes one look at each row, and TRUNCATE knows no rows)."""

    when = pgtrigger.Before
    func = "RAISE EXCEPTION 'pgtrigger: Cannot % rows of %, which are kept as they are', lower(TG_OP), TG_TABLE_NAME;"

    def __init__(self, *, condition: pgtrigger.Condition | None = None, **kwargs):
        super().__init__(condition=condition, level=pgtrigger.Row if condition else pgtrigger.Statement, **kwargs)


class AppendOnly(Refuse):
    """Rows are only ever added: `triggers = [AppendOnly()]` in the Meta of a model is all that it takes."""

    name = "append_only"
    operation = pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate


def refused(model: type[Model]) -> set[str]:
    """The operations that no row of `model` ever sees: {"UPDATE", "DELETE", "TRUNCATE"} where rows are only added."""
    firm = [trigger for trigger in triggers_of(model) if isinstance(trigger, Refuse) and not trigger.condition]
    return {str(operation) for trigger in firm for operation in trigger.operation}


def append_only_models() -> list[type[Model]]:
    """The models whose rows are only ever added, by name of their tables."""
    found = [model for model in apps.get_models() if refused(model) >= {"UPDATE", "DELETE"}]
    return sorted(found, key=lambda model: model._meta.db_table)


def triggers_of(model: type[Model]) -> Sequence[pgtrigger.Trigger]:
    """The triggers that the model's Meta names."""
    return getattr(model._meta, "triggers", ())


class _FirmEvent(_Firm, Event):
    """What pghistory writes into a history, without the setting that switches it off."""


class _Recorded:
    def add_event_trigger(self, event_model: type[Model]) -> None:
        event = _FirmEvent(
            event_model=event_model, label=self.label, name=self.trigger_name, row=self.row, operation=self.operation,
            condition=self.condition, level=self.level,
        )  # fmt: skip
        pgtrigger.register(event)(event_model.pgh_tracked_model)


class InsertEvent(_Recorded, pghistory.InsertEvent):
    """pghistory.InsertEvent that always records."""


class UpdateEvent(_Recorded, pghistory.UpdateEvent):
    """pghistory.UpdateEvent that always records."""
