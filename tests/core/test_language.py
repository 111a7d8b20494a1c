import pytest
from django.utils import translation

from core.language import listed


@pytest.mark.parametrize(("language", "told"), [("zh-hans", "退货、换货、3"), ("en", "退货, 换货, 3")])
def test_words_one_after_another_are_set_apart_as_the_language_does(language, told):
    with translation.override(language):
        assert listed(["退货", "换货", 3]) == told
        assert listed([]) == ""
