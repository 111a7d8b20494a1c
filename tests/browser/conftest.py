"""A small demo city on the real server, shared by all browser tests, and pages that note what goes wrong."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe

from tools.browser import FLAGS, find_chromium

# Playwright's own event loop runs in this thread, and fixtures talk to the database beside it
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
TODAY = "2026-11-20"
SCALE = "0.001"
WIDE = {"width": 1440, "height": 900}
HAN = re.compile(r"[\u2e80-\u2fff\u3001-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
# what is not the portal's own wording is marked: other languages by lang, data as written by translate="no"
OWN_WORDS = """() => {
  const page = document.body.cloneNode(true);
  page.querySelectorAll('[translate=no], [lang], script').forEach(element => element.remove());
  document.documentElement.appendChild(page);
  const text = page.innerText;
  page.remove();
  return text;
}"""
VIOLATIONS = "() => axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@dataclass
class Portal:
    """The address of the server under test and of its database; accounts are those of the demo."""

    url: str
    password: str
    database: str


@pytest.fixture(scope="session")
def portal(django_db_setup, django_db_blocker, tmp_path_factory):
    from demo.building import PASSWORD  # noqa: PLC0415 - needs the settings
    from tests import databases  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("portal")
    with django_db_blocker.unblock(), databases.clone("browser") as name:
        environment = os.environ | {
            "DATABASE_URL": databases.database_url(name),
            "DJANGO_SETTINGS_MODULE": "consumer_rights.settings",
            "EMBEDDED_DATABASE": "1",
            "PLAIN_HTTP": "1",
            "ALLOWED_HOSTS": "127.0.0.1",
            "MEDIA_ROOT": str(folder / "media"),
            "PUBLIC_REGISTER_PREVIEW": "1",
        }
        subprocess.run(
            [sys.executable, "manage.py", "demo", "--no-serve", "--scale", SCALE, "--today", TODAY,
             "--directory", str(folder / "city")],
            env=environment, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = open(folder / "server.log", "w")  # noqa: SIM115 - closed below
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "consumer_rights.wsgi", "--bind", f"127.0.0.1:{port}",
             "--worker-class", "gthread", "--threads", "4", "--no-control-socket"],
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/accounts/login/", server, folder / "server.log")
            yield Portal(url, PASSWORD, environment["DATABASE_URL"])
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=20)
            log.close()


def _wait_for(url: str, server, log) -> None:
    for _attempt in range(150):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return browser_type_launch_args | {"executable_path": find_chromium(), "args": list(FLAGS)}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args, portal):
    return browser_context_args | {
        "base_url": portal.url,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "viewport": WIDE,
        "reduced_motion": "reduce",  # colours are looked at where they settle, not on their way
    }


class Visit:
    """One browser window: goes to pages and gathers what a user or an auditor would complain about."""

    def __init__(self, page, portal):
        self.page, self.portal = page, portal
        self.console: list[str] = []
        page.on("console", lambda line: self.console.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.console.append(str(error)))

    def sign_in(self, username: str):
        self.page.goto("/accounts/login/")
        self.sign_in_here(username, self.portal.password)

    def sign_in_here(self, username: str, password: str):
        """Fill in the form of the sign-in page that is open."""
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", password)
        self.page.click("form:has(input[name=password]) button[type=submit]")
        self.page.wait_for_load_state()

    def use_english(self):
        self.page.locator("form[action*=setlang] button").click()
        self.page.wait_for_load_state()
        assert self.page.locator("html").get_attribute("lang") == "en"

    def go(self, path: str, *, status: int = 200):
        self.console.clear()
        response = self.page.goto(path)
        assert response.status == status, f"{path}: {response.status}"

    def widen(self):
        """A desk's screen again."""
        self.page.set_viewport_size(WIDE)

    def narrow(self):
        """The same page on a phone."""
        self.page.set_viewport_size({"width": 390, "height": 844})

    def complaints(self, *, status: int = 200, rules: bool = True) -> list[str]:
        """Console lines, violations of accessibility `rules`, a page wider than the screen, Chinese on English pages."""
        found = list(self.console)
        if status != 200:  # the browser itself notes an answer that is an error
            found = [line for line in found if f"status of {status}" not in line]
        if rules and not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(Axe().axe_script)
        for violation in self.page.evaluate(VIOLATIONS) if rules else ():
            nodes = "; ".join(node["html"][:200] for node in violation["nodes"][:3])
            found.append(f"axe {violation['impact']} {violation['id']}: {nodes}")
        self.console.clear()  # axe's own attempts to load style sheets, which the policy refuses
        if (wider := self.page.evaluate(TOO_WIDE)) > 0:
            found.append(f"{wider} pixels wider than the screen")
        if self.page.locator("html").get_attribute("lang") == "en":
            found += [f"Chinese on an English page: {text}" for text in set(HAN.findall(self.page.evaluate(OWN_WORDS)))]
        return found


@pytest.fixture
def visit(page, portal):
    return Visit(page, portal)


@pytest.fixture(scope="session")
def session_states():
    """Cookies of signed-in users, by user name and language, so that each signs in once."""
    return {}


@pytest.fixture(scope="session")
def new_window(browser, browser_context_args, portal, session_states):
    """`new_window("officer", english=False)`: the window of a signed-in user with a browser profile of its own."""

    def open_window(username: str, *, english: bool) -> Visit:
        key = (username, english)
        context = browser.new_context(**browser_context_args, storage_state=session_states.get(key))
        window = Visit(context.new_page(), portal)
        if key not in session_states:
            window.sign_in(username)
            if english:
                window.use_english()
            session_states[key] = context.storage_state()
        return window

    return open_window


@pytest.fixture
def visit_as(new_window):
    """`visit_as("officer")`: a window of a signed-in user, in Chinese or English."""
    windows = []

    def open_window(username: str, *, english: bool = False) -> Visit:
        windows.append(new_window(username, english=english))
        return windows[-1]

    yield open_window
    for window in windows:
        window.page.context.close()


@pytest.fixture(scope="session")
def look_as(new_window):
    """As `visit_as`, in the window that the user had before: for pages that are looked at and left, whose style sheets
    and scripts need not be fetched for each."""
    windows = {}

    def open_window(username: str, *, english: bool = False) -> Visit:
        key = (username, english)
        if key not in windows:
            windows[key] = new_window(username, english=english)
        windows[key].widen()
        return windows[key]

    yield open_window
    for window in windows.values():
        window.page.context.close()
