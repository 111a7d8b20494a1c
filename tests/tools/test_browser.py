"""The search for a browser and a font, in processes that see nothing but folders made here."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIND = "from tools import browser; print(browser.find_chromium())"
ENSURE = """
import sys
from tools import browser
browser.FONT_FOLDERS = sys.argv[1:]
sys.exit(not browser.ensure())
"""
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="apt is asked by root alone")


@dataclass
class Machine:
    """A machine with empty folders for programs, fonts, Python packages and Playwright's browsers."""

    base: Path

    @property
    def programs(self) -> Path:
        return self.base / "bin"

    @property
    def fonts(self) -> Path:
        return self.base / "fonts"

    @property
    def cache(self) -> Path:
        return self.base / "browsers"

    def program(self, name: str, script: str = "") -> str:
        path = self.programs / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\ncd {self.base}\n{script}\n")
        path.chmod(0o755)
        return str(path)

    def playwright(self, script: str) -> None:
        package = self.base / "packages" / "playwright"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(f"import os, sys\nos.chdir({str(self.base)!r})\n{script}\n")

    def browser_of_playwright(self, folder: str) -> str:
        path = self.cache / folder / "chrome"
        path.parent.mkdir(parents=True)
        path.touch(mode=0o755)
        return str(path)

    def font(self, name: str) -> None:
        path = self.fonts / "truetype" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def python(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
        env = {
            "PATH": str(self.programs), "HOME": str(self.base), "PLAYWRIGHT_BROWSERS_PATH": str(self.cache),
            "PYTHONPATH": str(self.base / "packages"),
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=env | variables, capture_output=True, text=True, check=False,
            timeout=60,
        )  # fmt: skip

    def ensure(self, **variables: str) -> subprocess.CompletedProcess:
        return self.python("-c", ENSURE, str(self.fonts), **variables)

    def found(self, **variables: str) -> str:
        return self.python("-c", FIND, **variables).stdout.strip()

    def said(self, name: str) -> list[str]:
        """What a fake program has written down."""
        path = self.base / name
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path) -> Machine:
    return Machine(tmp_path)


class TestFindChromium:
    def test_nothing_is_found_where_nothing_is(self, machine):
        assert machine.found() == "None"

    @pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome", "chrome"])
    def test_on_the_path(self, machine, name):
        path = machine.program(name)

        assert machine.found() == path

    def test_of_playwright_the_newest(self, machine):
        for folder in ("chromium-999/chrome-linux", "chromium-1200/chrome-linux64", "chromium-1080/chrome-linux"):
            machine.browser_of_playwright(folder)

        assert machine.found() == str(machine.cache / "chromium-1200" / "chrome-linux64" / "chrome")

    def test_the_environment_comes_before_the_path_and_the_path_before_playwright(self, machine):
        machine.browser_of_playwright("chromium-1200/chrome-linux64")
        on_path = machine.program("chromium")
        assert machine.found() == on_path

        named = machine.program("mine")
        assert machine.found(CHROMIUM=named) == named
        assert machine.found(CHROMIUM="mine") == named

    def test_a_browser_that_is_named_and_not_there_is_not_replaced_by_another(self, machine):
        machine.program("chromium")

        assert machine.found(CHROMIUM="/nowhere/chromium") == "None"


class TestEnsure:
    def test_with_browser_and_font_it_is_silent(self, machine):
        machine.program("chromium")
        machine.font("NotoSansCJK-Regular.ttc")

        done = machine.ensure()

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    @pytest.mark.parametrize("name", ["NotoSans-Regular.ttf", "wqy.txt", "fonts-cjk.conf"])
    def test_not_every_file_is_a_chinese_font(self, machine, name):
        machine.program("chromium")
        machine.program("apt-get")
        machine.font(name)

        assert machine.ensure().returncode == 1

    @pytest.mark.parametrize("name", ["wqy-zenhei.ttc", "Noto-Sans-SC.otf", "SourceHanSansCN.OTF", "msyh.ttf"])
    def test_chinese_fonts(self, machine, name):
        machine.program("chromium")
        machine.font(name)

        assert machine.ensure().returncode == 0

    @AS_ROOT
    def test_root_installs_what_is_missing_by_apt(self, machine):
        machine.program(
            "apt-get",
            """echo "$@ $DEBIAN_FRONTEND" >> asked
[ "$1" = update ] || { cp bin/apt-get bin/chromium; mkdir fonts; : > fonts/NotoSansCJK.ttc; }""",
        )

        done = machine.ensure()

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "Browser tests need: browser, font. Installing …\n"
        assert machine.said("asked") == [
            "update -q noninteractive",
            "install -y -q --no-install-recommends chromium fonts-noto-cjk noninteractive",
        ]

    @AS_ROOT
    def test_only_what_is_missing_is_installed(self, machine):
        machine.program("chromium")
        machine.program("apt-get", 'echo "$@" >> asked; mkdir -p fonts; : > fonts/NotoSansCJK.ttc')

        assert machine.ensure().returncode == 0
        assert machine.said("asked")[1] == "install -y -q --no-install-recommends fonts-noto-cjk"

    def test_without_apt_playwright_installs_the_browser(self, machine):
        machine.font("NotoSansCJK.ttc")
        machine.playwright(
            "open('asked', 'w').write(' '.join(sys.argv[1:]))\n"
            "os.makedirs('browsers/chromium-1/chrome-linux'); open('browsers/chromium-1/chrome-linux/chrome', 'w')"
        )

        done = machine.ensure()

        assert (done.returncode, done.stderr) == (0, "")
        assert machine.said("asked") == ["install chromium"]

    def test_what_cannot_be_installed_is_said_loudly(self, machine):
        machine.playwright("sys.exit(1)")

        done = machine.ensure()

        line = "!" * 78
        assert done.returncode == 1
        assert done.stderr == (
            f"{line}\nBROWSER TESTS WILL NOT RUN: no browser and no font found, and none could be installed.\n"
            f"Install chromium and fonts-noto-cjk, or set CHROMIUM to a browser.\n{line}\n"
        )

    def test_a_font_alone_is_not_asked_of_playwright(self, machine):
        machine.program("chromium")
        machine.playwright("open('asked', 'w').write('x')")

        done = machine.ensure()

        assert done.returncode == 1
        assert "no font found" in done.stderr
        assert machine.said("asked") == []


def test_as_a_command_it_prints_the_browser(machine):
    path = machine.program("chromium")
    (machine.base / ".fonts").mkdir()
    (machine.base / ".fonts" / "NotoSansCJK.ttc").touch()

    done = machine.python("-m", "tools.browser")

    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")
