"""Pages that are not the article: paywalls, consent pages, login and ad-blocker walls, "enable JavaScript", error pages with 200.

Signs are asked only where the text is short, so that an article about paywalls survives; a title that says it all
(a bot check, "Page not found") counts by itself. English and Chinese; the wording was taken from the services named.
"""

from __future__ import annotations

import re
from itertools import takewhile

from digest.text import sentences

SHORT = 1200
"""Columns of text (a Chinese character takes two) up to which signs are looked for; walls are shorter, but some
bring footers along. A paywall that stands at the end is looked for in twice as much: some teasers are long."""

_END = 260
"""Characters from a paywall's sign to the end of the text, which its offers fill."""

_TITLES = (
    (
        "a bot check",  # Cloudflare, DataDome, Akamai, PerimeterX, Aliyun WAF
        r"just a moment\W*|attention required!.*cloudflare.*|access denied|are you (?:a )?(?:human|robot)\W*|"
        r"(?:security|human|robot) (?:check|verification)|verify(?:ing)? you are (?:a )?human.*|bot verification|"
        r"安全(?:验证|检查)|人机验证|滑动验证(?:页面)?|验证码(?:拦截)?|访问验证|403 forbidden",
    ),
    (
        "an error page",
        r"(?:error\W*)?404\b.*|.*\b404 (?:not found|error|page)\b.*|(?:page|file|object|article|post) (?:was |could )?not (?:be )?found\b.*|not found|"
        r"(?:oops\W*)?(?:this )?page (?:doesn.t exist|isn.t available|is unavailable).*|410 gone|50[0234]\b.*|"
        r"(?:bad gateway|service unavailable|internal server error|domain (?:for sale|expired|parked)).*|"
        r".*(?:页面不存在|页面未找到|找不到(?:该)?页面|页面找不到了|文章(?:已|不)(?:存在|删除)|内容(?:已被|不)(?:删除|存在)|此内容因违规无法查看).*|"
        r".*(?:頁面不存在|找不到頁面).*",
    ),
    (
        "a login wall",
        r"(?:log ?in|sign ?in|sign up)(?:\W.*)?|(?:please )?(?:log|sign) in to .*|登录|登錄|登入|用户登录|请登录.*",
    ),
    (
        "a consent page",
        r"before you continue.*|bevor sie .*fortfahren.*|(?:cookie|privacy) (?:consent|settings|preferences|policy)|we value your privacy.*|"
        r"your privacy choices|yahoo is part of the yahoo family of brands",
    ),
)  # fmt: skip
"""Whole titles, without the site's name."""

_SIGNS = (
    (
        "needs JavaScript",
        r"(?:enable|turn on|activate|requires?|needs?|without|switch on) java ?script|java ?script (?:is|to be|must be|has been)? ?(?:disabled|enabled|required|not (?:enabled|available))|"
        r"(?:启用|开启|打开|允许|需要)\s*java ?script|java ?script\s*(?:已(?:被)?禁用|未启用)|请使用.{0,12}浏览器(?:打开|访问)|您的浏览器(?:版本过低|不支持)",
    ),
    (
        "a bot check",
        r"checking (?:your browser|if the site connection is secure)|verify(?:ing)? (?:that )?you are (?:not a robot|(?:a )?human)|unusual (?:traffic|activity)|"
        r"ray id|complete the (?:captcha|security check)|confirm you.re not a robot|performance (?:and|&) security by cloudflare|"
        r"(?:环境|访问)异常|完成验证(?:后)?(?:即可)?继续|请(?:完成|进行)(?:安全)?验证|拖动滑块",
    ),
    (
        "a paywall",
        r"subscribe (?:now )?(?:to (?:continue|keep|read|unlock|get (?:full )?access)|for (?:full|unlimited) access)|(?:this|the rest of (?:this|the)) (?:article|post|story|content|episode) is (?:for|only (?:for|available to)|reserved for|available (?:only )?to|exclusive to) (?:\w+ ){0,3}(?:subscribers|members)|"
        r"(?:already|not) a (?:\w+ )?(?:subscriber|member)\?|you(?:.ve| have) (?:reached|hit|read|used) (?:your|all|the|\d+)[^.]{0,40}(?:limit|free|articles?)|"
        r"(?:unlock|access) (?:this|the full|all) (?:article|story|post|content)|(?:paid|premium) (?:subscribers|members) only|keep reading with a .{0,20}(?:trial|subscription)|become a (?:paid )?(?:member|subscriber) to (?:read|continue|unlock)|member-only story|"
        r"(?:订阅|付费|购买|开通(?:会员|vip)?|成为会员|加入会员)(?:后)?(?:即可|可|以|才能|才可|方可)?(?:继续)?(?:阅读|查看|解锁|畅读)(?:全文|本文|更多|余下)?|(?:会员|付费|订阅者?)(?:专享|专属|可见|可读)|剩余.{0,10}(?:%|字).{0,12}(?:付费|订阅|会员)|本文为付费|付费(?:内容|文章)|試閱|訂閱(?:後|以)(?:繼續)?閱讀|"
        r"(?:有料)?会員限定|有料会員|続きを(?:お)?読(?:み|む)|무료 ?회원|유료 ?회원|(?:mit|nur für) (?:einem )?(?:abo|abonnenten|plus)\b[^.]{0,40}(?:lesen|weiterlesen)|jetzt (?:abonnieren|weiterlesen)|"
        r"take a free trial|(?:registered|free) users can (?:read|access|view)|once registered,? you can|are you a print subscriber|request a (?:full |free )*trial|if you(?:'re| are) (?:already |currently )?an? (?:current |existing )?(?:print|digital|newspaper) subscriber\b|register (?:now |here )?(?:for free )?to (?:read|continue|keep|view)|"
        r"(?:article|contenu) réservé aux abonnés|abonnez-vous pour|(?:contenido|artículo) (?:exclusivo|solo) para suscriptores|suscríbete para (?:seguir|continuar)|conteúdo exclusivo para assinantes|articolo riservato agli abbonati",
    ),
    (
        "a login wall",
        r"(?:log|sign) ?in (?:to|or sign up to|or (?:create|register)[^.]{0,30}to) (?:continue|read|view|see|access|keep)|create (?:a|an|your) (?:free )?account to (?:continue|read|view|keep)|"
        r"(?:you )?must (?:be logged in|log ?in|sign ?in)|please (?:log|sign) ?in\b|"
        r"(?:请先?|需要?|必须)?(?:登录|登錄|登入)(?:后|後|账号|帳號|以)?(?:即可|才能|可|方可)?(?:继续|繼續)?(?:查看|阅读|閱讀|浏览|访问|可见)|请先?登录",
    ),
    (
        "an ad-blocker notice",
        r"(?:disabl(?:e|ing)|turn(?:ing)? off|switch(?:ing)? off|paus(?:e|ing)|deactivat(?:e|ing)) (?:your |the )?ad ?-?block(?:er|ing)?\b|you(?:.re| are) blocking ads|(?:using|have|running|detected|noticed) (?:you.re using )?an? ad ?-?block(?:er)?\b|ad ?-?block(?:er)? (?:detected|is (?:on|enabled|active))|"
        r"(?:关闭|禁用|停用|暂停|關閉|停用)(?:您的|你的)?(?:广告|廣告)(?:拦截|屏蔽|过滤|攔截|阻擋)|正在(?:使用(?:广告|廣告)(?:拦截|屏蔽|攔截)|屏蔽广告)|(?:ad ?blocker|werbeblocker) (?:deaktivieren|ausschalten)|wyłącz(?:yć)? ad ?block|désactive[rz] (?:votre )?(?:ad ?block|bloqueur)",
    ),
    (
        "a consent page",
        r"(?:accept|reject|manage) (?:all )?cookies?.{0,200}(?:accept|reject|manage|partners|settings|preferences)|we and our (?:\d+ )?partners (?:store|process|use)|"
        r"before you continue to|your (?:privacy|consent) (?:choices|preferences)|(?:gdpr|cookie) consent|(?:接受|同意)(?:所有|全部)\s*cookie",
    ),
    (
        "an error page",
        r"(?:the )?(?:page|article|post|document|content|file|url) (?:that )?(?:you(?:.re| are|.ve| have)? (?:requested|looking for|trying to (?:reach|access|view)|followed)[^.]{0,60} )?(?:was not|can(?:.t|not| not) be|could(?:n.t| not) be|does(?:n.t| not)|no longer|has been|is no longer|isn.t) (?:found|exist|exists|available|removed|deleted)|"
        r"we (?:can.t|couldn.t|could not|cannot) find (?:the|that|this) page|page not found|error 404|404 (?:error|not found)|nothing (?:was )?found (?:at|here)|"
        r"(?:this )?domain (?:is|may be) for sale|buy this domain|"
        r"(?:您)?(?:访问|请求|查找)的(?:页面|内容|文章|资源)(?:已?(?:被)?(?:不存在|删除|下线)|不存在|找不到|无法)|页面(?:不存在|未找到|走丢了|已删除|找不到)|(?:文章|内容)(?:已被?(?:作者|发布者)?(?:删除|下架)|不存在)|该内容已被发布者删除|此内容因违规无法查看",
    ),
)  # fmt: skip
"""Anywhere in a short text."""

_TITLE_PATTERNS = tuple((name, re.compile(rf"(?i)(?:{words})")) for name, words in _TITLES)
_SIGN_PATTERNS = tuple((name, re.compile(rf"(?i){words}")) for name, words in _SIGNS)


def before_wall(text: str) -> str:
    """The paragraphs and sentences of a page that stand before the first sign of a wall: what it shows for nothing."""
    shown = []
    for paragraph in text.split("\n\n"):
        if not _has_sign(paragraph):
            shown.append(paragraph)
            continue
        shown.append(" ".join(takewhile(lambda sentence: not _has_sign(sentence), sentences(paragraph))))
        break
    return "\n\n".join(filter(None, shown))


def _has_sign(text: str) -> bool:
    flat = _flat(text)
    return any(pattern.search(flat) for _, pattern in _SIGN_PATTERNS)


def _flat(text: str) -> str:
    return re.sub(r"[\s*_#>]+", " ", text).replace("’", "'")


def wall(title: str, text: str) -> str:
    """What the page is instead of the article ("a paywall"); "" when nothing says so."""
    size = len(text) + sum(c > "\u2e7f" for c in text) if len(text) <= 2 * SHORT else 2 * SHORT + 1
    if size > 2 * SHORT:
        return ""
    flat = _flat(text)
    found = [(name, list(pattern.finditer(flat))) for name, pattern in _SIGN_PATTERNS]
    hits = {name: matches[-1] for name, matches in found if matches}
    if "a paywall" in hits and hits["a paywall"].end() > len(flat) - _END:
        return "a paywall"
    if size > SHORT:
        return ""
    bare = re.split(r"\s[|–—·-]\s|\s*[|_｜]\s*", title.strip())[0].strip()
    for name, pattern in _TITLE_PATTERNS:
        if pattern.fullmatch(title.strip()) or (bare and pattern.fullmatch(bare)):
            return name
    # Half a screen of text with one sign among it is an article that speaks of it.
    wordings = {match[0].lower() for _, matches in found for match in matches}
    if hits and (size < 400 or len(wordings) > 1):
        return next(iter(hits))
    return ""
