from django.contrib.auth.forms import AuthenticationForm
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _


class SignInForm(AuthenticationForm):
    """One message for a wrong name, a wrong password and a closed account: it must not tell which names exist."""

    error_messages = {
        "invalid_login": _("Wrong user name or password."),
        "inactive": _("Wrong user name or password."),
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Django says the length to the browser alone; no name beyond it is tried, nor written to a log
        self.fields["username"].validators.append(MaxLengthValidator(self.fields["username"].max_length))
        self.fields["username"].widget.attrs |= {"autocapitalize": "none", "spellcheck": "false"}

    def was_attempt(self) -> bool:
        """Whether a name and a password were given, so that they were tried."""
        return bool(self.cleaned_data.get("username") and self.cleaned_data.get("password"))
