"""Telegram Desktop's result.json as entries: a channel's whole history without asking the network.

Both forms are read: of one chat, and of a whole account (its channels), with `text_entities` and
`date_unixtime` or without them (2022). Who reacted is in there too and is dropped here. The export knows neither
views, link previews nor the channel's handle, and tells an album's parts apart from single posts by their equal
time only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote

from digest.errors import ParseError
from digest.model import Entry, Forward, Link, Media, Post, Reaction, Reply
from digest.sources.telegram.post import entry_from
from digest.unicode import all_sound

_TAGS = {
    "bold": "b", "italic": "i", "underline": "u", "strikethrough": "s", "code": "code", "spoiler": "tg-spoiler",
    "blockquote": "blockquote",
}  # fmt: skip
_MEDIA = {
    "animation": "gif", "video_file": "video", "video_message": "round", "voice_message": "voice",
    "audio_file": "audio", "sticker": "sticker",
}  # fmt: skip

Record = Mapping[str, Any]


def posts_from_export(data: bytes, channel: str = "") -> tuple[Entry, ...]:
    """The channel posts of a result.json, oldest first. `channel` is the handle, which the file does not hold:

    with it links lead to t.me/Handle/123, without it to t.me/c/<number>/123, which members can open.
    """
    try:
        document = all_sound(json.loads(data))
        chats = list(_chats(document))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ParseError("result.json", f"not a Telegram Desktop export in JSON ({error})") from error
    if not chats:
        raise ParseError(
            "result.json", "no channel in it; export the channel with format JSON from Telegram Desktop"
        )
    return tuple(entry for chat in chats for entry in _entries(chat, channel.lstrip("@")))


def _chats(document: Record) -> Iterator[Record]:
    """The one chat that was exported, or an account's channels; groups and talks are nobody's feed."""
    if isinstance(document.get("messages"), list):
        yield document
        return
    for group in ("chats", "left_chats"):
        for chat in document.get(group, {}).get("list", []):
            if "channel" in str(chat.get("type", "")) and isinstance(chat.get("messages"), list):
                yield chat


def _entries(chat: Record, channel: str) -> Iterator[Entry]:
    number = int(chat.get("id") or 0)
    messages = [
        message
        for message in chat["messages"]
        if isinstance(message, dict)
        and message.get("type") == "message"
        and isinstance(message.get("id"), int)
    ]
    for album in _albums(messages):
        yield _entry(album, str(chat.get("name") or ""), number, channel)


def _albums(messages: Iterable[Record]) -> Iterator[list[Record]]:
    """Messages, those of an album together: neighbours of the same second and sender, each with a picture or file,
    at most one of them with words (tdesktop #16890 asks for a group's number)."""
    group: list[Record] = []
    for message in messages:
        if group and not _is_of_album(group, message):
            yield group
            group = []
        group.append(message)
    if group:
        yield group


def _is_of_album(group: list[Record], message: Record) -> bool:
    def same(field: str) -> bool:
        return bool(group[0].get(field) == message.get(field))

    return (
        len(group) < 10
        and all(map(same, ("date", "from_id", "forwarded_from", "reply_to_message_id")))
        and all("photo" in member or "file" in member for member in (*group, message))
        and sum(bool(member.get("text")) for member in (*group, message)) <= 1
    )


def _entry(album: list[Record], title: str, number: int, channel: str) -> Entry:
    message = next((member for member in album if member.get("text")), album[0])
    first_id = int(album[0]["id"])
    address = f"https://t.me/{channel}" if channel else f"https://t.me/c/{number}"
    pieces = list(_pieces(message))
    post = Post(
        channel=channel,
        channel_title=title,
        message_ids=tuple(int(member["id"]) for member in album),
        hashtags=tuple(_text(piece).lstrip("#") for piece in pieces if piece.get("type") == "hashtag"),
        links=tuple(link for piece in pieces if (link := _link(piece))),
        forward=_forward(message),
        reply=_reply(message, address),
        media=tuple(medium for member in album if (medium := _medium(member))),
        reactions=_reactions(message),
        edited=bool(message.get("edited_unixtime") or message.get("edited")),
        signature=str(message.get("author") or ""),
        via_bot=str(message.get("via_bot") or "").lstrip("@"),
    )
    return entry_from(
        post,
        entry_id=f"telegram:{number}/{first_id}",
        url=f"{address}/{first_id}",
        content="".join(_html(piece, address) for piece in pieces).strip(),
        published=_time(message),
    )


def _pieces(message: Record) -> Iterator[Record]:
    """The text as a run of typed pieces, from whichever of the two forms the file has."""
    source = message.get("text_entities") or message.get("text") or []
    for piece in [source] if isinstance(source, str) else source:
        yield {"type": "plain", "text": piece} if isinstance(piece, str) else piece


def _text(piece: Record) -> str:
    return str(piece.get("text") or "")


def _html(piece: Record, address: str) -> str:
    kind = piece.get("type")
    words = escape(_text(piece), quote=False)
    if kind == "pre":
        language = escape(str(piece.get("language") or ""))
        return (
            f'<pre><code class="language-{language}">{words}</code></pre>'
            if language
            else f"<pre>{words}</pre>"
        )
    words = words.replace("\n", "<br>")
    if kind in _TAGS:
        return f"<{_TAGS[kind]}>{words}</{_TAGS[kind]}>"
    if kind == "hashtag":
        return f'<a href="{escape(address.replace("t.me/", "t.me/s/", 1))}?q={quote(_text(piece), safe="")}">{words}</a>'
    if kind == "mention":
        return f'<a href="https://t.me/{escape(_text(piece).lstrip("@"))}">{words}</a>'
    if kind == "email":
        return f'<a href="mailto:{escape(_text(piece))}">{words}</a>'
    link = _link(piece)
    return f'<a href="{escape(link.url)}">{words}</a>' if link else words


def _link(piece: Record) -> Link | None:
    """A link of the text if it leads to the web; one that was typed may lack its scheme."""
    words = _text(piece)
    if piece.get("type") == "text_link":
        url, hidden = str(piece.get("href") or ""), True
    elif piece.get("type") == "link":
        url, hidden = words if "://" in words else f"http://{words}", False
    else:
        return None
    return Link(url, words, hidden) if url.startswith(("http://", "https://")) else None


def _forward(message: Record) -> Forward | None:
    """Where it was forwarded from; a name that Telegram no longer knows is null in the file."""
    if "forwarded_from" not in message:
        return None
    return Forward(str(message["forwarded_from"] or ""))


def _reply(message: Record, address: str) -> Reply | None:
    target = message.get("reply_to_message_id")
    if not target or message.get("reply_to_peer_id"):
        return None
    return Reply(f"{address}/{target}")


def _medium(message: Record) -> Media | None:
    """What a message shows. Addresses in an export are paths on the curator's disk: left out."""
    if "photo" in message:
        return Media("photo")
    if "poll" in message:
        poll = message["poll"]
        options = "\n".join(str(answer.get("text", "")) for answer in poll.get("answers", []))
        return Media("poll", title=str(poll.get("question") or ""), extra=options)
    if "location_information" in message:
        return Media("location", title=str(message.get("place_name") or ""))
    if "contact_information" in message:
        return Media("contact")
    if "file" not in message:
        return None
    kind = _MEDIA.get(str(message.get("media_type")), "document")
    name = " – ".join(str(message[part]) for part in ("performer", "title") if message.get(part))
    return Media(kind, title=name or str(message.get("file_name") or ""))  # type: ignore[arg-type]


def _reactions(message: Record) -> tuple[Reaction, ...] | None:
    """Reactions with their counts; files from before the end of 2024 have none, which is not zero."""
    if not isinstance(message.get("reactions"), list):
        return None
    return tuple(_reaction(reaction) for reaction in message["reactions"])


def _reaction(reaction: Record) -> Reaction:
    match reaction.get("type"):
        case "paid":
            emoji = "paid"
        case "custom_emoji":
            emoji = f"custom:{reaction.get('document_id', '')}"
        case _:
            emoji = str(reaction.get("emoji") or "").replace("\ufe0f", "")
    count = int(reaction.get("count") or 0)
    return Reaction(emoji, count, str(count))


def _time(message: Record) -> datetime | None:
    """The moment; a file of 2022 gives the exporter's local time without its zone, which is taken as UTC."""
    try:
        if message.get("date_unixtime"):
            return datetime.fromtimestamp(int(message["date_unixtime"]), UTC)
        return datetime.fromisoformat(str(message.get("date"))).replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
