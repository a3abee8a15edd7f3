"""The language that a script suggests."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.languages import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("A model that reads slowly and forgets nothing.", "en"),
        ("Un modèle très lent, à découvrir.", "en"),
        ("이 연구는 새로운 모델을 소개합니다.", "ko"),
        ("MMLU-Pro benchmark, Chain of Thought (CoT) prompting 기법으로 성능을 높였습니다.", "ko"),
        ("本文提出了一种新的模型。", "zh"),
        ("本文提出 Direct Preference Optimization (DPO) 的改进方法。", "zh"),
        ("この論文では新しいモデルを提案します。", "ja"),
        ("拡散モデルの蒸留", "ja"),
        ("Мы предлагаем новую модель.", "ru"),
        ("نقترح نموذجا جديدا.", "ar"),
        ("हम एक नया मॉडल प्रस्तुत करते हैं।", "und"),
        ("We train a model called 道 on long documents of many kinds and report gains.", "en"),
        ("The learning rate μ is scaled by λ, and α is kept as it was in the baseline.", "en"),
        ("12.5% → 99% 🎉 (+86.5)", "und"),
        ("", "und"),
    ],
)
def test_the_script_tells(text: str, language: str) -> None:
    assert language_of(text) == language


@settings(deadline=None)
@given(st.text())
def test_any_text_has_one_of_the_languages(text: str) -> None:
    assert language_of(text) in {"en", "ko", "zh", "ja", "ru", "ar", "und"}
