"""What a text is about, in its own sentences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from digest.summaries import summary

ARTICLE = """\
# Direct Preference Optimization

By A. Writer

Large language models are often tuned with reinforcement learning from human feedback. This was the norm in 2022.

```python
print("Direct Preference Optimization is not a sentence here at all.")
```

[Direct Preference Optimization](https://example.org/dpo) needs no reward model and no sampling during training.
The weather was pleasant on the day that the paper came out, and many people went for a walk.
"""


def test_a_summary_never_ends_inside_a_sentence() -> None:
    wrapped = (
        "The reward model of reinforcement learning\nturns into a loss on pairs\nof answers. No sampling\nis needed any more.\n\n"
        "## What it costs in the end\n\n> Two lines of a quote that go on\n> until they end at last.\n\n"
        "- An item of a list without an end, which says\n  nothing whole\n"
    )
    assert summary("The reward model", wrapped, "en") == (
        "The reward model of reinforcement learning turns into a loss on pairs of answers. No sampling is needed any "
        "more. Two lines of a quote that go on until they end at last."
    )
    chinese = (
        "奖励模型写成成对答案上的\n损失函数；训练时不再需要采样。\n人们因此省下了一半的时间，也省下了钱。"
    )
    assert summary("奖励模型", chinese, "zh") == chinese.replace("\n", "")
    assert summary(
        "Sen. Warren", "We asked Sen. Warren about the model of Dr. Smith and his friends.", "en"
    ) == ("We asked Sen. Warren about the model of Dr. Smith and his friends.")


def test_summary_has_whole_sentences_near_the_title() -> None:
    text = summary("Direct Preference Optimization without a reward model", ARTICLE, "en", max_sentences=2)
    assert "Direct Preference Optimization needs no reward model and no sampling during training." in text
    assert "weather" not in text
    assert "print" not in text
    assert "Writer" not in text


def test_summary_of_chinese_text_is_joined_without_spaces() -> None:
    article = "直接偏好优化不需要奖励模型。作者证明它与强化学习的目标相同。昨天的天气很好，大家都出去玩了。"
    text = summary("直接偏好优化：不需要奖励模型", article, "zh", max_sentences=2)
    assert text == "直接偏好优化不需要奖励模型。作者证明它与强化学习的目标相同。"
    assert summary("标题", "", "zh") == ""


@given(st.text(), st.text(alphabet=st.sampled_from("ab .,。，“”「」中文字한カ\n")) | st.text())
def test_summary_says_nothing_that_is_not_there(title: str, text: str) -> None:
    assert all(character in text for character in summary(title, text).replace(" ", ""))
