"""Which tags a story bears, and why: the hashtags of its posts, the curator's rules, its feeds.

Pure. The rules are digest.toml's [topics.NAME] tables; defaults/topics.toml holds those that `digest init` writes.
Whoever wrote a tag is asked before any rule, and the curator before everyone else. What the tags are worth is
rank.py's to say.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from digest.errors import ConfigError
from digest.model import Candidate, Feed, Story, TagMatch
from digest.text import folded, tag_key, tag_slug
from digest.urls import host_of

OPENING = 1000
"""Characters after the title that the rules read: further down, a word is more often an aside than the subject."""

IN_TITLE, IN_OPENING, BY_FEED, BY_ARXIV = 1.0, 0.6, 0.4, 0.3
"""How sure a match is: arXiv's categories and a feed's tags say the same of hundreds of entries a week."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One [topics.NAME] table. A story has the topic if one of `any`, `regex`, `arxiv` or `feeds` matches.

    `any` holds words and phrases. Latin ones match whole words, everything else matches as it stands; case, width
    and traditional characters are folded, so that "ＬＬＭ" is "llm" and "語言模型" is "语言模型". `regex` sees the text with its case. A hit of `not_` takes the words
    of that entry out of play. `feeds` are addresses, hosts or titles. `aliases` are other spellings of the tag.
    """

    name: str
    any: tuple[str, ...] = ()
    regex: tuple[str, ...] = ()
    not_: tuple[str, ...] = ()
    arxiv: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    title: str = ""

    @property
    def tag(self) -> str:
        """The name as a tag that Telegram links."""
        return tag_slug(self.name)


def tagged(story: Story, topics: Sequence[Topic], *, own_handle: str = "") -> tuple[TagMatch, ...]:
    """The story's tags, each once with its best reason.

    In the order in which they are worth showing: the curator's own hashtags, other authors' that name a topic,
    topics found by rule or feed (as `topics` is ordered), then what else the other authors wrote.
    """
    names = _names(tuple(topics))
    texts = [(member, _text(member)) for member in story.members]
    own, others = _posts(story, own_handle)
    theirs = tuple(_hashtags(others, names))
    known = frozenset(names.values())
    return _first_of_each(
        chain(
            _hashtags(own, names),
            (match for match in theirs if match.tag in known),
            chain.from_iterable(_by_rules(story, texts, topic, names) for topic in topics),
            _by_feed_tags(story, names),
            theirs,
        )
    )


def _first_of_each(matches: Iterable[TagMatch]) -> tuple[TagMatch, ...]:
    first: dict[str, TagMatch] = {}
    for match in matches:
        first.setdefault(tag_key(match.tag), match)
    return tuple(first.values())


# --- names ----------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _names(topics: tuple[Topic, ...]) -> Mapping[str, str]:
    """Comparison key of every name and alias -> the tag to write. A topic's own name beats another's alias."""
    names = {_key(topic.name): topic.tag for topic in topics}
    for topic in topics:
        for alias in topic.aliases:
            names.setdefault(_key(alias), topic.tag)
    return names


def _key(name: str) -> str:
    """One key for "Machine Learning", "machine-learning" and "#machine_learning"."""
    return tag_key(tag_slug(name))


# --- tags that people wrote -----------------------------------------------------------------------


def _posts(story: Story, own_handle: str) -> tuple[list[Candidate], list[Candidate]]:
    """The story's channel posts, oldest first: the curator's own, and the others'."""
    posts = sorted((m for m in story.members if m.entry.post), key=lambda m: (m.at, m.key))
    own = [m for m in posts if _is_own(m, own_handle)]
    return own, [m for m in posts if m not in own]


def _is_own(member: Candidate, own_handle: str) -> bool:
    handle = own_handle.removeprefix("@").casefold()
    return bool(handle) and member.entry.post is not None and member.entry.post.channel.casefold() == handle


def _hashtags(posts: Iterable[Candidate], names: Mapping[str, str]) -> Iterator[TagMatch]:
    """A forward's hashtags are its author's, as are its words."""
    for member in posts:
        if (post := member.entry.post) is None:
            continue
        author = post.forward.name if post.forward else post.channel_title
        for hashtag in post.hashtags:
            if tag := names.get(_key(hashtag)) or tag_slug(hashtag):
                yield TagMatch(tag, "hashtag", f"#{hashtag} by {author}")


def _by_feed_tags(story: Story, names: Mapping[str, str]) -> Iterator[TagMatch]:
    for member in story.members:
        for category in member.feed.tags:
            if tag := names.get(_key(category)) or tag_slug(category):
                yield TagMatch(tag, "feed", f"feed tag “{category}” of {member.feed_title}", BY_FEED)


# --- rules ----------------------------------------------------------------------------------------


def _by_rules(
    story: Story, texts: Sequence[tuple[Candidate, _Text]], topic: Topic, names: Mapping[str, str]
) -> Iterator[TagMatch]:
    """Every reason why the story has the topic, the best first."""
    rules = _rules(topic)
    tag = rules.tag
    read = [(member, text) for member, text in texts if not rules.excludes(text)]
    for member, text in read:
        if why := rules.hit(text.title):
            yield TagMatch(tag, "rule", f"{why} in the title{_whose(member, story)}", IN_TITLE)
    for member in story.members:
        for category in member.entry.categories:
            if names.get(_key(category)) == tag:
                yield TagMatch(tag, "category", f"category “{category}” of {member.feed_title}", IN_OPENING)
    for member, text in read:
        if why := rules.hit(text.opening):
            yield TagMatch(tag, "rule", f"{why} in the text{_whose(member, story)}", IN_OPENING)
    for member in story.members:
        if rule := _feed_rule(member.feed, topic):
            yield TagMatch(tag, "feed", f"rule feeds: “{rule}”", BY_FEED)
        if member.entry.paper and (shared := _shared(topic.arxiv, member.entry.paper.categories)):
            yield TagMatch(tag, "category", f"arXiv category {shared}", BY_ARXIV)


def _whose(member: Candidate, story: Story) -> str:
    return "" if member is story.lead else f" at {member.feed_title}"


def _shared(wanted: Iterable[str], categories: Iterable[str]) -> str:
    given = {category.casefold() for category in categories}
    return next((category for category in wanted if category.casefold() in given), "")


def _feed_rule(feed: Feed, topic: Topic) -> str:
    """The rule that names this feed: its address, its title, or a host that it lives under."""
    titles = {feed.url.casefold(), feed.title.casefold()}
    hosts = [host_of(url) for url in (feed.url, feed.site_url)]
    for rule in topic.feeds:
        wanted = rule.strip().casefold()
        if wanted and (wanted in titles or any(f".{host}".endswith(f".{wanted}") for host in hosts)):
            return rule
    return ""


# --- words ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Words:
    """A passage twice: for regular expressions, and with case folded for words."""

    cased: str
    folded: str


@dataclass(frozen=True, slots=True)
class _Text:
    title: _Words
    opening: _Words


@dataclass(frozen=True, slots=True)
class _Rules:
    """A topic made ready: its tag, its words as (as written, folded) pairs, its expressions compiled."""

    tag: str
    any: tuple[tuple[str, str], ...]
    regex: tuple[re.Pattern[str], ...]
    not_: tuple[str, ...]

    def hit(self, words: _Words) -> str:
        """The first rule that matches, in words for a person; "" when none does."""
        for written, term in self.any:
            if _holds(words.folded, term):
                return f"rule any: “{written}”"
        for pattern in self.regex:
            if pattern.search(words.cased):
                return f"rule regex: {pattern.pattern}"
        return ""

    def excludes(self, text: _Text) -> bool:
        return any(_holds(text.title.folded, t) or _holds(text.opening.folded, t) for t in self.not_)


@lru_cache(maxsize=256)
def _rules(topic: Topic) -> _Rules:
    terms = tuple((term.strip(), folded(_spaced(term))) for term in topic.any if term.strip())
    excluded = tuple(folded(_spaced(term)) for term in topic.not_ if term.strip())
    return _Rules(topic.tag, terms, tuple(_compiled(topic.name, p) for p in topic.regex), excluded)


def _compiled(name: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"topics.{name}.regex", f"{pattern!r} is no regular expression: {error}") from error


def _holds(text: str, term: str) -> bool:
    """Whether `term` stands in `text` as a word of its own; both folded.

    `str.find` and a look at the neighbours: an alternation of 300 terms costs ten times as much.
    """
    at = text.find(term)
    while at >= 0:
        end = at + len(term)
        if not (_joined(text[at - 1 : at], term[0]) or _joined(term[-1], text[end : end + 1])):
            return True
        at = text.find(term, at + 1)
    return False


def _joined(left: str, right: str) -> bool:
    """Whether two neighbours belong to one word: both Latin letters, or both digits.

    "GPT-4" has "gpt", "Llama3" has "llama", "学习LLM的" has "llm"; "email" has no "ai", "GPT-41" no "gpt-4".
    """
    return bool(left and right) and (
        (_is_latin(left) and _is_latin(right)) or (left.isdigit() and right.isdigit())
    )


def _is_latin(char: str) -> bool:
    return char.isalpha() and char < "\u0250"


def _spaced(text: str) -> str:
    """White space as one space: a phrase may be broken over two lines."""
    return " ".join(text.split())


# --- what an entry says ---------------------------------------------------------------------------

_TAG = re.compile(r"<[^<>]*>")
_ADDRESS = re.compile(r"https?://[^\s<>\"'）)」]+", re.IGNORECASE)
"""Taken out of the text: https://ai-2027.com does not say "ai"."""


def _text(member: Candidate) -> _Text:
    entry, article = member.entry, member.article
    title = " — ".join(dict.fromkeys(t for t in (entry.title, article.title if article else "") if t))
    body = _plain(entry.summary) or _plain(entry.content)
    return _Text(_words(title), _words(f"{body} {article.text[: 2 * OPENING] if article else ''}"))


def _plain(markup: str) -> str:
    """The words at the beginning of some sanitised HTML, roughly.

    Structure does not matter here, and a week may bring 10,000 entries: not worth `markup.text_of`.
    """
    return html.unescape(_TAG.sub(" ", markup[: 6 * OPENING]))


def _words(text: str) -> _Words:
    cased = unicodedata.normalize("NFKC", _spaced(_ADDRESS.sub(" ", text))[:OPENING])
    return _Words(cased, folded(cased))
