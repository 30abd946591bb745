"""Addresses: the identity behind one (`canonical_url`), the clean link for a reader (`display_url`), and their parts.

Pure and offline: what a redirect or rel=canonical would tell is remembered elsewhere as an article's aliases.
An identity is `https://host/path?query` without what does not choose the content, or `kind:id` where a service
has ids of its own (arxiv, doi, youtube, github, telegram, x, …). It is a key, not always a working link.
The tables, with their sources, are in `urltables`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, unquote, unquote_to_bytes, urljoin, urlsplit

from digest import urltables as tables

_MAX_WRAPS = 12
"""Addresses inside addresses that are opened; more is somebody playing."""

_BARE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!'()*,")
_SAFE = "%/:?#[]@!$&'()*+,;=-._~"
_NEEDS_NO_ESCAPE = re.compile(r"[\w/:?#\[\]@!$&'()*+,;=\-.~]*", re.ASCII)
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WEB = re.compile(r"(?i)https?://")
_PLAIN_AUTHORITY = re.compile(r"https?://([a-z0-9.-]*[a-z0-9])(?=[/?#]|$)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")

_ARXIV_ID = r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}"
_ARXIV_OLD = r"(?P<archive>[a-z][a-z-]*)(?:\.[a-z]{2})?/(?P<number>\d{2}(?:0[1-9]|1[0-2])\d{3})"
_ARXIV = re.compile(rf"(?i)(?:(?P<new>{_ARXIV_ID})|{_ARXIV_OLD})(?:v(?P<version>[1-9]\d*))?")
_ARXIV_PREFIX = re.compile(r"(?i)(?:oai:arxiv\.org:|arxiv:)\s*")
_ARXIV_SUFFIX = re.compile(r"(?i)(?:\.(?:pdf|ps|gz|tar\.gz|ps\.gz|md))+$")
_ARXIV_DOI = re.compile(r"(?i)10\.48550/arxiv\.(.+)")
_DOI = re.compile(r"(?i)10\.\d{4,9}(?:\.\d+)*/\S+")
_DOI_IN_PATH = re.compile(r"(?i)/doi/(?:[a-z]+/)?(10\.\d{4,9}/[^?#]+)")
_DOI_PATH = re.compile(r"(?i)/(?:article|chapter|book|content|abs|full)/(10\.\d{4,9}/[^?#]+)")
_DOI_VIEW = re.compile(r"(?i)(?:v\d+)?(?:\.(?:full|abstract))?(?:\.pdf)?(?:\+html)?$")
_PREPRINT_HOSTS = frozenset(("biorxiv.org", "medrxiv.org"))
_WEIXIN_HOST = "mp.weixin.qq.com"


# --- parts ----------------------------------------------------------------------------------------


def is_web_url(url: str) -> bool:
    """An absolute http or https address with a host."""
    return _parts(url) is not None


def host_of(url: str) -> str:
    """The host as people say it: lower case, without `www.`, port and final dot; "" when there is none."""
    if plain := _PLAIN_AUTHORITY.match(url):  # nearly all: no need to take them apart
        netloc = plain[1]
    elif parts := _parts(url):
        netloc = parts.netloc
    else:
        return ""
    host = _clean_host(netloc)
    return host[4:] if host.startswith("www.") and host.count(".") > 1 else host


def absolute_url(base: str, href: str) -> str:
    """`href` as a browser would resolve it on `base`; "" for anything but http and https."""
    cleaned = _CONTROLS.sub("", href).strip()
    try:
        joined = urljoin(_CONTROLS.sub("", base).strip(), cleaned)
    except ValueError:  # "http://[broken": no address
        return ""
    joined = joined.replace(" ", "%20")
    return joined if is_web_url(joined) else ""


def display_url(url: str) -> str:
    """The same address without what only tells somebody where its reader came from; everything else as it was.

    Redirectors that count clicks (google.com/url?q=…, link.zhihu.com) give way to where they lead.
    """
    url = _unescaped(url)
    for _ in range(_MAX_WRAPS):
        inner = _wrapped(url, paths=False)
        if not inner:
            break
        url = inner
    parts = _parts(url)
    if parts is None or not parts.query:
        return url
    host = _key_host(parts.netloc)
    kept = [pair for pair in parts.query.split("&") if not _is_tracker(host, parts.path, pair, link=True)]
    if len(kept) == parts.query.count("&") + 1:
        return url
    head, _, rest = url.partition("?")
    fragment = "#" + rest.split("#", 1)[1] if "#" in rest else ""
    return head + ("?" + "&".join(kept) if kept else "") + fragment


# --- identity -------------------------------------------------------------------------------------


def canonical_url(url: str) -> str:
    """The identity behind an address: equal for all the addresses of one thing, and its own identity.

    What is not http(s) nor a known id scheme (`tag:`, `urn:`, a bare guid) stays as it is.
    """
    key = _unescaped(url)
    for _ in range(_MAX_WRAPS):
        step, is_last = _identity(key)
        if is_last or step == key:
            return step
        key = step
    return key


def arxiv_id(text: str) -> tuple[str, int | None] | None:
    """Id and version of the paper that an arXiv id, address, DOI or mirror names; None for anything else.

    Old ids lose their subject class: math.CA/0611800 is math/0611800 (info.arxiv.org/help/arxiv_identifier).
    """
    text = _unescaped(text)
    bare = _ARXIV_PREFIX.sub("", text, count=1)
    if bare != text or not _WEB.match(text):
        doi = re.sub(r"(?i)^doi:\s*", "", text)
        if match := _ARXIV_DOI.fullmatch(doi):
            bare = match[1]
        return _arxiv_match(bare)
    for _ in range(_MAX_WRAPS):
        inner = _wrapped(text)
        if not inner:
            break
        text = inner
    parts = _parts(text)
    return None if parts is None else _arxiv_of(_key_host(parts.netloc), parts.path)


def _identity(url: str) -> tuple[str, bool]:
    """One step towards the key: an id, the address inside, or the address with its noise taken off.

    And whether that is the last step for sure: of most addresses it changes nothing but the host's spelling and a
    final slash, and to take a second step only to see that was half of the cost.
    """
    if not _WEB.match(url):
        return _other_scheme(url), False
    parts = _parts(url)
    if parts is None:
        return url, True
    if inner := _wrapped(url, parts):
        return inner, False
    host = _key_host(parts.netloc)
    clean = _clean_path(parts.path)
    for identity in _SERVICES:
        if key := identity(host, clean, parts):
            return key, False
    path = _plain_page(clean)
    query = _clean_query(host, path, parts.query)
    fragment = parts.fragment if parts.fragment.startswith(("!", "/")) and len(parts.fragment) > 1 else ""
    key = (
        f"https://{host}{_port(parts.netloc)}{path}"
        + (f"?{query}" if query else "")
        + (f"#{_escaped(fragment)}" if fragment else "")
    )
    is_last = path == clean == (parts.path.rstrip("/") or "/") and query == parts.query and not parts.fragment
    return key, is_last


def _other_scheme(url: str) -> str:
    if found := arxiv_id(url) if ":" in url or url.startswith("10.48550/") else None:
        return f"arxiv:{found[0]}"
    if url[:4].lower() == "doi:" and _DOI.fullmatch(doi := url[4:].strip()):
        return f"doi:{doi.lower()}"
    if url[:5].lower() == "tg://":
        return _telegram_deep_link(url) or url
    return url


def _arxiv_match(text: str) -> tuple[str, int | None] | None:
    match = _ARXIV.fullmatch(_ARXIV_SUFFIX.sub("", text.strip().strip("/")))
    if match is None:
        return None
    version = int(match["version"]) if match["version"] else None
    if match["new"]:
        return match["new"], version
    archive = match["archive"].lower()
    return (f"{archive}/{match['number']}", version) if archive in tables.ARXIV_ARCHIVES else None


def _arxiv_of(host: str, path: str) -> tuple[str, int | None] | None:
    if host in ("doi.org", "dx.doi.org"):
        match = _ARXIV_DOI.fullmatch(unquote(path).strip("/"))
        return _arxiv_match(match[1]) if match else None
    if host.endswith(".arxiv.org") and host.removesuffix(".arxiv.org") in tables.ARXIV_MIRRORS:
        host = "arxiv.org"
    segments = [segment for segment in unquote(path).split("/") if segment]
    if host == "alphaxiv.org" and segments and segments[0] in ("zh", "en"):  # language before the view
        del segments[0]
    if len(segments) < 2 or segments[0].lower() not in tables.ARXIV_PATHS.get(host, ()):
        return None
    first = _ARXIV_PREFIX.sub("", segments[1], count=1)
    # /html/2305.18290v1/figure.png is the paper too; /abs/hep-th/9901001 has its id in two segments.
    return _arxiv_match(first) or (_arxiv_match(f"{first}/{segments[2]}") if len(segments) > 2 else None)


def _arxiv(host: str, path: str, parts: SplitResult) -> str:
    found = _arxiv_of(host, path)
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
    return f"doi:{doi.lower()}" if _DOI.fullmatch(doi) else ""


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


def _telegram_deep_link(url: str) -> str:
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
    if host != _WEIXIN_HOST:
        return ""
    query = {key.lower(): value for key, value in parse_qsl(parts.query)}
    biz, mid = query.get("__biz", ""), query.get("mid") or query.get("appmsgid", "")
    idx = query.get("idx") or query.get("itemidx", "")
    if biz and mid and idx:
        return f"weixin:{biz.rstrip('=')}/{mid}/{idx}" if re.fullmatch(r"[\w=+/]+", biz) else ""
    if path.startswith("/s/"):
        return f"https://{_WEIXIN_HOST}{path}"
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


_MEDIUM_VIEW = re.compile(r"sk=[0-9a-f]{32}|gi=[0-9a-f]{12}")
"""Friend link and session of Medium, which its customers' own domains carry too."""
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


_SERVICES: tuple[Callable[[str, str, SplitResult], str], ...] = (
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


# --- cleaning -------------------------------------------------------------------------------------


def _unescaped(url: str) -> str:
    """Without surrounding space, and with the `&amp;` that came out of somebody's HTML undone, however deep."""
    url = _CONTROLS.sub("", url).strip()
    while "&amp;" in url or "&#38;" in url:
        url = url.replace("&amp;", "&").replace("&#38;", "&")
    if url.startswith("//"):
        url = f"https:{url}"
    return url


def _parts(url: str) -> SplitResult | None:
    if not _WEB.match(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if _has_host(parts.netloc) else None


# A feed's addresses share their host: to look at each anew was half of the cost of an identity.


@lru_cache(maxsize=4096)
def _has_host(netloc: str) -> bool:
    parts = SplitResult("https", netloc, "", "", "")
    try:
        _ = parts.port  # raises on "http://host:port"
    except ValueError:
        return False
    return bool(parts.hostname)


@lru_cache(maxsize=4096)
def _clean_host(netloc: str) -> str:
    host = (SplitResult("https", netloc, "", "", "").hostname or "").rstrip(".")
    if ":" in host:  # IPv6
        return f"[{host}]"
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:  # longer than DNS allows, or not letters: keep what was written
            return host.lower()
    return host


@lru_cache(maxsize=4096)
def _port(netloc: str) -> str:
    """As it stands in an identity: "" for a usual one."""
    port = SplitResult("https", netloc, "", "", "").port
    return "" if port is None or port in tables.DEFAULT_PORTS else f":{port}"


@lru_cache(maxsize=4096)
def _key_host(netloc: str) -> str:
    """The host without what only chooses a variant of the same site."""
    host = _clean_host(netloc)
    while True:
        shorter = tables.HOST_ALIASES.get(host) or _without_variant(host)
        if shorter == host:
            return host
        host = shorter


def _without_variant(host: str) -> str:
    labels = host.split(".")
    if len(labels) > 2 and labels[0] == "www" and _is_registrable(labels[1:]):
        return ".".join(labels[1:])
    if len(labels) > 2 and labels[0] in tables.MOBILE_LABELS and _is_registrable(labels[1:]):
        return ".".join(labels[1:])
    if len(labels) == 4 and labels[1] == "m" and labels[2].startswith("wik"):  # en.m.wikipedia.org
        return ".".join((labels[0], *labels[2:]))
    return host


def _is_registrable(labels: list[str]) -> bool:
    return len(labels) > 2 or not (len(labels[1]) == 2 and labels[0] in tables.PUBLIC_SECOND_LEVELS)


def _escaped(text: str) -> str:
    """Percent escapes in one form (RFC 3986, 6.2.2): all upper case, text as UTF-8, bare where no server means two things.

    That is the unreserved characters, and of the sub-delims those that browsers escape or not as they like.
    """
    if _NEEDS_NO_ESCAPE.fullmatch(text):  # most do
        return text
    text = _STRAY_PERCENT.sub("%25", text)
    text = _ESCAPES.sub(
        lambda match: "".join(
            chr(byte) if byte in _BARE else f"%{byte:02X}" for byte in unquote_to_bytes(match[0])
        ),
        text,
    )
    return quote(text, safe=_SAFE, errors="replace")


def _clean_path(path: str) -> str:
    """Escapes in one form, dot segments resolved, no doubled or final slash."""
    path = _escaped(path)
    if ";" in path:
        path = re.sub(r"(?i);(?:jsessionid|phpsessid)=[^/;]*", "", path)
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == ".." and segments:
            segments.pop()
        elif segment not in ("", ".", ".."):
            segments.append(segment)
    return "/" + "/".join(segments)


def _plain_page(path: str) -> str:
    """The path without an index page's name and without what asks for the AMP variant."""
    segments = path.split("/")[1:]
    while segments and segments[-1].lower() in tables.INDEX_NAMES:
        segments.pop()
    if len(segments) > 1 and segments[-1] == "amp":
        segments.pop()
    elif len(segments) > 1 and segments[0] == "amp":
        del segments[0]
    elif segments[:2] == ["platform", "amp"]:  # Vox Media
        del segments[:2]
    if segments and segments[-1].endswith(".amp.html"):
        segments[-1] = segments[-1].removesuffix(".amp.html") + ".html"
    return "/" + "/".join(segments)


def _clean_query(host: str, path: str, query: str) -> str:
    """What chooses the content, in one order."""
    pairs = (pair for pair in query.split("&") if not _is_tracker(host, path, pair, link=False))
    return "&".join(sorted({_escaped(pair).replace("#", "%23").replace("+", "%20") for pair in pairs}))


def _is_tracker(host: str, path: str, pair: str, *, link: bool) -> bool:
    """Whether a query parameter leaves the content as it is; for a `link` only if nothing is lost without it."""
    key, _, value = pair.partition("=")
    key = unquote(key).lower()
    value = unquote(value)
    if not pair or key in tables.TRACKERS or key.startswith(tables.TRACKER_PREFIXES):
        return True
    if host in tables.REFILLED:
        part, mark = tables.REFILLED[host]
        if part in path and key == mark:
            return False
    if key in _host_table(tables.HOST_TRACKERS, host):
        return True
    if key in tables.REFERRER_NAMED_KEYS:
        return True
    if key in tables.REFERRER_KEYS and value.lower() in tables.REFERRERS:
        return True
    return not link and _is_idle(host, path, key, value)


def _is_idle(host: str, path: str, key: str, value: str) -> bool:
    """Whether a parameter, though perhaps of use in a link, is no part of the identity."""
    if key in tables.SESSION_KEYS or key in _host_table(tables.HOST_VIEWS, host):
        return True
    if (key, value.lower()) in tables.DROP_AMP:
        return True
    if key == "m" and value in ("0", "1"):  # Blogger's mobile switch
        return True
    if _MEDIUM_VIEW.fullmatch(f"{key}={value}"):
        return True
    if key not in tables.REFERRER_WORD_KEYS or path == "/":  # "/?m=…" chooses the page
        return False
    return not re.search(r"^\d|/", value)


def _host_table(table: dict[str, frozenset[str]], host: str) -> frozenset[str]:
    """The row of the host or of the nearest parent that has one."""
    while host:
        if (row := table.get(host)) is not None:
            return row
        host = host.partition(".")[2]
    return frozenset()


def _wrapped(url: str, parts: SplitResult | None = None, *, paths: bool = True) -> str:
    """The address inside a redirector's or reader's address, "" when there is none."""
    parts = parts or _parts(url)
    if parts is None:
        return ""
    host = _key_host(parts.netloc)
    path = parts.path.rstrip("/")
    keys = tables.WRAPPERS.get((host, path)) or tables.WRAPPERS.get((host, "*"))
    if keys:
        query = dict(parse_qsl(parts.query))
        inner = next((query[key] for key in keys if key in query), "")
        return _unescaped(inner) if is_web_url(_unescaped(inner)) else ""
    return _wrapped_in_path(url, host, parts) if paths else ""


def _wrapped_in_path(url: str, host: str, parts: SplitResult) -> str:
    if host.endswith(".cdn.ampproject.org"):  # amp.dev: /c, /v or /i, then /s for https
        match = re.match(r"/[cvi](/s)?/(.+)", parts.path)
        return f"http{'s' if match[1] else ''}://{match[2]}" if match else ""
    for prefix, scheme in tables.PATH_WRAPPERS:
        start = f"{host}{parts.path}"
        if start.startswith(prefix):
            inner = url[url.index(parts.path, len(parts.scheme) + 3) :].removeprefix(
                prefix.removeprefix(host)
            )
            return f"{scheme}{inner}" if is_web_url(f"{scheme}{inner}") else ""
    return ""
