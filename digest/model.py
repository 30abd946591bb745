"""The values that travel between the stages. All are frozen; all times are aware UTC; `None` means absent.

Three families: what is fetched and stored (Feed, Request, Response, ParsedFeed, Entry, Article), what is derived
at each draft (Candidate, TagMatch, Story), and what is decided and frozen (Issue > Section > Item, Rendered,
Message, Receipt). Database rows stay in the store; renderers see nothing but an Issue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

# --- marked-up text -------------------------------------------------------------------------------

Mark = Literal["bold", "italic", "underline", "strike", "code", "spoiler"]


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text with the same marks. `href` makes it a link; a bare link has `text == href`.

    A line break inside a paragraph is "\n" in `text`. A hashtag is plain text ("#ai"): renderers link it.
    """

    text: str
    marks: tuple[Mark, ...] = ()
    href: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, code, rule, image or table (in `spans`), or a quote or list (in `children`).

    `list` and `ordered` hold `item` blocks, `quote` and `item` hold any blocks. `code` has one span, newlines kept,
    and its language in `info`; `image` has one span: text = alt, href = address; `table` keeps its Markdown source
    in one span; `math` likewise keeps its TeX. `lang` is a BCP 47 tag ("zh-Hans", "en") or "" when unknown.
    """

    kind: Literal[
        "paragraph", "heading", "quote", "list", "ordered", "item", "code", "rule", "image", "table", "math"
    ]
    spans: tuple[Span, ...] = ()
    children: tuple[Block, ...] = ()
    lang: str = ""
    level: int = 0
    info: str = ""


# --- subscriptions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Feed:
    """A subscription as feeds.opml states it. `url` is its key; `tags` come from `category` ("/ai,/llm")."""

    url: str
    title: str = ""
    site_url: str = ""
    tags: tuple[str, ...] = ()
    interval: timedelta | None = None
    full_text: bool | None = None
    weight: float = 1.0
    folder: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    """The outline's other attributes, in Clark notation, kept for the round trip."""


@dataclass(frozen=True, slots=True)
class ScheduleHints:
    """What the feed's own document asks of pollers."""

    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    """Hours of the day, UTC (RSS 2.0 skipHours)."""
    skip_days: frozenset[int] = frozenset()
    """0 = Monday, as `datetime.weekday` counts."""
    update_period: timedelta | None = None
    """sy:updatePeriod divided by sy:updateFrequency."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One figure of a channel's header: the words as shown ("1.71K", "subscribers") and the rounded number."""

    value: str
    label: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """Who a feed or channel says it is."""

    title: str
    handle: str = ""
    """Without @."""
    url: str = ""
    avatar: str = ""
    description: str = ""
    """Plain text, line breaks kept."""
    counters: tuple[Counter, ...] = ()
    numeric_id: int | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong with a feed for longer than a moment (see health.py). `detail`: the error, or where it moved."""

    kind: Literal["failing", "changed", "taken", "gone", "silent", "moved"]
    since: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed between polls."""

    feed_id: int
    url: str
    address: str
    """Where it is asked: `url`, or where it permanently moved to."""
    title: str = ""
    etag: str = ""
    last_modified: str = ""
    body_sha256: str = ""
    changed_at: datetime | None = None
    """Last 200, whatever its body; after 8 days of nothing but 304 the validators are dropped."""
    polled_at: datetime | None = None
    ok_at: datetime | None = None
    """Last poll that worked, with or without news."""
    entry_at: datetime | None = None
    """When a new entry last came."""
    due_at: datetime | None = None
    due_reason: str = ""
    failures: int = 0
    failing_since: datetime | None = None
    error: str = ""
    warning: str = ""
    gone_at: datetime | None = None
    """410: never asked again until revived."""
    moved_to: str = ""
    moved_sightings: int = 0
    hints: ScheduleHints = field(default_factory=ScheduleHints)
    profile: Profile | None = None
    cursor: str = ""
    """Opaque to all but the source that wrote it."""
    became: str = ""
    """What stands at the address of what was a feed, since it fails so."""
    taken_at: datetime | None = None
    """When another feed first stood at its address: under another title, with none of the entries known."""
    former_title: str = ""
    """What it was called before that."""
    told: tuple[Trouble, ...] = ()
    """What the curator knows to be wrong."""


# --- asking and answering -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """One GET. Validators are sent byte for byte as they came; empty means none."""

    url: str
    kind: Literal["feed", "page", "api"] = "feed"
    accept: str = ""
    etag: str = ""
    last_modified: str = ""
    max_bytes: int | None = None
    """Overrides the setting, downwards only."""
    pause: timedelta = timedelta(0)
    """Least time between two requests to this host, when it asks for more than ours (arXiv's API: 3 s)."""


@dataclass(frozen=True, slots=True)
class Redirect:
    status: int
    url: str
    """Where it led to."""


@dataclass(frozen=True, slots=True)
class Response:
    """A 2xx or 304, or (inside HttpError) anything else. `headers` has lower-case names; `body` is decompressed."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    final_url: str
    redirects: tuple[Redirect, ...] = ()
    fetched_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Work for a process that a deadline can end: `function(*args)`, a module-level function, picklable both ways."""

    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    deadline: timedelta = timedelta(seconds=30)
    subject: str = ""
    """The document's address, for the error when the work is ended; else the function's name is used."""


# --- what a feed holds ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """A link in a post: `hidden` when the anchor's words are not the address."""

    url: str
    text: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Forward:
    """Where a post was forwarded from; its words and tags are that author's. `url` is the original post if public."""

    name: str
    url: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    url: str = ""
    author: str = ""
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A link-preview card; every part but `url` is optional."""

    url: str
    site: str = ""
    title: str = ""
    description: str = ""
    image: str = ""
    small: bool = False
    """The image is a thumbnail at the right, not a picture below."""


@dataclass(frozen=True, slots=True)
class Media:
    kind: Literal[
        "photo",
        "video",
        "gif",
        "round",
        "document",
        "audio",
        "voice",
        "sticker",
        "poll",
        "location",
        "contact",
    ]
    url: str = ""
    thumb: str = ""
    title: str = ""
    """File name, poll question, place."""
    extra: str = ""
    """Size, duration, poll options as lines."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """`emoji` is the glyph without U+FE0F, "custom:<id>" or "paid"; `count` as shown is "55.2K"."""

    emoji: str
    count: int
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """What a channel post holds besides an entry's fields."""

    channel: str
    """Handle without @, in its canonical case."""
    channel_title: str
    message_ids: tuple[int, ...]
    """An album's members all; the first names the post."""
    hashtags: tuple[str, ...] = ()
    """As written, without #, in order; of the author of the words (see `forward`)."""
    links: tuple[Link, ...] = ()
    forward: Forward | None = None
    reply: Reply | None = None
    preview: Preview | None = None
    media: tuple[Media, ...] = ()
    reactions: tuple[Reaction, ...] | None = None
    """None: off or unknown, which is not zero."""
    views: int | None = None
    views_shown: str = ""
    edited: bool = False
    partial: bool = False
    """Some part of it can be seen in Telegram only."""
    signature: str = ""
    via_bot: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """What arXiv says of a paper. `arxiv_id` has no version."""

    arxiv_id: str
    version: int = 1
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    """The primary one first."""
    announce: str = ""
    """new, cross, replace, replace-cross, or "" from the API."""
    doi: str = ""
    journal: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Enclosure:
    url: str
    media_type: str = ""
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed, normalised: HTML sanitised with absolute addresses, text otherwise as it came."""

    id: str
    """Unique in its feed and stable between polls: guid, else canonical link, else a hash (see identity.py)."""
    url: str
    title: str
    content_hash: str
    """Of what a reader would call the entry's content, before sanitising; a change of it is an edit."""
    author: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    summary: str = ""
    """Sanitised HTML."""
    content: str = ""
    """Sanitised HTML, the longest body that the feed gives."""
    language: str = ""
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    comments_url: str = ""
    via_url: str = ""
    """The article that a link-blog's entry or an aggregator's item points at. The same as `url` when that is
    somebody else's page and the entry has none of its own."""
    post: Post | None = None
    paper: Paper | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that the store already holds, as much of it as identity needs."""

    id: str
    content_hash: str
    link_key: str
    """canonical_url of its link, "" without one."""
    title: str = ""


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What one poll of a source found. `entries` are new or changed; `unchanged` the ids seen again as they were."""

    entries: tuple[Entry, ...] = ()
    unchanged: tuple[str, ...] = ()
    not_modified: bool = False
    title: str = ""
    site_url: str = ""
    language: str = ""
    hints: ScheduleHints = field(default_factory=ScheduleHints)
    profile: Profile | None = None
    warnings: tuple[str, ...] = ()
    """What was wrong and could be read all the same ("malformed XML at line 3, read leniently")."""
    cursor: str = ""
    earliest_due: datetime | None = None
    """The source knows that nothing new can come before (arXiv's nightly announcement)."""


@dataclass(frozen=True, slots=True)
class Article:
    """The text behind an address, and where it was taken from."""

    key: str
    """canonical_url of its address: one article however many entries lead to it."""
    url: str
    title: str = ""
    author: str = ""
    site: str = ""
    published: datetime | None = None
    language: str = ""
    text: str = ""
    """Markdown, as found; never width-folded or re-spaced."""
    summary: str = ""
    """Plain text: the source's own summary, the page's description, or what it shows before its paywall."""
    image: str = ""
    origin: Literal["feed", "page", "teaser", "description", "metadata", "none"] = "none"
    error: str = ""
    """Why it is not the page's text, when it should be."""
    aliases: tuple[str, ...] = ()
    """Other keys that were seen to be the same (redirect target, rel=canonical)."""
    fetched_at: datetime | None = None
    fingerprint: bytes = b""
    """Of `text`, as dedup keeps it; empty where it was not made."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What polling one feed came to. `found` counts the document's entries, new or not."""

    url: str
    status: Literal["new", "unchanged", "failed", "gone", "paused"]
    new: int = 0
    updated: int = 0
    found: int = 0
    pages: int = 0
    error: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PollReport:
    """What a whole poll came to."""

    outcomes: tuple[Outcome, ...]
    skipped: int = 0
    """Subscribed feeds that were not due."""

    @property
    def new(self) -> int:
        return sum(o.new for o in self.outcomes)

    @property
    def updated(self) -> int:
        return sum(o.updated for o in self.outcomes)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        return tuple(o for o in self.outcomes if o.status in ("failed", "gone"))


# --- derived at each draft ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored entry with its feed and article, as the draft sees it."""

    entry_id: int
    feed: Feed
    feed_title: str
    entry: Entry
    at: datetime
    """The moment that decides its week: publication if plausible, else first sight."""
    first_seen: datetime
    key: str
    """Identity of the entry itself: canonical_url of its address, or feed and id without one."""
    target: str = ""
    """Identity of the article that it mentions, when it is a mention; else ""."""
    article: Article | None = None
    """Of the target for a mention, of the entry itself otherwise."""


@dataclass(frozen=True, slots=True)
class TagMatch:
    """A tag and why: `origin` hashtag, rule, category, feed, model or curator; `reason` for a person."""

    tag: str
    origin: Literal["hashtag", "rule", "category", "feed", "model", "curator"]
    reason: str
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why an entry was folded into a story: the rule's name, a score in 0..1, and the words for `why`."""

    entry_id: int
    rule: str
    score: float
    detail: str


@dataclass(frozen=True, slots=True)
class Story:
    """Entries that are one story. `lead` is the best source; `others` said something of it, in order of time."""

    key: str
    lead: Candidate
    others: tuple[Candidate, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    @property
    def members(self) -> tuple[Candidate, ...]:
        return (self.lead, *self.others)


@dataclass(frozen=True, slots=True)
class Scored:
    """A story with its tags, its score and the parts of it (name, value), which add up."""

    story: Story
    tags: tuple[TagMatch, ...]
    score: float
    parts: tuple[tuple[str, float], ...]
    section: str = ""
    verdict: str = ""
    """"selected", or why it was not: "quota: 5 of blog.example"."""


@dataclass(frozen=True, slots=True)
class Period:
    """An ISO week of the curator's calendar: `start` <= t < `end`, both aware UTC."""

    week: str
    start: datetime
    end: datetime


# --- decided and frozen ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Voice:
    """One of the sources folded under an item: who, where, when, and what they said of it (may be empty)."""

    name: str
    url: str
    at: datetime | None = None
    words: tuple[Block, ...] = ()
    kind: Literal["article", "post", "paper", "discussion"] = "article"


@dataclass(frozen=True, slots=True)
class Item:
    """One post of an issue, in the words of whoever wrote them. The only thing that a renderer draws.

    `body` is what the curator says: remark, quotes, lists, as in a channel post. The link line is made from
    `url` and `tags` when the body does not hold the link itself.
    """

    key: str
    url: str
    title: str
    body: tuple[Block, ...] = ()
    tags: tuple[str, ...] = ()
    source: str = ""
    """Whose words `body` are, or whose article it is: channel or feed title."""
    source_url: str = ""
    author: str = ""
    at: datetime | None = None
    lang: str = ""
    forward: Forward | None = None
    reply: Reply | None = None
    preview: Preview | None = None
    media: tuple[Media, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    views_shown: str = ""
    edited: bool = False
    partial: bool = False
    permalink: str = ""
    """The post's own address, when it is a post."""
    voices: tuple[Voice, ...] = ()
    reading_minutes: int = 0
    seen_in: str = ""
    """The earlier issue that carried it, when it is here again."""
    own: bool = False
    """From the curator's own channel."""
    reasons: tuple[str, ...] = ()
    """For the curator's eyes: score and its parts, tags by rule. Never rendered for readers."""


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    items: tuple[Item, ...]
    slug: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the week's reading was: for the line "from 1,204 entries of 285 feeds"."""

    feeds: int = 0
    entries: int = 0
    stories: int = 0


@dataclass(frozen=True, slots=True)
class Issue:
    """One week's digest as decided. `note` is the editor's opening; `tagline` and the rest come from settings."""

    week: str
    title: str
    period: Period
    made_at: datetime
    sections: tuple[Section, ...]
    note: tuple[Block, ...] = ()
    headline: str = ""
    language: str = "zh"
    timezone: str = "UTC"
    profile: Profile = field(default_factory=lambda: Profile(title=""))
    """Of the digest itself: title, handle, description, counters of the curator's channel."""
    tagline: str = ""
    creator: str = ""
    coverage: Coverage = field(default_factory=Coverage)
    base_url: str = ""
    """Where public/ is served; "" when it is not."""

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for section in self.sections for item in section.items)


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue as its Markdown file stands: what is in, what waits on the shelf, and whether it may go out."""

    issue: Issue
    shelf: tuple[Item, ...] = ()
    approved: bool = False
    warnings: tuple[str, ...] = ()
    """Line and words for what could not be understood and was kept as text."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One output file: its name under public/WEEK/, media type and bytes."""

    name: str
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """One reader: an address and what they asked for."""

    address: str
    name: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A mail before it is put into MIME, the same for every reader but for what `mail.py` fills in."""

    week: str
    subject: str
    html: str
    text: str
    sender: str
    """"Name <address>"."""
    date: datetime
    reply_to: str = ""
    list_id: str = ""
    """"Title <list.example.org>" or the bare id."""
    archive_url: str = ""
    issue_url: str = ""
    unsubscribe_url: str = ""
    """May hold {token}; https for one-click."""
    unsubscribe_mail: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one delivery."""

    status: Literal["sent", "failed", "uncertain"]
    detail: str = ""
    """The server's own words, or the file written."""
    temporary: bool = False


# --- what the store tells -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A subscription with its state and how many entries of it are kept."""

    feed: Feed
    state: FeedState
    entries: int = 0
    subscribed: bool = True


@dataclass(frozen=True, slots=True)
class Saved:
    """What one save_poll changed: ids of entries that are new, and of those whose content was edited."""

    new: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IssueRecord:
    """A frozen draft with its dates. `sent_at` is set once every target was served or failed for good."""

    draft: Draft
    cut_at: datetime
    """Entries first seen after this moment belong to a later issue."""
    built_at: datetime | None = None
    sent_at: datetime | None = None

    @property
    def week(self) -> str:
        return self.draft.issue.week


@dataclass(frozen=True, slots=True)
class Decision:
    """What a draft decided about one story, kept for `digest why`."""

    week: str
    key: str
    title: str
    score: float
    parts: tuple[tuple[str, float], ...]
    tags: tuple[TagMatch, ...]
    section: str
    verdict: str
    entry_ids: tuple[int, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One reader's copy of one issue. `sending` left behind by a process that died becomes `uncertain`."""

    week: str
    channel: str
    """smtp, maildir, …"""
    address: str
    message_id: str
    status: Literal["sending", "sent", "failed", "uncertain"]
    at: datetime
    detail: str = ""
    temporary: bool = False
    """A failed one that the next run may try again."""


@dataclass(frozen=True, slots=True)
class Run:
    """One command that did something: for `status`."""

    command: str
    started_at: datetime
    ended_at: datetime | None
    ok: bool
    summary: str
