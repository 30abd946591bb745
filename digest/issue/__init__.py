"""An issue as decided: proposed from the week's stories, written as one Markdown file, read back after edits.

    scored stories | assembled | draft_markdown -> issues/WEEK.md -> (the curator) -> read -> Issue

What the file cannot say (reactions, media, previews, who else said it) stays in the frozen draft and is joined to
each item by its key. Pure; who writes the file and who renders the issue is decided elsewhere.
"""

from digest.issue.assembling import Masthead, assembled
from digest.issue.reading import read
from digest.issue.writing import draft_markdown

__all__ = ["Masthead", "assembled", "draft_markdown", "read"]
