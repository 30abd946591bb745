"""The words around an issue, in English and Chinese, and how each language writes dates and counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wording:
    """One language. Templates and writers take every word of theirs from here."""

    lang: str
    weekly: str
    in_this_issue: str
    forwarded_from: str
    reply_to: str
    also: str
    edited: str
    views: str
    """Holds {} for the figure."""
    seen_in: str
    """Holds {} for the week."""
    partial: str
    read_on: str
    open_channel: str
    why_you: str
    """Holds {} for the title."""
    in_browser: str
    markdown: str
    unsubscribe: str
    subscribe: str
    issues: str
    empty: str
    rest: str
    colon: str
    media: dict[str, str]
    counters: dict[str, str]

    def count(self, number: int, one: str, many: str) -> str:
        """ "1 post", "3 posts"; Chinese has one form, given as `_CHINESE` says."""
        if self.lang == "en":
            return f"{number:,} {one if number == 1 else many}"
        return f"{number:,} {_CHINESE[many]}"

    def minutes(self, number: int) -> str:
        return f"{number} min read" if self.lang == "en" else f"阅读约 {number} 分钟"

    def coverage(self, entries: int, feeds: int) -> str:
        if self.lang == "en":
            return f"Chosen from {self.count(entries, 'entry', 'entries')} of {self.count(feeds, 'feed', 'feeds')}"
        return f"选自 {feeds:,} 个订阅源的 {entries:,} 条内容"

    def created_by(self, creator: str) -> str:
        return f"Created with ❤️ by {creator}." if self.lang == "en" else f"由 {creator} 用 ❤️ 制作"

    def day(self, day: date, year: int) -> str:
        """ "April 14", with the year when it isn't `year`."""
        if self.lang == "en":
            return f"{_MONTHS[day.month - 1]} {day.day}" + ("" if day.year == year else f", {day.year}")
        return ("" if day.year == year else f"{day.year}年") + f"{day.month}月{day.day}日"

    def moment(self, at: datetime, year: int) -> str:
        """ "Apr 14, 09:12" for posts that do not stand under a date."""
        if self.lang == "en":
            years = "" if at.year == year else f" {at.year}"
            return f"{_MONTHS[at.month - 1][:3]} {at.day}{years}, {at:%H:%M}"
        return f"{self.day(at.date(), year)} {at:%H:%M}"

    def counter(self, label: str) -> str:
        """A channel's counter as the header shows it: "Subscribers"."""
        return self.counters.get(label.lower(), label[:1].upper() + label[1:])


_CHINESE = {
    "posts": "篇",
    "links": "个链接",
    "options": "个选项",
}

ENGLISH = Wording(
    lang="en",
    weekly="weekly digest",
    in_this_issue="In this issue",
    forwarded_from="Forwarded from",
    reply_to="In reply to",
    also="Also",
    edited="edited",
    views="{} views",
    seen_in="seen in {}",
    partial="Part of this post can be seen in Telegram only",
    read_on="read on the web",
    open_channel="Open the channel in Telegram",
    why_you="You get this because you subscribed to {}.",
    in_browser="View in browser",
    markdown="Markdown",
    unsubscribe="Unsubscribe",
    subscribe="Atom feed",
    issues="All issues",
    empty="Nothing was chosen this week.",
    rest="More",
    colon=": ",
    media={
        "photo": "Photo", "video": "Video", "gif": "GIF", "round": "Video message", "document": "File",
        "audio": "Audio", "voice": "Voice message", "sticker": "Sticker", "poll": "Poll",
        "location": "Location", "contact": "Contact",
    },
    counters={},
)  # fmt: skip

CHINESE = Wording(
    lang="zh-Hans",
    weekly="每周文摘",
    in_this_issue="本期",
    forwarded_from="转发自",
    reply_to="回复",
    also="另见",
    edited="已编辑",
    views="{} 次浏览",
    seen_in="曾见于 {}",
    partial="这条消息的一部分只能在 Telegram 中查看",
    read_on="在网页上继续读",
    open_channel="在 Telegram 中打开频道",
    why_you="你收到这封邮件，是因为你订阅了 {}。",
    in_browser="在浏览器中查看",
    markdown="Markdown",
    unsubscribe="退订",
    subscribe="Atom 订阅",
    issues="往期",
    empty="本周没有选出内容。",
    rest="其他",
    colon="：",
    media={
        "photo": "图片", "video": "视频", "gif": "动图", "round": "视频消息", "document": "文件",
        "audio": "音频", "voice": "语音", "sticker": "贴纸", "poll": "投票", "location": "位置", "contact": "联系人",
    },
    counters={
        "subscribers": "订阅者", "subscriber": "订阅者", "members": "成员", "member": "成员", "photos": "图片", "photo": "图片",
        "videos": "视频", "video": "视频", "files": "文件", "file": "文件", "links": "链接", "link": "链接",
    },
)  # fmt: skip


def wording(language: str) -> Wording:
    """Chinese for "zh" and its variants, English for the rest."""
    return CHINESE if language.lower().startswith("zh") else ENGLISH
