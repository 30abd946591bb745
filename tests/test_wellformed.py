"""Texts that were encoded twice on their way, and those that only look it."""

from __future__ import annotations

import pytest

from digest.sources.syndication.wellformed import tree


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        ("GarÃ§on", "Garçon"),
        ("lorsquâ€™un garÃ§on a Ã©tÃ© lÃ\xa0", "lorsqu’un garçon a été là"),
        ("GroÃŸteil der MaÃŸnahmen", "Großteil der Maßnahmen"),
        ("RENÉ’S CAFÉ… “naïve” – 100 €", "RENÉ’S CAFÉ… “naïve” – 100 €"),
        ("São Paulo e o Ângelo", "São Paulo e o Ângelo"),
        ("Garçon 中文", "Garçon 中文"),
    ],
)
def test_what_was_encoded_twice_is_read_as_meant_and_nothing_else(found: str, meant: str) -> None:
    # The first element is what makes the document suspect.
    body = f"<a><b>GarÃ§on</b><c>{found}</c></a>".encode()
    parsed = tree(body)
    assert parsed.root.findtext("c") == meant
    assert parsed.warning == "text encoded twice, mended"
