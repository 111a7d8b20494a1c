import json
import multiprocessing
import os

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts.models import AccessLog
from cases.importers import pipeline
from cases.importers.cases import CaseTarget
from cases.importers.engine import LOCK
from cases.models import Case, CaseEvent, CaseHistory, ImportReject, ImportRun, ImportWarning, Party, Recovery
from tests.cases.files import row, rows, write
from tests.factories import AccessLogFactory


@pytest.fixture
def run(capsys):
    """Call import_cases; the JSON object that it prints."""

    def call(path, **options):
        call_command("import_cases", str(path), profile="national12315", json=True, **options)
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return call


def counts(summary: dict) -> dict:
    names = ("rows", "created", "updated", "unchanged", "duplicates", "rejected", "warnings")
    return {name: summary[name] for name in names if summary[name]}


@pytest.fixture
def other(fresh_database):
    """A cursor of another session on the same database; each statement is committed at once."""
    link = psycopg2.connect(fresh_database)
    link.autocommit = True
    with link.cursor() as cursor:
        yield cursor
    link.close()


class TestTwoAtOnce:
    def test_an_import_is_refused_in_one_line_while_another_runs(self, run, other, tmp_path):
        path = write(tmp_path / "a.csv", rows(2))
        other.execute("SELECT pg_advisory_lock(hashtext(%s))", [LOCK])

        with pytest.raises(CommandError) as refused:
            run(path)

        assert (refused.value.returncode, "\n" in str(refused.value)) == (1, False)
        assert (Case.objects.count(), ImportRun.objects.count()) == (0, 0)
        other.execute("SELECT pg_advisory_unlock(hashtext(%s))", [LOCK])
        assert counts(run(path)) == {"rows": 2, "created": 2}

    @pytest.mark.parametrize("failing", [False, True])
    def test_the_lock_is_free_again_afterwards(self, run, other, tmp_path, failing):
        path = write(tmp_path / "a.csv", [row(消费金额="-1")] if failing else rows(1))
        if failing:
            with pytest.raises(CommandError):
                run(path, atomic=True)
        else:
            run(path)

        other.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [LOCK])
        assert other.fetchone() == (True,)


class TestLostRace:
    """Between look-up and write, somebody gives a case the number that a new one was about to get."""

    @pytest.fixture
    def by_hand(self, run, other, tmp_path, monkeypatch):
        """Call with a number: the case stored before bears it when the next chunk is about to be written."""
        run(write(tmp_path / "before.csv", [row(登记编号="HAND", 企业名称="原来的名字")]))
        write_chunk, waiting = CaseTarget.write, []

        def late(target, cursor, converted):
            if waiting:
                other.execute("UPDATE cases_case SET external_number = %s", [waiting.pop()])
            return write_chunk(target, cursor, converted)

        monkeypatch.setattr(CaseTarget, "write", late)
        return waiting.append

    def test_the_row_becomes_an_update_and_nothing_is_doubled(self, run, by_hand, tmp_path):
        lines = [*rows(3, 行政区划="火星区"), row(登记编号="bad", 消费金额="-1")]
        by_hand(lines[1]["登记编号"])

        summary = run(write(tmp_path / "a.csv", lines))

        assert counts(summary) == {"rows": 4, "created": 2, "updated": 1, "rejected": 1, "warnings": 3}
        assert Case.objects.count() == Party.objects.count() == Recovery.objects.count() == 3
        assert set(Case.objects.values_list("merchant_written", flat=True)) == {"杭州青禾健身有限公司"}
        assert ImportReject.objects.count() == 1
        assert ImportWarning.objects.values_list("value", "count").get() == ("火星区", 3)
        assert summary["control"]["file"] == summary["control"]["database"]

    def test_a_number_that_stands_twice_is_still_taken_once(self, run, by_hand, tmp_path):
        lines = [*rows(2), row(登记编号="twice", 企业名称="甲店"), row(登记编号="twice", 企业名称="乙店")]
        by_hand(lines[0]["登记编号"])

        summary = run(write(tmp_path / "a.csv", lines))

        assert counts(summary) == {"rows": 4, "created": 2, "updated": 1, "duplicates": 1}
        assert Case.objects.get(external_number="twice").merchant_written == "甲店"
        assert ImportReject.objects.values_list("line", "kind").get() == (5, "duplicate")

    def test_a_later_chunk_is_looked_at_again_from_its_own_first_row(self, run, by_hand, tmp_path, monkeypatch):
        lines, progress = rows(7), []
        write_chunk = CaseTarget.write

        def second(target, cursor, converted):
            if not progress:
                by_hand(lines[3]["登记编号"])  # of the second chunk, which was looked up already
            progress.append(target.file.rows_done)
            return write_chunk(target, cursor, converted)

        monkeypatch.setattr(CaseTarget, "write", second)
        summary = run(write(tmp_path / "a.csv", lines), chunk_rows=3)

        assert counts(summary) == {"rows": 7, "created": 6, "updated": 1}
        assert set(Case.objects.values_list("external_number", flat=True)) == {line["登记编号"] for line in lines}


@pytest.mark.django_db
class TestWorkers:
    @pytest.fixture
    def dying(self, monkeypatch):
        """Make workers die without a word, `before` or `after` they have heard the answer, from line 6 on."""

        def die(method):
            original = getattr(CaseTarget, method)

            def deadly(target, chunk, *answer):
                if chunk[0][0] >= 6:
                    os._exit(9)
                return original(target, chunk, *answer)

            monkeypatch.setattr(CaseTarget, method, deadly)

        return die

    def test_what_a_worker_says_of_its_end_is_said_once(self):
        died = pipeline.WorkerDied("Errno 12")
        ours, theirs = multiprocessing.Pipe()

        with ours, theirs:
            theirs.send(died)
            said = ours.recv()

        assert isinstance(said, pipeline.WorkerDied)
        assert str(said) == str(died)

    @pytest.mark.parametrize(("method", "done"), [("question", 2), ("convert", 4)])
    def test_a_worker_that_dies_is_a_clear_error_and_the_next_call_ends_the_run(
        self, run, dying, tmp_path, monkeypatch, method, done
    ):
        path = write(tmp_path / "a.csv", rows(9))
        with monkeypatch.context():
            dying(method)
            with pytest.raises(CommandError) as refused:
                run(path, chunk_rows=2)
            monkeypatch.undo()

        assert refused.value.returncode == 1
        assert str(refused.value)
        assert "\n" not in str(refused.value)
        cut_off = ImportRun.objects.get()
        assert (cut_off.state, cut_off.rows) == ("running", done)

        summary = run(path, chunk_rows=2)

        assert summary["run"] == cut_off.pk
        assert counts(summary) == {"rows": 9, "created": 9}
        assert Case.objects.count() == 9

    def test_a_worker_that_dies_between_question_and_answer_is_the_same(self, run, tmp_path, monkeypatch):
        main = os.getpid()
        answer = CaseTarget.answer
        convert_turns = pipeline._convert_turns

        def short_lived(target, index, pipe, start, chunk_rows):
            def last_words(question):
                type(pipe).send(pipe, question)
                os._exit(9)

            pipe.send = last_words
            convert_turns(target, index, pipe, start, chunk_rows)

        def slow(target, question):
            assert os.getpid() == main
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)  # until the worker that asked is dead
            return answer(target, question)

        monkeypatch.setattr(pipeline, "_convert_turns", short_lived)
        monkeypatch.setattr(CaseTarget, "answer", slow)
        with pytest.raises(CommandError) as refused:
            run(write(tmp_path / "a.csv", rows(9)), chunk_rows=2)

        assert refused.value.returncode == 1

    def test_an_error_in_a_worker_is_raised_as_it_is(self, run, tmp_path, monkeypatch):
        def broken(target, chunk, answer):
            raise ZeroDivisionError("in a worker")

        monkeypatch.setattr(CaseTarget, "convert", broken)
        with pytest.raises(ZeroDivisionError, match="in a worker"):
            run(write(tmp_path / "a.csv", rows(3)))

        assert Case.objects.count() == 0


@pytest.mark.django_db
class TestNeverRewritten:
    @pytest.fixture
    def stored(self, run, tmp_path):
        run(write(tmp_path / "a.csv", [row()]))
        case = Case.objects.get()
        CaseEvent.objects.create(case=case, verb="assign", at=timezone.now())
        AccessLogFactory()
        return case

    @pytest.mark.parametrize(
        ("model", "column"),
        [(CaseEvent, "verb"), (Recovery, "evidence"), (AccessLog, "reason"), (CaseHistory, "state")],
    )
    @pytest.mark.parametrize("change", ["UPDATE {table} SET {column} = 'x'", "DELETE FROM {table}"])
    @pytest.mark.usefixtures("stored")
    def test_what_is_written_once_can_be_neither_changed_nor_deleted(self, model, column, change):
        before = list(model.objects.values())
        assert len(before) == 1

        with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change.format(table=model._meta.db_table, column=column))

        assert list(model.objects.values()) == before

    def test_a_case_is_never_deleted(self, stored):
        with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM cases_case")

        assert Case.objects.get() == stored
