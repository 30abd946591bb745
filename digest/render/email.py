"""email.html: the issue as a mail that needs no image, no script and no <style> to be read.

Under 90 kB, since Gmail clips a mail at about 102 kB (hteumeuleu/email-bugs#41): a larger issue loses first what
others said, then the ends of quoted passages and the avatars, then the ends of long posts and the previews, each
with a link to the rest; every item stays with its title, address and tags.
"""

from __future__ import annotations

from functools import partial

import css_inline

from digest.model import Issue, Rendered
from digest.render import UNSUBSCRIBE, Look
from digest.render.inline import inline
from digest.render.page import Limits, Page, page

MAX_BYTES = 90_000

_LADDER = (
    Limits(voice=480),
    Limits(voice=240),
    Limits(voice=0),
    Limits(voice=0, quote=480),
    Limits(voice=0, quote=240),
    Limits(voice=0, quote=240, compact=True),
    Limits(voice=0, quote=160, body=1200, compact=True),
    Limits(voice=0, quote=120, body=480, compact=True),
    Limits(voice=0, quote=120, body=480, compact=True, previews=False),
    Limits(voice=0, quote=120, body=240, compact=True, previews=False),
    Limits(voice=0, quote=0, body=120, compact=True, previews=False, names=False),
    Limits(voice=0, quote=0, body=0, compact=True, previews=False, names=False),
)


def render(issue: Issue, look: Look) -> Rendered:
    """The mail at the first rung of the ladder that is small enough, or at the last one."""
    body = b""
    for limits in _LADDER:
        body = _html(page(issue, limits), look).encode()
        if len(body) <= MAX_BYTES:
            break
    return Rendered("email.html", "text/html; charset=utf-8", body)


def _html(shown: Page, look: Look) -> str:
    handle = shown.handle
    html = look.text("email.html", page=shown, inline=partial(inline, handle=handle), unsubscribe=UNSUBSCRIBE)
    inliner = css_inline.CSSInliner(
        inline_style_tags=False,
        keep_style_tags=True,
        load_remote_stylesheets=False,
        minify_css=True,
        extra_css=look.source("mail.css"),
    )
    return str(inliner.inline(html))
