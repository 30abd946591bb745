"""One t.me/s/ page: what the name is, the channel's header, its posts, and where older ones are."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from digest.errors import NotAFeed, SourceRefused
from digest.model import Counter, Entry, Profile
from digest.sources.telegram.dom import all_of, first, https, number, plain_text, tree

if TYPE_CHECKING:
    Element = Any


@dataclass(frozen=True, slots=True)
class Page:
    """A previewable channel's page. `before` is the cursor to the next older page, "" on the oldest."""

    profile: Profile
    entries: tuple[Entry, ...]
    before: str = ""


def parse_page(body: bytes, url: str, numeric_id: int | None = None) -> Page:
    """The page at `url`, posts oldest first; SourceRefused with the name's state when it is no channel's preview.

    `numeric_id` is the channel's number if it is known already, for a page that does not tell it.
    """
    from digest.sources.telegram.post import entry_of, is_post

    root = tree(body)
    name = _asked_name(url)
    history = first(root, "section.tgme_channel_history")
    if history is None or first(root, ".tgme_channel_info, [data-post], .tme_no_messages_found") is None:
        raise _refusal(root, name)
    messages = [message for message in all_of(root, ".tgme_widget_message[data-post]") if is_post(message)]
    profile = _profile(root, name, _numeric_id(root) or numeric_id)
    channel_id = profile.numeric_id or profile.handle.lower()
    more = first(root, "a.tme_messages_more[data-before]")
    before = str(more.get("data-before")) if more is not None else ""
    return Page(
        profile,
        tuple(entry_of(message, profile.title, channel_id) for message in messages),
        before=before if before.isdecimal() else "",
    )


def _asked_name(url: str) -> str:
    path = [part for part in urlsplit(url).path.split("/") if part and part != "s"]
    return path[0] if path else ""


# --- what a name can be ---------------------------------------------------------------------------


def _refusal(root: Element, name: str) -> NotAFeed | SourceRefused:
    """Why there is no preview: t.me answers 200 with a card for nearly everything."""
    subject = f"https://t.me/s/{name}"
    card = first(root, ".tgme_page")
    if card is None:
        if (
            "telegram" not in plain_text(first(root, "head")).lower()
            and first(root, ".tgme_head, [class^=tgme]") is None
        ):
            message = "the answer is not a Telegram page; does a proxy or a login page stand in between?"
            return NotAFeed(subject, message)
        message = (
            f"Telegram does not show @{name} here (restricted); open it in the app to see why, or unsubscribe"
        )
        return SourceRefused(subject, message, state="restricted")
    state, message = _card_state(card, name)
    return SourceRefused(subject, message, state=state)


def _card_state(card: Element, name: str) -> tuple[str, str]:
    extra = " ".join(plain_text(part) for part in all_of(card, ".tgme_page_extra"))
    words = plain_text(card)
    if "can't be displayed" in words or "can’t be displayed" in words:
        return (
            "restricted",
            f"Telegram does not show @{name} here (restricted); unsubscribe, or read it in the app",
        )
    if (
        re.search(r"\bsubscribers?\b", extra)
        or "view posts by" in words
        or first(card, "a[href^='/s/']") is not None
    ):
        return "no preview", (
            f"@{name} is a channel without a public preview; ask its owner to allow one (restricting saved content "
            "switches it off), or import an export of it"
        )
    if re.search(r"\bmembers?\b", extra):
        return "group", f"@{name} is a group; only channels can be subscribed to"
    if re.search(r"\bmonthly users?\b", extra) or name.lower().endswith("bot"):
        return "bot", f"@{name} is a bot; only channels can be subscribed to"
    if first(card, ".tgme_page_title") is not None:
        return "user", f"@{name} is a person's account; only channels can be subscribed to"
    return "free", f"nobody has the name @{name}; check the spelling, or whether the channel was renamed"


# --- the header -----------------------------------------------------------------------------------


def _profile(root: Element, name: str, numeric_id: int | None) -> Profile:
    handle = (
        plain_text(first(root, ".tgme_channel_info_header_username a")).lstrip("@")
        or _posted_name(root)
        or name
    )
    title = (
        plain_text(first(root, ".tgme_channel_info_header_title"))
        or _property(root, "og:title")
        or f"@{handle}"
    )
    photo = first(root, ".tgme_channel_info .tgme_page_photo_image img, .tgme_page_photo_image img")
    description = first(root, ".tgme_channel_info_description")
    return Profile(
        title=title,
        handle=handle,
        url=f"https://t.me/{handle}",
        avatar=https(photo.get("src", "")) if photo is not None else "",
        description=plain_text(description),
        counters=tuple(_counter(counter) for counter in all_of(root, ".tgme_channel_info_counter")),
        numeric_id=numeric_id,
    )


def _counter(element: Element) -> Counter:
    value = plain_text(first(element, ".counter_value"))
    return Counter(value, plain_text(first(element, ".counter_type")), number(value))


def _posted_name(root: Element) -> str:
    """The name as the posts carry it, in its canonical case."""
    message = first(root, "[data-post]")
    return message.get("data-post", "").partition("/")[0] if message is not None else ""


def _property(root: Element, name: str) -> str:
    element = first(root, f'meta[property="{name}"]')
    return element.get("content", "").strip() if element is not None else ""


def _numeric_id(root: Element) -> int | None:
    """The channel's number, from the base64url JSON that each message carries for the view counter."""
    for message in all_of(root, "[data-view]"):
        data = message.get("data-view", "")
        try:
            found = json.loads(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)))
        except (binascii.Error, ValueError):
            continue
        if isinstance(found, dict) and isinstance(found.get("c"), int) and found["c"]:
            return abs(int(found["c"]))
    return None
