"""Addresses: the identity behind one (`canonical_url`), the clean link for a reader (`display_url`), and their parts.

Pure and offline: what a redirect or rel=canonical would tell is remembered elsewhere as an article's aliases.
An identity is `https://host/path?query` without what does not choose the content, or `kind:id` where a service
has ids of its own (`works`: arxiv, doi, youtube, github, telegram, x, …). It is a key, not always a working link.
The tables, with their sources, are in `urltables`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, unquote, unquote_to_bytes, urljoin, urlsplit

from digest import urltables as tables
from digest.works import ARXIV_DOI, ARXIV_PREFIX, DOI, SERVICES, arxiv_match, arxiv_of, telegram_deep_link

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
_MEDIUM_VIEW = re.compile(r"sk=[0-9a-f]{32}|gi=[0-9a-f]{12}")
"""Friend link and session of Medium, which its customers' own domains carry too."""


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
    bare = ARXIV_PREFIX.sub("", text, count=1)
    if bare != text or not _WEB.match(text):
        doi = re.sub(r"(?i)^doi:\s*", "", text)
        if match := ARXIV_DOI.fullmatch(doi):
            bare = match[1]
        return arxiv_match(bare)
    for _ in range(_MAX_WRAPS):
        inner = _wrapped(text)
        if not inner:
            break
        text = inner
    parts = _parts(text)
    return None if parts is None else arxiv_of(_key_host(parts.netloc), parts.path)


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
    for identity in SERVICES:
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
    if url[:4].lower() == "doi:" and DOI.fullmatch(doi := url[4:].strip()):
        return f"doi:{doi.lower()}"
    if url[:5].lower() == "tg://":
        return telegram_deep_link(url) or url
    return url


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
