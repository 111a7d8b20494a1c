"""What the forms of referrals say, in the language of the page."""

import pytest
from django.utils import translation

from mediation.forms.referrals import ReasonForm, RecallForm

HELP = {"zh-hans": "不少于5个字。", "en": "At least 5 characters."}


@pytest.mark.parametrize("language", HELP)
@pytest.mark.parametrize("form", [lambda: RecallForm(), lambda: ReasonForm(subject=None, user=None)])
def test_how_long_a_reason_is_stands_in_the_language_of_the_page(form, language):
    other = next(text for code, text in HELP.items() if code != language)
    with translation.override(language):
        shown = form().as_p()

    assert HELP[language] in shown
    assert other not in shown
