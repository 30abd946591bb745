"""An issue to draw: the three posts of the seed channel, and an article that three sources brought."""

from __future__ import annotations

from datetime import UTC, datetime

from digest.model import (
    Block,
    Counter,
    Coverage,
    Forward,
    Issue,
    Item,
    Period,
    Preview,
    Profile,
    Reaction,
    Section,
    Span,
    Voice,
)

WEEK = "2025-W16"
PERIOD = Period(WEEK, datetime(2025, 4, 13, 20, tzinfo=UTC), datetime(2025, 4, 20, 20, tzinfo=UTC))
PROFILE = Profile(
    title="Parallel Experiments",
    handle="LinghaoCh",
    url="https://t.me/LinghaoCh",
    description="Stay informed. Stay authentic.\n\nWelcome to the public part of my brain. Here I share curations and thoughts.\n\nCreated with ❤️ by @linghao.",
    counters=(
        Counter("1.71K", "subscribers", 1710),
        Counter("62", "photos", 62),
        Counter("1", "video", 1),
        Counter("3", "files", 3),
        Counter("811", "links", 811),
    ),
)


def paragraph(*spans: str | Span, lang: str = "") -> Block:
    return Block("paragraph", tuple(Span(s) if isinstance(s, str) else s for s in spans), lang=lang)


def bare(url: str) -> Span:
    return Span(url, href=url)


AI_2027 = Item(
    key="https://ai-2027.com",
    url="https://ai-2027.com",
    title="AI 2027",
    body=(
        paragraph(
            bare("https://ai-2027.com"),
            " “We predict that the impact of superhuman AI over the next decade will be enormous, exceeding that of the Industrial Revolution.” 不管怎样，这个页面的 interaction 很棒 #ai",
            lang="en",
        ),
    ),
    tags=("ai",),
    source="Parallel Experiments",
    source_url="https://t.me/LinghaoCh",
    at=datetime(2025, 4, 14, 9, 12, tzinfo=UTC),
    lang="en",
    forward=Forward("C’s Random Collection", "https://t.me/crandom/1024"),
    preview=Preview(
        "https://ai-2027.com",
        "ai-2027.com",
        "AI 2027",
        "A scenario that represents our best guess about what that might look like.",
    ),
    reactions=(Reaction("🤩", 1, "1"),),
    views_shown="1.1K",
    permalink="https://t.me/LinghaoCh/2101",
    own=True,
)

SECOND_HALF = Item(
    key="https://ysymyth.github.io/The-Second-Half",
    url="https://ysymyth.github.io/The-Second-Half/",
    title="The Second Half",
    body=(
        paragraph(
            "Truly a thought-provoking piece, from the author of τ-bench.\n",
            bare("https://ysymyth.github.io/The-Second-Half/"),
            " #ai",
            lang="en",
        ),
        Block(
            "quote",
            children=(
                paragraph("So what’s suddenly different now?", lang="en"),
                paragraph(
                    "In three words: RL finally works. More precisely: RL finally generalizes. After several major detours and a culmination of milestones, we’ve landed on a working recipe to solve a wide range of RL tasks using language and reasoning.",
                    lang="en",
                ),
                paragraph(
                    "The second half of AI — starting now — will shift focus from solving problems to defining problems. In this new era, evaluation becomes more important than training. Instead of just asking, “Can we train a model to solve X?”, we’re asking, “What should we be training AI to do, and how do we measure real progress?” To thrive in this second half, we’ll need a timely shift in mindset and skill set, ones perhaps closer to a product manager.",
                    lang="en",
                ),
                paragraph(
                    "It turned out the most important part of RL might not even be the RL algorithm or environment, but the priors, which can be obtained in a way totally unrelated from RL (LLMs).",
                    lang="en",
                ),
            ),
        ),
    ),
    tags=("ai",),
    source="Parallel Experiments",
    source_url="https://t.me/LinghaoCh",
    at=datetime(2025, 4, 16, 21, 40, tzinfo=UTC),
    lang="en",
    preview=Preview(
        "https://ysymyth.github.io/The-Second-Half/",
        "Shunyu Yao – 姚顺雨",
        "The Second Half",
        "tldr: We’re at AI’s halftime.",
    ),
    reactions=(Reaction("🔥", 2, "2"),),
    views_shown="986",
    permalink="https://t.me/LinghaoCh/2102",
    own=True,
)

DPO = Item(
    key="arxiv:2305.18290",
    url="https://arxiv.org/abs/2305.18290",
    title="Direct Preference Optimization: Your Language Model is Secretly a Reward Model",
    body=(
        paragraph(bare("https://arxiv.org/abs/2305.18290"), " #llm #ai"),
        paragraph("今天深入学习了 DPO，再次感叹扎实的数学功底对 AI/ML Research 的重要性……", lang="zh-Hans"),
        paragraph(
            "原始的 RLHF 是用 pairwise human preference data（A 和 B 哪个更好）去训练一个 reward model，然后用 RL 来训练主 policy model，objective 是 minimize negative log likelihood + regularization（比如 PPO 就是通过新旧 policy 之间的 KL Divergence 来做 regularization）。这样的缺点在于 RL 是出了名的难搞，而且还需要一个 critic model 来预测 reward，使得整个系统的复杂性很高。",
            lang="zh-Hans",
        ),
        paragraph(
            "DPO 的思路是，观察到 RLHF 的 objective 本质上是 minimize loss over (latent) reward function，通过一番 reparameterization 等数学推导，重新设计了一个 minimize loss over policy 的 objective，绕过了中间这个 reward model，让 gradient update 直接增加 policy model 生成 winner response 的概率并降低 loser response 的概率，大幅简化了流程。",
            lang="zh-Hans",
        ),
        paragraph(Span("拓展阅读：", ("bold",)), lang="zh-Hans"),
        Block(
            "list",
            children=(
                Block(
                    "item",
                    children=(
                        paragraph(
                            Span("KTO", href="https://arxiv.org/abs/2402.01306"),
                            "：更进一步，不需要 pairwise comparison，只用对 individual example 的 upvote/downvote 也可以学习到 preference。",
                            lang="zh-Hans",
                        ),
                    ),
                ),
                Block(
                    "item",
                    children=(
                        paragraph(
                            Span("IPO", href="https://arxiv.org/abs/2310.12036"),
                            "：解决 DPO 容易 overfit 的问题。",
                            lang="zh-Hans",
                        ),
                    ),
                ),
            ),
        ),
    ),
    tags=("llm", "ai"),
    source="Parallel Experiments",
    source_url="https://t.me/LinghaoCh",
    at=datetime(2025, 4, 18, 23, 5, tzinfo=UTC),
    lang="zh-Hans",
    preview=Preview(
        "https://arxiv.org/abs/2305.18290",
        "arXiv.org",
        "Direct Preference Optimization: Your Language Model is Secretly a Reward Model",
        "Rafailov, Sharma, Mitchell, Ermon, Manning, Finn. NeurIPS 2023. arXiv:2305.18290",
    ),
    reactions=(Reaction("👍", 3, "3"),),
    views_shown="1.2K",
    edited=True,
    permalink="https://t.me/LinghaoCh/2103",
    own=True,
)

ARTICLE = Item(
    key="https://blog.example/small-models",
    url="https://blog.example/small-models/?a=1&b=2",
    title="Small models, big caches",
    body=(
        Block(
            "quote",
            children=(
                paragraph(
                    "A cache that is read twice pays for itself. We measured <three> of them & kept one.",
                    lang="en",
                ),
            ),
        ),
    ),
    tags=("llm", "gpt-4"),
    source="An Example Blog",
    source_url="https://blog.example/",
    author="Ada Writer",
    at=datetime(2025, 4, 15, 6, 30, tzinfo=UTC),
    lang="en",
    preview=Preview(
        "https://blog.example/small-models/?a=1&b=2",
        "blog.example",
        "Small models, big caches",
        "What a week of measuring taught us.",
    ),
    voices=(
        Voice(
            "机器新闻",
            "https://t.me/example_news/77",
            datetime(2025, 4, 15, 9, tzinfo=UTC),
            (paragraph("小模型的缓存怎么选？这篇测得很细。", lang="zh-Hans"),),
            "post",
        ),
        Voice(
            "Orange Links",
            "https://links.example/item?id=5",
            datetime(2025, 4, 16, tzinfo=UTC),
            (),
            "discussion",
        ),
        Voice("Mirror", "https://mirror.example/small", datetime(2025, 4, 17, tzinfo=UTC), (), "article"),
    ),
    reading_minutes=7,
    reasons=("score 2.40 = taste 1.20 + mentions 1.20", "#llm: rule “language model”"),
)


def issue(*, language: str = "en", base_url: str = "https://digest.example") -> Issue:
    """The sample: three posts of the curator's, then a section with one article."""
    return Issue(
        week=WEEK,
        title="Parallel Experiments · 2025-W16",
        period=PERIOD,
        made_at=datetime(2025, 4, 20, 21, tzinfo=UTC),
        sections=(
            Section("Parallel Experiments", (AI_2027, SECOND_HALF, DPO), "own"),
            Section("Language models", (ARTICLE,), "llm"),
        ),
        language=language,
        timezone="UTC",
        profile=PROFILE,
        tagline="Stay informed. Stay authentic.",
        creator="@linghao",
        coverage=Coverage(feeds=285, entries=1204, stories=1003),
        base_url=base_url,
    )
