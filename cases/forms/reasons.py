"""What forms say of the reasons that they ask for."""

from django.utils.functional import lazy
from django.utils.translation import gettext

from cases.domain.reasons import MIN_REASON

# put together when it is shown, in the language of the page
REASON_HELP = lazy(lambda: gettext("At least %(n)d characters.") % {"n": MIN_REASON}, str)()
