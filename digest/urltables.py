"""What `urls` knows of the web, as data: trackers, aliases of hosts, wrappers, page names that say nothing.

Each group names its source. What has none was read off real links
and kept because a reader of the link would agree; nothing here is about one single page.
"""

from __future__ import annotations


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


# --- query parameters -----------------------------------------------------------------------------

TRACKERS = _words(
    # miniflux internal/reader/urlcleaner/urlcleaner.go, itself from Firefox's query-stripping list and ClearURLs.
    """
    action_object_map action_ref_map action_type_map fb_action_ids fb_action_types fb_comment_id fb_ref fb_source
    _openstat hmb_campaign hmb_medium hmb_source fbclid campaign_id campaign_medium campaign_name campaign_source campaign_term campaign_content gclid dclid
    gbraid wbraid gclsrc yclid ysclid twclid msclkid mc_cid mc_eid mc_tc wickedid _hsenc _hsmi hsctatracking
    __hssc __hstc __hsfp rb_clickid s_cid oly_anon_id oly_enc_id vero_id vero_conv mkt_tok sc_cid
    _bhlid _branch_match_id _branch_referrer __readwiselocation itm_campaign itm_medium itm_source
    """,
    # Google, AdWords and Analytics (support.google.com/analytics "URL builders"), ClearURLs "globalRules".
    "_ga _gl ga_source ga_medium ga_term ga_content ga_campaign ga_place gs_l srsltid usg ust ved",
    # Adobe, Webtrends, Matomo and Oracle: ClearURLs "globalRules", miniflux.
    "wt.mc_id wt.z_author wt_mc wt_zmc icid pk_campaign pk_kwd pk_keyword mtm_campaign mtm_keyword",
    "piwik_campaign piwik_kwd elqtrack elqtrackid elqaid elqat cmpid ns_campaign ns_source ns_mchannel",
    # Drip, Customer.io, Instagram, LinkedIn, TikTok, Twitter and AMP, as seen in links posted to r/programming.
    "__s igshid igsh trk trkcampaign trackingid ttclid __twitter_impression amp_js_v",
    "ref_src ref_url amp_gsa usqp li_fat_id guccounter guce_referrer guce_referrer_sig",
    # Chinese services: Alibaba (spm, scm), Bilibili (share_*, vd_source), WeChat (chksm, scene, …), Zhihu, CSDN, Juejin.
    "spm spm_id_from scm share_source share_medium share_plat share_session_id share_tag share_from",
    "share_token share_id share_times shareuid sharer_shareid sharer_shareinfo sharer_shareinfo_first",
    "vd_source chksm mpshare srcid pass_ticket exportkey wx_header clicktime enterid isappinstalled",
    "hmsr hmpl hmcu hmkw hmci",  # Baidu Tongji
    "timestamp_share from_voters_page ops_request_misc biz_id depth_1-utm_source",
    # Stack Exchange's own (meta.stackexchange.com/q/238159: rq, noredirect mark how the reader came).
    "rq noredirect",
)
"""Dropped everywhere, whatever the value. Lower case."""

TRACKER_PREFIXES = ("utm_", "utm-", "hsa_", "pk_", "mtm_", "matomo_", "vero_", "at_custom")
"""Families of parameters: miniflux, ClearURLs "globalRules"."""

REFERRER_KEYS = _words("m r ref refer referer referrer from source src via ts c s cid partner mod cmp aff")
"""Often "where the reader came from", often content: the value decides."""

REFERRER_WORD_KEYS = _words("m ref referer referrer from source via ts")
"""Of these, the ones whose value is a tracker whenever it is not a number and the page has a path of its own
(measured on links posted to Lobsters and r/programming: numbers are archives, pages and ids)."""

REFERRERS = _words(
    """
    hn hackernews hacker-news hacker_news ycombinator news.ycombinator.com lobsters lobste.rs lob lb lobster
    reddit rprogramming r_programming r-programming rprog red red_pro proggit
    twitter tw facebook fb linkedin instagram telegram t.me tg wechat weixin weibo qq zhihu juejin v2ex douban
    rss rss2 atom feed feeds feedburner feedly inoreader newsletter email mail mailchimp substack share sharing
    copy copylink copy_link link timeline groupmessage singlemessage
    friends_link post_page collection_home producthunt product-hunt
    bing duckduckgo techmeme slashdot digg tldr console.dev indiehackers dev.to
    """
)
"""Values that name where a reader came from: with a key of REFERRER_KEYS they say nothing of the page."""

REFERRER_NAMED_KEYS = _words("lobsters reddit hn hackernews rprogramming")
"""Parameters that are themselves the name of where readers come from ("?lobsters", "?reddit=1")."""

SESSION_KEYS = _words("phpsessid jsessionid aspsessionid sessionid cfid cftoken")
"""Sessions of a server: PHP, Java (Servlet 3.0 section 7.1.3), ASP, ColdFusion."""

HOST_TRACKERS: dict[str, frozenset[str]] = {
    "dw.com": frozenset(("maca",)),
    "open.spotify.com": frozenset(("si", "dl_branch", "nd", "pi")),
    "apple.com": frozenset(("at", "ct", "ls", "mt", "pt", "itsct", "itscg")),
    "reddit.com": frozenset(("share_id", "st", "sh", "rdt")),
    "x.com": frozenset(("s", "t")),
    "twitter.com": frozenset(("s", "t")),
    "youtube.com": frozenset(("si", "feature", "pp", "ab_channel", "embeds_referring_euri", "kw")),
    "youtu.be": frozenset(("si", "feature", "pp", "ab_channel")),
    "medium.com": frozenset(("source", "gi")),
    "google.com": frozenset(("usp", "ouid", "rtpof")),
    "bilibili.com": frozenset(
        ("from", "seid", "bbid", "ts", "plat_id", "unique_k", "is_story_h5", "mid", "buvid")
    ),
    "zhihu.com": frozenset(("share_code", "hybrid_search_source", "hybrid_search_extra")),
    "arxiv.org": frozenset(("context",)),
    "substack.com": frozenset(("r", "s", "isfreemail", "triedredirect", "publication_id", "post_id")),
    "nytimes.com": frozenset(("smid", "smtyp", "partner", "emc", "referringsource")),
    "theguardian.com": frozenset(("cmp", "share")),
    "bloomberg.com": frozenset(("sref", "leadsource")),
    "wsj.com": frozenset(("mod", "reflink")),
}
"""What only counts on a host and its subdomains: ClearURLs provider rules; each service's own share links."""

REFILLED = {"open.spotify.com": ("/playlist/", "si")}
"""Lists that their owner fills anew under one address, and the parameter that marks each sharing.

Who posts his playlist of the week again means another week's; of a track or an album the same parameter tells nothing.
"""

HOST_VIEWS: dict[str, frozenset[str]] = {
    "reddit.com": frozenset(("context", "depth", "sort")),
    "github.com": frozenset(("tab", "readme")),
    "medium.com": frozenset(("sk",)),
    "nytimes.com": frozenset(("unlocked_article_code",)),
    "bloomberg.com": frozenset(("accesstoken",)),
    "wsj.com": frozenset(("st",)),
    "ft.com": frozenset(("accesstoken", "sharetype")),
    "substack.com": frozenset(("token",)),
    "ieeexplore.ieee.org": frozenset(("tp", "tag")),
}
"""Choose a view of the page or open its paywall: not identity, but the link needs them."""

DROP_AMP = frozenset((("amp", ""), ("amp", "1"), ("amp", "true"), ("outputtype", "amp"), ("view", "amp")))
"""Switches for the AMP variant (amp.dev, "How AMP pages are cached": the publishers' common forms)."""

# --- hosts ----------------------------------------------------------------------------------------

HOST_ALIASES = {
    # Owners' second names.
    "hf.co": "huggingface.co",
    "hf-mirror.com": "huggingface.co",
    "old.reddit.com": "reddit.com",
    "new.reddit.com": "reddit.com",
    "np.reddit.com": "reddit.com",
    "i.reddit.com": "reddit.com",
    "theregister.co.uk": "theregister.com",
    "en.wikipedia.com": "en.wikipedia.org",
    "xxx.lanl.gov": "arxiv.org",  # arXiv's first home
}

MOBILE_LABELS = frozenset(("m", "mobile", "amp", "wap"))
"""First labels of a host that only choose a variant; in Wikimedia's case the second one (en.m.wikipedia.org)."""

PUBLIC_SECOND_LEVELS = _words("ac co com edu gov net or ne go org gob nom")
"""Labels that are registries below a two-letter domain (publicsuffix.org), so that m.co.uk stays."""

DEFAULT_PORTS = frozenset((80, 443))
"""Of both schemes at once: the key does not keep the scheme."""

# --- addresses inside addresses -------------------------------------------------------------------

WRAPPERS: dict[tuple[str, str], tuple[str, ...]] = {
    # (host, path): parameters that hold the real address. Each service's own "you are leaving" page.
    ("google.com", "/url"): ("q", "url"),
    ("l.facebook.com", "/l.php"): ("u",),
    ("lm.facebook.com", "/l.php"): ("u",),
    ("facebook.com", "/l.php"): ("u",),
    ("l.instagram.com", ""): ("u",),
    ("l.threads.net", ""): ("u",),
    ("out.reddit.com", "*"): ("url",),
    ("youtube.com", "/redirect"): ("q",),
    ("linkedin.com", "/redir/redirect"): ("url",),
    ("duckduckgo.com", "/l"): ("uddg",),
    ("vk.com", "/away.php"): ("to",),
    ("t.umblr.com", "/redirect"): ("z",),
    ("steamcommunity.com", "/linkfilter"): ("url", "u"),
    ("disq.us", "/url"): ("url",),
    ("go.redirectingat.com", "*"): ("url",),
    ("redirect.viglink.com", "*"): ("u",),
    ("link.zhihu.com", ""): ("target",),
    ("link.juejin.cn", ""): ("target",),
    ("link.csdn.net", ""): ("target",),
    ("link.segmentfault.com", "*"): ("url",),
    ("gitee.com", "/link"): ("target",),
    ("jianshu.com", "/go-wild"): ("url",),
    ("sspai.com", "/link"): ("target",),
    ("oschina.net", "/action/GoToLink"): ("url",),
    ("weibo.cn", "/sinaurl"): ("u", "toasturl", "url"),
    ("douban.com", "/link2"): ("url",),
    ("t.me", "/iv"): ("url",),  # Telegram's instant view
    ("t.me", "/share/url"): ("url",),
}

PATH_WRAPPERS = (
    # Prefix of host + path after which the real address stands, and the scheme where it stands without one.
    ("google.com/amp/s/", "https://"),
    ("google.com/amp/", "http://"),
    ("r.jina.ai/", ""),  # Jina's reader: jina.ai/reader
    ("go.theregister.com/feed/", "https://"),
    ("12ft.io/", ""),
    ("archive.ph/newest/", ""),
)

# --- paths ----------------------------------------------------------------------------------------

INDEX_NAMES = _words(
    "index.html index.htm index.xhtml index.shtml index.php index.php3 index.asp index.aspx index.jsp index.cgi"
    " default.html default.htm default.asp default.aspx home.html"
)
"""Directory indexes: Apache mod_dir, IIS defaultDocument."""

# --- services with identities of their own --------------------------------------------------------

ARXIV_ARCHIVES = _words(
    # arxiv.org/category_taxonomy, then the subsumed ones of arxiv.org/archive.
    """
    astro-ph cond-mat gr-qc hep-ex hep-lat hep-ph hep-th math-ph nlin nucl-ex nucl-th physics quant-ph math cs
    q-bio q-fin stat eess econ acc-phys adap-org alg-geom ao-sci atom-ph bayes-an chao-dyn chem-ph cmp-lg
    comp-gas dg-ga funct-an mtrl-th patt-sol plasm-ph q-alg solv-int supr-con
    """
)

ARXIV_PATHS: dict[str, tuple[str, ...]] = {
    # Host: path prefixes before the id. notes/ARXIV "Canonical id", then readers that are built on ids.
    "arxiv.org": ("abs", "pdf", "html", "format", "ps", "src", "e-print", "tb", "cits"),
    "ar5iv.org": ("abs", "html", "pdf"),
    "ar5iv.labs.arxiv.org": ("abs", "html", "pdf"),
    "alphaxiv.org": ("abs", "overview", "pdf", "html"),
    "arxiv-vanity.com": ("papers",),
    "huggingface.co": ("papers",),
    "papers.cool": ("arxiv",),
    "scirate.com": ("arxiv",),
    "hjfy.top": ("arxiv",),
    "semanticscholar.org": ("arxiv",),
    "emergentmind.com": ("papers",),
}
ARXIV_MIRRORS = frozenset(("export", "browse", "cn", "de", "au", "in", "uk", "fr", "lanl", "es", "il", "jp"))
"""Subdomains of arxiv.org that serve the same papers (arxiv.org/help/mirrors, most of them history)."""

TELEGRAM_HOSTS = frozenset(("t.me", "telegram.me", "telegram.dog"))
TELEGRAM_PAGES = _words(
    # First path segments that are not channel names: core.telegram.org/api/links.
    """
    joinchat addstickers addemoji addtheme addlist share proxy socks login confirmphone bg setlanguage iv msg boost
    giftcode invoice contact m a k apps auction nft stargift call
    """
)

X_HOSTS = _words(
    "x.com twitter.com fxtwitter.com vxtwitter.com fixupx.com fixvx.com twittpr.com xcancel.com nitter.net"
)
"""X, its proxies for link previews, and nitter; any other host whose first label is nitter counts too."""

YOUTUBE_HOSTS = _words(
    "youtube.com music.youtube.com gaming.youtube.com youtube-nocookie.com youtu.be yewtu.be piped.video"
)

GITHUB_PAGES = _words(
    # First path segments that are not owners: github.com's own pages (github.com/dead-claudia/github-limits).
    """
    about apps blog codespaces collections contact copilot customer-stories enterprise events explore features
    issues join login logout marketplace new notifications orgs organizations pricing pulls search security
    sessions settings site sponsors stars team topics trending users watching readme resources solutions
    """
)

STACK_EXCHANGE = _words("stackoverflow.com serverfault.com superuser.com askubuntu.com mathoverflow.net")
"""Besides *.stackexchange.com (stackexchange.com/sites)."""
