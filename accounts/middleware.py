from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import ngettext
from django_htmx.http import HttpResponseClientRedirect

from accounts.client import client_browser, client_ip
from accounts.domain import log_sign_in
from accounts.enums import SignInOutcome
from core.acting import acting

LAST_SEEN = "last_seen"  # seconds since 1970, in the session
LAST_SEEN_STEP = 60  # seconds; written no more often
POLL = "poll"  # id of the htmx element by which a page asks again by itself: nobody need be sitting there
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}  # nothing is changed by them
BEFORE_PASSWORD_CHANGE = {"accounts:password_change", "accounts:logout", "set_language"}


class LanguageMiddleware:
    """Chinese, unless the switch has set its cookie: office browsers often ask for English unknown to their users,
    so the Accept-Language header does not count."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        patch_vary_headers(response, ["Cookie"])
        response.headers.setdefault("Content-Language", language)
        return response


class SessionPolicyMiddleware:
    """Ends a session after SESSION_IDLE_MINUTES without a request of the user's own, and lets no page but one be
    opened before a temporary password is changed. htmx is told to go to the login page as a whole. What a signed-in
    user gets is kept by no browser and no proxy: the next one at the same computer must not find it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        signed_in = request.user.is_authenticated
        ended = signed_in and self._idle_too_long(request)
        response = self._whole_page(request, self._end(request) if ended else self.get_response(request))
        if signed_in or request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    def process_view(self, request: HttpRequest, view, args, kwargs) -> HttpResponse | None:
        if not request.user.is_authenticated or not request.user.must_change_password:
            return None
        if request.resolver_match.view_name in BEFORE_PASSWORD_CHANGE:
            return None
        return redirect("accounts:password_change")

    @staticmethod
    def _idle_too_long(request: HttpRequest) -> bool:
        now = int(timezone.now().timestamp())
        seen = request.session.get(LAST_SEEN)
        if seen is not None and now - seen >= settings.SESSION_IDLE_MINUTES * 60:
            return True
        by_itself = request.htmx and request.htmx.trigger == POLL
        if seen is None or (now - seen >= LAST_SEEN_STEP and not by_itself):
            request.session[LAST_SEEN] = now
        return False

    @staticmethod
    def _end(request: HttpRequest) -> HttpResponse:
        user = request.user
        # two requests may come at once; the one that deletes the session writes the line
        deleted, _by_model = Session.objects.filter(pk=request.session.session_key).delete()
        if deleted:
            log_sign_in(
                outcome=SignInOutcome.EXPIRED,
                username=user.username,
                user=user,
                ip=client_ip(request),
                user_agent=client_browser(request),
            )
        logout(request)
        minutes = settings.SESSION_IDLE_MINUTES
        messages.warning(
            request,
            ngettext(
                "You were signed out because nothing was done for %(n)d minute.",
                "You were signed out because nothing was done for %(n)d minutes.",
                minutes,
            )
            % {"n": minutes},
        )
        return redirect_to_login(request.get_full_path() if request.method == "GET" else _page(request))

    @staticmethod
    def _whole_page(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """htmx would put the page that a redirect leads to inside the present one."""
        if not request.htmx or response.status_code != 302:
            return response
        path = urlsplit(response.url).path
        if path == reverse("accounts:password_change"):
            target = response.url
        elif path == reverse("accounts:login"):
            target = redirect_to_login(_page(request)).url
        else:
            return response
        answer = HttpResponseClientRedirect(target)
        answer.cookies = response.cookies
        return answer


class ActingMiddleware:
    """What the database writes into histories while a request changes something bears the signed-in user."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in SAFE_METHODS or not request.user.is_authenticated:
            return self.get_response(request)
        with acting(request.user):
            return self.get_response(request)


def _page(request: HttpRequest) -> str:
    """The path of the page from which a request was sent, "/" if it is not known."""
    sent_from = request.htmx.current_url_abs_path if request.htmx else None
    return sent_from or "/"
