"""Addresses whose page is not asked for, with the reason: a better source exists, or there is no article to read."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from digest.urls import canonical_url, host_of

_KINDS = {
    "arxiv": "a paper: its metadata comes from arXiv's API",
    "youtube": "a video: its feed says what it is",
    "bilibili": "a video",
    "github": "a repository: its feeds and metadata say what it is",
    "telegram": "a Telegram post: read from its channel",
    "x": "a post that is shown to members only",
    "reddit": "a discussion",
}
"""By the kind of identity that `canonical_url` gives."""

_HOSTS = {
    "vimeo.com": "a video",
    "tiktok.com": "a video",
    "twitch.tv": "a video",
    "open.spotify.com": "audio",
    "podcasts.apple.com": "audio",
    "soundcloud.com": "audio",
    "xiaoyuzhoufm.com": "audio",
    "apps.apple.com": "an app's page in a store",
    "play.google.com": "an app's page in a store",
    "facebook.com": "shown to members only",
    "instagram.com": "shown to members only",
    "threads.net": "shown to members only",
    "linkedin.com": "shown to members only",
    "weibo.com": "shown to members only",
    "xiaohongshu.com": "shown to members only",
    "discord.com": "a chat",
    "discord.gg": "a chat",
    "docs.google.com": "a document that only a browser can read",
    "drive.google.com": "a file",
    "news.ycombinator.com": "a discussion",
    "lobste.rs": "a discussion",
}
"""By host and its subdomains."""

_ENDINGS = {
    "a PDF": ("pdf",),
    "an image": ("jpg", "jpeg", "png", "gif", "webp", "svg", "avif", "bmp", "tif", "tiff"),
    "a video": ("mp4", "webm", "mov", "mkv", "m4v", "avi"),
    "audio": ("mp3", "m4a", "ogg", "opus", "wav", "flac", "aac"),
    "an archive": ("zip", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar", "tar", "whl", "deb", "rpm", "dmg", "exe", "apk", "iso"),
    "a document file": ("doc", "docx", "ppt", "pptx", "xls", "xlsx", "odt", "epub", "mobi", "ps", "djvu", "csv"),
}  # fmt: skip
"""By the end of the path: linked, not fetched."""

_BY_ENDING = {ending: reason for reason, endings in _ENDINGS.items() for ending in endings}


def why_no_page(url: str) -> str:
    """Why the page at `url` is not fetched for its text; "" when it should be."""
    key = canonical_url(url)
    kind = key.partition(":")[0]
    if kind in _KINDS:
        return _KINDS[kind]
    host = host_of(url)
    while "." in host:
        if host in _HOSTS:
            return _HOSTS[host]
        host = host.partition(".")[2]
    match = re.search(r"\.([A-Za-z0-9]{2,4})$", unquote(urlsplit(url).path))
    reason = _BY_ENDING.get(match[1].lower()) if match else None
    return f"{reason}: linked, not fetched" if reason else ""
