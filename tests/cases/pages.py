"""Pages as tests read them, and forms as tests fill them in."""

from django import forms
from django.contrib.messages import get_messages
from django.urls import reverse

from core.workflow import last_event_id
from tests.cases.filings import PHONE

SCRIPT = "<script>alert(1)</script>"


def text(response) -> str:
    if response.streaming:
        return b"".join(response.streaming_content).decode("utf-8-sig")
    return response.content.decode()


def said(response) -> list[str]:
    """The messages that a page will show."""
    return [str(message) for message in get_messages(response.wsgi_request)]


def transactions(queries) -> int:
    """How many of them begin or end a transaction, or a part of one, and ask for nothing."""
    return sum(query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")) for query in queries)


# acts


def address(case, verb) -> str:
    """Where the act is done."""
    return reverse("cases:act", args=[case.number, verb])


def post(client, user, case, verb, *, htmx=False, **data):
    """The response to the form of the act; its sender has seen all that happened, unless told otherwise by `seen`."""
    client.force_login(user)
    seen = data.pop("seen", last_event_id(case))
    return client.post(address(case, verb), {"seen": seen, **data}, headers={"HX-Request": "true"} if htmx else {})


def filled_in(form) -> dict:
    """A value for every field that is needed; text for those that take any."""
    data = {}
    for name, field in form.fields.items():
        if not field.required:
            continue
        if isinstance(field, forms.ModelChoiceField):
            data[name] = field.queryset[0].pk
        elif isinstance(field, forms.ChoiceField):
            data[name] = next(value for value, _label in field.choices if value)
        elif isinstance(field, forms.DateField):
            data[name] = "2099-01-01" if name == "reply_due_on" else "2026-11-20"
        elif isinstance(field, forms.DecimalField):
            data[name] = "10.00"
        else:
            data[name] = "on" if isinstance(field, forms.BooleanField) else "文字"
    return data


# the intake


def filled(form, *people, **fields) -> dict:
    """What a browser sends of the form of the intake. People are dicts; without any the caller is 张测试."""
    people = people or ({"name": "张测试", "phone": PHONE},)
    data = {
        "token": form.initial["token"], "kind": "complaint", "channel": "12315-phone", "handling": "own",
        "merchant_written": "测试净水器商行", "narrative": "净水器漏水，商家拒绝退货。", "demand": "退款",
        "received_at": "", "people-INITIAL_FORMS": "0", "people-TOTAL_FORMS": str(len(people)),
    }  # fmt: skip
    for n, person in enumerate(people):
        data |= {f"people-{n}-{name}": value for name, value in ({"id_type": "居民身份证"} | person).items()}
    return data | fields


# all pages


def shown_to(client, asked) -> dict[str, str]:
    """By address, what is shown there; `asked` are pairs of a user and the addresses that he opens."""
    shown = {}
    for user, paths in asked:
        client.force_login(user)
        for path in paths:
            response = client.get(path, follow=True)
            assert response.status_code == 200, path
            shown[path] = text(response)
    return shown
