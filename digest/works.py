"""What known services call a thing: papers, videos, repositories, posts, threads, whatever page shows them.

Each of `SERVICES` takes a key host, a clean path and the parts of an address, and gives the identity or "". Offline
and pure; hosts and paths come from `urltables`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from digest import urltables as tables

_ARXIV_ID = r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}"
_ARXIV_OLD = r"(?P<archive>[a-z][a-z-]*)(?:\.[a-z]{2})?/(?P<number>\d{2}(?:0[1-9]|1[0-2])\d{3})"
_ARXIV = re.compile(rf"(?i)(?:(?P<new>{_ARXIV_ID})|{_ARXIV_OLD})(?:v(?P<version>[1-9]\d*))?")
ARXIV_PREFIX = re.compile(r"(?i)(?:oai:arxiv\.org:|arxiv:)\s*")
_ARXIV_SUFFIX = re.compile(r"(?i)(?:\.(?:pdf|ps|gz|tar\.gz|ps\.gz|md))+$")
ARXIV_DOI = re.compile(r"(?i)10\.48550/arxiv\.(.+)")
DOI = re.compile(r"(?i)10\.\d{4,9}(?:\.\d+)*/\S+")
_DOI_IN_PATH = re.compile(r"(?i)/doi/(?:[a-z]+/)?(10\.\d{4,9}/[^?#]+)")
_DOI_PATH = re.compile(r"(?i)/(?:article|chapter|book|content|abs|full)/(10\.\d{4,9}/[^?#]+)")
_DOI_VIEW = re.compile(r"(?i)(?:v\d+)?(?:\.(?:full|abstract))?(?:\.pdf)?(?:\+html)?$")
_PREPRINT_HOSTS = frozenset(("biorxiv.org", "medrxiv.org"))
WEIXIN_HOST = "mp.weixin.qq.com"


def arxiv_match(text: str) -> tuple[str, int | None] | None:
    """Id and version, of a bare id with or without a file's ending."""
    match = _ARXIV.fullmatch(_ARXIV_SUFFIX.sub("", text.strip().strip("/")))
    if match is None:
        return None
    version = int(match["version"]) if match["version"] else None
    if match["new"]:
        return match["new"], version
    archive = match["archive"].lower()
    return (f"{archive}/{match['number']}", version) if archive in tables.ARXIV_ARCHIVES else None


def arxiv_of(host: str, path: str) -> tuple[str, int | None] | None:
    """Id and version, of a page at arXiv, a mirror, a reader of its papers, or its DOI."""
    if host in ("doi.org", "dx.doi.org"):
        match = ARXIV_DOI.fullmatch(unquote(path).strip("/"))
        return arxiv_match(match[1]) if match else None
    if host.endswith(".arxiv.org") and host.removesuffix(".arxiv.org") in tables.ARXIV_MIRRORS:
        host = "arxiv.org"
    segments = [segment for segment in unquote(path).split("/") if segment]
    if host == "alphaxiv.org" and segments and segments[0] in ("zh", "en"):  # language before the view
        del segments[0]
    if len(segments) < 2 or segments[0].lower() not in tables.ARXIV_PATHS.get(host, ()):
        return None
    first = ARXIV_PREFIX.sub("", segments[1], count=1)
    # /html/2305.18290v1/figure.png is the paper too; /abs/hep-th/9901001 has its id in two segments.
    return arxiv_match(first) or (arxiv_match(f"{first}/{segments[2]}") if len(segments) > 2 else None)


def _arxiv(host: str, path: str, parts: SplitResult) -> str:
    found = arxiv_of(host, path)
    return f"arxiv:{found[0]}" if found else ""


def _doi(host: str, path: str, parts: SplitResult) -> str:
    doi = ""
    if host in ("doi.org", "dx.doi.org"):
        doi = unquote(path).strip("/")
    elif match := _DOI_IN_PATH.match(unquote(path)) or _DOI_PATH.match(unquote(path)):
        doi = _DOI_VIEW.sub("", match[1].rstrip("/")) if host in _PREPRINT_HOSTS else match[1].rstrip("/")
        doi = re.sub(r"(?i)\.pdf$", "", doi)
    elif host == "journals.plos.org":
        doi = dict(parse_qsl(parts.query)).get("id", "")
    doi = doi.strip()
    return f"doi:{doi.lower()}" if DOI.fullmatch(doi) else ""


_YOUTUBE_ID = re.compile(r"[\w-]{11}")


def _youtube(host: str, path: str, parts: SplitResult) -> str:
    if host not in tables.YOUTUBE_HOSTS:
        return ""
    query = dict(parse_qsl(parts.query))
    segments = path.split("/")[1:]
    if host == "youtu.be":
        video = segments[0]
    elif segments[0] in ("embed", "shorts", "live", "v", "e", "watch") and len(segments) > 1:
        video = segments[1]
    elif segments[0] == "attribution_link":
        inner = urlsplit(query.get("u", ""))
        video = dict(parse_qsl(inner.query)).get("v", "")
    else:
        video = query.get("v", "")
    if _YOUTUBE_ID.fullmatch(video):
        return f"youtube:{video}"
    if segments[0] in ("playlist", "embed") and query.get("list"):
        return f"https://youtube.com/playlist?list={quote(query['list'], safe='-_')}"
    return ""


_GITHUB_NAME = re.compile(r"[\w.-]+")


def _github(host: str, path: str, parts: SplitResult) -> str:
    """Repository, release, issue (a pull request is one), discussion, commit; files stay addresses.

    Owner and name are case-insensitive (docs.github.com: "Repositories redirect regardless of case").
    """
    segments = [segment for segment in path.split("/") if segment]
    if host == "gist.github.com" and len(segments) == 2 and re.fullmatch(r"[0-9a-f]{8,40}", segments[1]):
        return f"gist:{segments[1]}"
    if host != "github.com" or len(segments) < 2 or segments[0].lower() in tables.GITHUB_PAGES:
        return ""
    if not (_GITHUB_NAME.fullmatch(segments[0]) and _GITHUB_NAME.fullmatch(segments[1])):
        return ""
    repo = f"github:{segments[0]}/{segments[1].removesuffix('.git')}".lower()
    rest = segments[2:]
    if not rest:
        return "" if dict(parse_qsl(parts.query)).get("q") else repo
    if rest[0] in ("tree", "blob") and len(rest) > 1 and rest[1] in ("main", "master", "HEAD"):
        if len(rest) == 2 or (len(rest) == 3 and re.fullmatch(r"(?i)readme(\.\w+)?", rest[2])):
            return repo
    elif rest[0] == "releases" and rest[1:2] in (["tag"], ["download"]) and len(rest) > 2:
        return f"{repo}/releases/{unquote(rest[2])}" if not re.search(r"\s|^$", unquote(rest[2])) else ""
    elif rest[0] in ("issues", "pull") and len(rest) > 1 and rest[1].isdecimal():
        return f"{repo}/issues/{rest[1]}"
    elif rest[0] in ("discussions", "commit") and len(rest) > 1 and re.fullmatch(r"[0-9a-f]+", rest[1]):
        return f"{repo}/{rest[0]}/{rest[1]}"
    return ""


_TELEGRAM_NAME = re.compile(r"[A-Za-z]\w{2,31}", re.ASCII)


def _telegram(host: str, path: str, parts: SplitResult) -> str:
    """Post or channel (core.telegram.org/api/links); names are case-insensitive."""
    name, _, rest = host.partition(".")
    segments = [segment for segment in path.split("/") if segment]
    if rest in tables.TELEGRAM_HOSTS and _TELEGRAM_NAME.fullmatch(name):
        segments.insert(0, name)  # name.t.me/123
    elif host not in tables.TELEGRAM_HOSTS:
        return ""
    if len(segments) > 1 and segments[0].lower() == "s":
        segments = segments[1:]
    if not segments:
        return ""
    if segments[0].lower() == "c" and len(segments) > 2 and segments[1].isdecimal():
        return f"telegram:c/{segments[1]}/{segments[-1]}" if segments[-1].isdecimal() else ""
    if segments[0].lower() in tables.TELEGRAM_PAGES or not _TELEGRAM_NAME.fullmatch(segments[0]):
        return ""
    name = segments[0].lower()
    if len(segments) == 1:
        return f"telegram:{name}"
    post = segments[-1]  # a topic's id may stand between name and post
    return f"telegram:{name}/{post}" if post.isdecimal() and post.isascii() and len(segments) < 4 else ""


def telegram_deep_link(url: str) -> str:
    """Of tg://resolve?domain=…&post=…; "" for other ones."""
    query = dict(parse_qsl(url.partition("?")[2]))
    name, post = query.get("domain", "").lower(), query.get("post", "")
    if not _TELEGRAM_NAME.fullmatch(name) or not url[5:].lower().startswith("resolve"):
        return ""
    return f"telegram:{name}/{post}" if post.isdecimal() and post.isascii() else f"telegram:{name}"


_STATUS = re.compile(r"(?i)/(?:[^/]+|i/web)/status(?:es)?/(\d+)(?:/.*)?", re.ASCII)


def _x(host: str, path: str, parts: SplitResult) -> str:
    if host not in tables.X_HOSTS and not host.startswith("nitter."):
        return ""
    match = _STATUS.fullmatch(path)
    return f"x:{match[1]}" if match else ""


def _weixin(host: str, path: str, parts: SplitResult) -> str:
    """`__biz`, `mid` and `idx` name an article (older links: appmsgid, itemidx); `sn` signs it."""
    if host != WEIXIN_HOST:
        return ""
    query = {key.lower(): value for key, value in parse_qsl(parts.query)}
    biz, mid = query.get("__biz", ""), query.get("mid") or query.get("appmsgid", "")
    idx = query.get("idx") or query.get("itemidx", "")
    if biz and mid and idx:
        return f"weixin:{biz.rstrip('=')}/{mid}/{idx}" if re.fullmatch(r"[\w=+/]+", biz) else ""
    if path.startswith("/s/"):
        return f"https://{WEIXIN_HOST}{path}"
    return ""


def _stack_exchange(host: str, path: str, parts: SplitResult) -> str:
    if host not in tables.STACK_EXCHANGE and not host.endswith(".stackexchange.com"):
        return ""
    match = re.match(r"/(?:q|questions)/(\d+)(?:/|$)", path, re.ASCII)
    return f"https://{host}/questions/{match[1]}" if match else ""


def _discussion(host: str, path: str, parts: SplitResult) -> str:
    """Hacker News, Lobsters and Reddit threads as themselves: mentions of what they link to."""
    if host == "news.ycombinator.com" and path == "/item":
        item = dict(parse_qsl(parts.query)).get("id", "")
        return f"https://{host}/item?id={item}" if item.isdecimal() and item.isascii() else ""
    if host == "lobste.rs" and (match := re.match(r"/s/(\w+)", path, re.ASCII)):
        return f"https://{host}/s/{match[1]}"
    if host == "redd.it" and (match := re.fullmatch(r"/(\w+)", path, re.ASCII)):
        return f"reddit:{match[1].lower()}"
    if host == "reddit.com" and (
        match := re.fullmatch(r"(?:/(?:r|user)/[^/]+)?/comments/(\w+)(?:/[^/]*)?", path, re.ASCII)
    ):
        return f"reddit:{match[1].lower()}"
    return ""


def _video(host: str, path: str, parts: SplitResult) -> str:
    """Bilibili: BV numbers are case-sensitive; `p` chooses a part."""
    if host not in ("bilibili.com", "b23.tv"):
        return ""
    match = re.match(r"(?:/video)?/(BV\w{10}|av\d+)", path, re.ASCII)
    if not match:
        return ""
    part = dict(parse_qsl(parts.query)).get("p", "1")
    return f"bilibili:{match[1]}" + (
        f"/{part}" if part.isdecimal() and part.isascii() and part != "1" else ""
    )


def _standard(host: str, path: str, parts: SplitResult) -> str:
    """RFCs at the editor's, the datatracker and the old tools site; OpenReview and ACL papers."""
    if host in ("rfc-editor.org", "datatracker.ietf.org", "tools.ietf.org", "ietf.org"):
        match = re.fullmatch(
            r"(?i)/(?:info|rfc|html|pdf|doc(?:/html|/pdf)?)/rfc0*(\d+)(?:\.(?:html|txt|pdf|xml))?", path
        )
        return f"rfc:{match[1]}" if match and match[1].isascii() else ""
    if host == "openreview.net" and path in ("/forum", "/pdf", "/attachment"):
        paper = dict(parse_qsl(parts.query)).get("id", "")
        return f"openreview:{paper}" if re.fullmatch(r"[\w-]+", paper, re.ASCII) else ""
    if host in ("aclanthology.org", "aclweb.org", "aclanthology.info"):
        match = re.fullmatch(
            r"(?i)(?:/anthology)?(?:/papers)?/([\w.-]*\d[\w-]*?)(?:v\d+)?(?:\.pdf|\.bib)?", path, re.ASCII
        )
        return f"acl:{match[1].lower()}" if match else ""
    return ""


_MEDIUM = re.compile(r"/(?:.*[-/])?([0-9a-f]{10,12})")


def _publisher(host: str, path: str, parts: SplitResult) -> str:
    """Medium ends each address with the story's id; LWN's subscriber links carry the article's number."""
    if host == "medium.com" or host.endswith(".medium.com"):
        match = _MEDIUM.fullmatch(path)
        return f"medium:{match[1]}" if match else ""
    if host == "lwn.net" and (
        match := re.match(r"/(?:SubscriberLink|Articles)/(\d+)(?:/|$)", path, re.ASCII)
    ):
        return f"https://lwn.net/Articles/{match[1]}"
    return ""


SERVICES: tuple[Callable[[str, str, SplitResult], str], ...] = (
    _arxiv,
    _doi,
    _youtube,
    _github,
    _telegram,
    _x,
    _weixin,
    _stack_exchange,
    _discussion,
    _video,
    _standard,
    _publisher,
)
