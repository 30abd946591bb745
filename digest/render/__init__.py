"""Outputs: one file each, Issue -> Rendered.

email, web, text, markdown and telegram offer `render(issue, look) -> Rendered`, site offers
`render_site(issues, look)`; none of them knows another. What they share decides everything before a template or a
writer begins: wording (words and dates by language), page (what each card holds, what is cut), inline (spans as
HTML). Here is the look itself: where templates come from and what happens when one fails.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

import digest
from digest.errors import TemplateFailed
from digest.render.inline import link, safe_image, table_rows

UNSUBSCRIBE = "%UNSUBSCRIBE_URL%"
"""Stands in email.html and email.txt where each reader's own address goes; mail.py puts it there, or takes the link
(the whole line, in text) away when the settings name no way to leave."""


@dataclass(frozen=True, slots=True)
class Look:
    """The templates in use. `folders` in the order in which they are searched."""

    environment: jinja2.Environment
    folders: tuple[Path, ...]

    def text(self, template: str, **values: Any) -> str:
        """`template` filled in. Raises TemplateFailed with the template's path and line."""
        try:
            return self.environment.get_template(template).render(**values)
        except jinja2.TemplateNotFound as error:
            searched = ", ".join(map(str, self.folders))
            raise TemplateFailed(str(error.name), f"not found in {searched}") from error
        except jinja2.TemplateSyntaxError as error:
            subject = f"{error.filename or error.name}:{error.lineno}"
            raise TemplateFailed(subject, f"not a valid template: {error.message}") from error
        except Exception as error:
            raise TemplateFailed(
                self._place(error) or template, f"{type(error).__name__}: {error}"
            ) from error

    def source(self, name: str) -> str:
        """A file beside the templates as it stands (a stylesheet)."""
        loader = self.environment.loader
        assert loader is not None
        try:
            return loader.get_source(self.environment, name)[0]
        except jinja2.TemplateNotFound as error:
            searched = ", ".join(map(str, self.folders))
            raise TemplateFailed(name, f"not found in {searched}") from error

    def _place(self, error: Exception) -> str:
        """path:line of the innermost template line that `error` passed through; Jinja maps lines back."""
        frames = traceback.extract_tb(error.__traceback__)
        ours = [f for f in frames if any(Path(f.filename).is_relative_to(folder) for folder in self.folders)]
        return f"{ours[-1].filename}:{ours[-1].lineno}" if ours else ""


def look(folder: Path | None = None) -> Look:
    """The look of the digest in `folder`: its own templates/ first, then those that ship with the package."""
    overrides = (folder / "templates",) if folder is not None else ()
    folders = (*(path.resolve() for path in overrides if path.is_dir()), packaged_templates())
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(("html",)),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"link": link, "image_url": safe_image, "table_rows": table_rows}
    return Look(environment, folders)


def packaged_templates() -> Path:
    """digest/templates in an installed package, templates/ at the top of a checkout."""
    package = Path(digest.__file__).resolve().parent
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"
