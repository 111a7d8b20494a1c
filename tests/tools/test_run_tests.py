"""The whole run, on a small project of its own and with or without a browser."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
import pathlib, pytest

def test_plain():
    pathlib.Path("plain").touch()
    assert not pathlib.Path("broken").exists()

@pytest.mark.browser
def test_page():
    assert pathlib.Path("plain").exists()
    pathlib.Path("browser").touch()
"""
LOUD = "BROWSER TESTS WILL NOT RUN"


@pytest.fixture
def project(tmp_path):
    """A project of one plain test and one browser test; each leaves a file behind."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = browser\n")
    (tmp_path / "test_two.py").write_text(TESTS)
    (tmp_path / "bin").mkdir()
    (tmp_path / ".fonts").mkdir()
    (tmp_path / ".fonts" / "NotoSansCJK.ttc").touch()
    program(tmp_path, "apt-get")  # which installs nothing
    return tmp_path


def program(project, name):
    (project / "bin" / name).write_text("#!/bin/sh\n")
    (project / "bin" / name).chmod(0o755)


def run(project, *arguments, **variables):
    env = {
        "PATH": str(project / "bin"), "HOME": str(project), "PYTHONPATH": str(ROOT),
        "PLAYWRIGHT_BROWSERS_PATH": str(project / "browsers"), "PLAYWRIGHT_DOWNLOAD_HOST": "http://127.0.0.1:9",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tools.run_tests", *arguments], cwd=project, env=env | variables, capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip
    ran = {name for name in ("plain", "browser") if (project / name).exists()}
    return done.returncode, ran, done.stdout + done.stderr


def test_plain_tests_run_first_and_then_those_in_the_browser(project):
    program(project, "chromium")

    status, ran, text = run(project)

    assert (status, ran) == (0, {"plain", "browser"}), text
    assert LOUD not in text


def test_after_a_failure_the_browser_is_not_opened(project):
    program(project, "chromium")
    (project / "broken").touch()

    status, ran, _text = run(project)

    assert (status, ran) == (1, {"plain"})


def test_without_a_browser_the_others_run_and_the_last_words_say_what_did_not(project):
    status, ran, text = run(project)

    assert (status, ran) == (0, {"plain"})
    assert text.count(LOUD) == 2
    assert text.rstrip().endswith("!" * 78)


def test_with_ci_a_missing_browser_is_a_failure_at_once(project):
    status, ran, text = run(project, CI="1")

    assert (status, ran) == (1, set())
    assert LOUD in text


def test_arguments_go_to_pytest_which_runs_once(project):
    status, ran, text = run(project, "-q", "-m", "not browser", CI="1")

    assert (status, ran) == (0, {"plain"})
    assert LOUD not in text


def test_a_browser_that_is_named_and_not_there_is_missing(project):
    program(project, "chromium")

    assert run(project, CI="1", CHROMIUM=os.devnull + "/chromium")[:2] == (1, set())
