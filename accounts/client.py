"""What the server knows about the other side of a request."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str | None:
    """The client's address, or None (a Unix socket, nonsense).

    X-Forwarded-For counts only behind settings.TRUSTED_PROXIES proxies: each of them appends the address that it
    was called from, so that many places from the right stands the client, whatever he wrote to the left of it.
    """
    peer = _address(request.META.get("REMOTE_ADDR", ""))
    proxies = settings.TRUSTED_PROXIES
    if proxies < 1:
        return peer
    passed = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    return (_address(passed[-proxies]) if len(passed) >= proxies else None) or peer


def client_browser(request: HttpRequest) -> str:
    """The User-Agent header without control characters."""
    return "".join(filter(str.isprintable, request.META.get("HTTP_USER_AGENT", "")))


def _address(written: str) -> str | None:
    """An address in its usual form; a port, brackets and the IPv6 clothing of an IPv4 address come off."""
    written = written.strip()
    if written.startswith("["):
        written = written[1:].partition("]")[0]
    elif written.count(":") == 1:
        written = written.partition(":")[0]
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)
