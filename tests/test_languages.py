"""Which language a text is in."""

from __future__ import annotations

import pytest

from digest.languages import language, spoken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天学习了", "zh-Hans"),
        ("今天學習了", "zh-Hant"),
        ("中文", "zh"),
        ("Claude 3.7 Sonnet 发布了 extended thinking", "zh-Hans"),
        ("A longer note on 习", "en"),
        ("これは日本語です", "ja"),
        ("一个の字不算日语的句子", "zh-Hans"),
        ("한국어 문장입니다", "ko"),
        ("Привет, мир", "ru"),
        ("https://example.org/a 123", ""),
        ("", ""),
    ],
)
def test_language_by_script(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The reward model turns into a loss on pairs of answers, and no sampling is needed.", "en"),
        ("Das Belohnungsmodell wird zu einem Verlust auf Paaren von Antworten, und es braucht keine.", "de"),
        ("Le modèle de récompense devient une perte sur des paires de réponses, sans échantillons.", "fr"),
        ("El modelo de recompensa se convierte en una pérdida sobre pares de respuestas del usuario.", "es"),
        ("O modelo de recompensa torna-se uma perda sobre pares de respostas, e não há amostragem.", "pt"),
        ("Il modello di ricompensa diventa una perdita su coppie di risposte, e non serve altro.", "it"),
        ("Het beloningsmodel wordt een verlies op paren van antwoorden, en er is niets meer nodig.", "nl"),
        ("Belöningsmodellen blir en förlust på par av svar, och det behövs ingen sampling längre.", "sv"),
        ("Model nagrody staje się stratą na parach odpowiedzi i nie jest już potrzebne próbkowanie.", "pl"),
        ("Модель вознаграждения превращается в функцию потерь на парах ответов, и это всё.", "ru"),
        ("Модель винагороди перетворюється на функцію втрат на парах відповідей, і це все.", "uk"),
        ("هذا النموذج يتعلم من تفضيلات الناس", "ar"),
        ("این مدل از ترجیحات مردم یاد می‌گیرد و چند گزینه دارد", "fa"),
        ("Das Modell", "en"),  # too short to tell, and no harm in a title
        ("git clone https://example.org/la/de/que && cd la && make de que el los", "en"),
    ],
)
def test_language_by_small_words(text: str, expected: str) -> None:
    assert language(text) == expected


def test_what_is_declared_refines_or_decides_what_the_text_leaves_open() -> None:
    german = "Das Belohnungsmodell wird zu einem Verlust auf Paaren von Antworten, und es braucht keine."
    assert spoken(german) == "de"
    assert spoken(german, "de-AT") == "de-AT"
    assert spoken(german, "en") == "de", "a theme's default says nothing"
    assert spoken("Das Modell", "de") == "de"
    assert spoken("偏好优化把奖励模型写成损失函数", "en-US") == "zh-Hans"
    assert spoken("Short and English", "zh-CN") == "en"
    assert spoken("", "fr") == "fr"
