"""index.html: the issue as a web page, whole, in the look of the mail; it works from a folder without a server."""

from __future__ import annotations

from functools import partial

from digest.model import Issue, Rendered
from digest.render import Look
from digest.render.inline import inline
from digest.render.page import page


def render(issue: Issue, look: Look) -> Rendered:
    shown = page(issue)
    images = [card.preview.image for card in shown.cards if card.preview and card.preview.image]
    html = look.text(
        "index.html",
        page=shown,
        inline=partial(inline, handle=shown.handle),
        image=images[0] if images else "",
    )
    return Rendered("index.html", "text/html; charset=utf-8", html.encode())
