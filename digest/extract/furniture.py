"""What stands around an article in its own container: its title and date again, share bars, "related posts",
newsletter boxes, comments.

Read from the Markdown, block by block, since there a link still shows and a line stands for itself. Three rules, by
place: at the head and at the end a block goes when it says nothing of its own; a short section goes whole when its
heading says what it is; in between only a line that no author writes. Prose is never asked. What has a class or a
role that tells it was left out before, by trafilatura.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from digest.extract.addresses import why_no_page
from digest.extract.prepare import announces
from digest.text import tokens
from digest.urls import host_of

_MOST = 0.5
"""Share of a text that may be furniture; beyond it the text is of a kind that these rules don't know."""

_SITES = r"facebook|twitter|x|linkedin|reddit|pinterest|whatsapp|telegram|instagram|youtube|tiktok|flipboard|messenger|mastodon|bluesky|threads|weibo|wechat|line|pocket|hacker ?news|tumblr|vk|xing|evernote|微博|微信|朋友圈|qq(?:空间)?"

_ANYWHERE = (
    r"(?:advertis(?:e)?ment|sponsored(?: content| by)?|promoted|ads?|anzeige|werbung|publicidad|publicité|pubblicità|реклама|广告|廣告)(?:\W.{0,40})?",
    r"(?:(?:story|article|post|text) )?continue[sd]?(?: reading)?(?: (?:below|after|the main story).{0,40})?|scroll (?:down )?(?:to continue|for more).{0,40}|skip (?:advertisement|ad|to .{0,30})|(?:loading|please wait)\W*",
    rf"(?=.*(?:\b(?:share|tweet|pin it|e-?mail|print|copy (?:the )?link|facebook|twitter|linkedin|whatsapp|pinterest|teilen|drucken|compartir|partager|imprimer)\b|分享|转发|收藏|点赞|打印|シェア))"
    rf"(?:(?>(?:share|tweet|pin|post|e?-?mail|print|save|like|copy(?: (?:the )?link)?|send|bookmark|follow|teilen|drucken|compartir|partager|imprimer|{_SITES}|\+1|this|it|on|to|via|with|by|and|or|us|article|story|page|link|friends?|shares?|likes?|comments?|views?)(?![^\W\d_])|分享|转发|收藏|点赞|打印|シェア|到|至|于|在|\d[\d.,k]*+|[\s,|/·•:：+&]++))++",
    rf"(?:share|tweet|分享|转发|シェア|この(?:記事|ニュース)を|teile|compart|partag).{{0,40}}(?:this (?:article|story|post|page)|on social media|with (?:your )?friends|{_SITES}|本文|文章|到.{{0,10}}|シェア)\W*",
    rf"(?:you can )?(?:(?:follow|like|find|join) (?:us|me|him|her|them|.{{2,40}}) on|关注(?:我们|我).{{0,10}}) ?(?:our )?(?:{_SITES}|social media|google news).{{0,60}}",
    r"(?:please )?(?:sign up|subscribe|register|join)\b.{0,90}\b(?:newsletters?|inbox|e-?mails?|mailing list|alerts|podcast|channel)\b.{0,60}|(?:get|receive|want) .{0,80}\b(?:delivered |sent )?(?:to|in) your inbox.{0,40}|(?:our |the |free )*(?:daily |weekly )?newsletter\W*",
    r"(?:click|tap) (?:here|below|on|the)\b.{0,80}|(?:view|see|open|show)(?: the)?(?: more| full| all| larger| original)? (?:photos?|images?|gallery|slideshow|pictures?|comments?)\b.{0,30}",
    r"(?:photos?|images?|pictures?|photograph|illustration|graphic|video|featured image|header image|screenshot)(?: credits?| by| courtesy(?: of)?| source| via|\s?[:：/|])+ ?.{2,90}|(?:credits?|photo by|imagen|imágenes|fotos?|bild(?:er)?|quelle|fuente|fonte|crédits?(?: photos?)?|图片?(?:来源|源)?|图|圖|摄影|攝影|题图|頭圖|头图|封面图?)\s?[:：/|].{1,60}|[^.!?]{0,80}(?:getty images|shutterstock|unsplash|associated press|ap photo|afp|epa|istock)(?:\s?[/|,].{0,40})?\W*",
    r"(?:\d[\d.,k]*|no|one) (?:comments?|responses?|replies|shares?|likes?|views?)|(?:leave|post|add|write) a (?:comment|reply)\W*|be the first to comment\W*|(?:comments|kommentare|commentaires) (?:are )?(?:closed|off)\W*|\d+ ?(?:条|則|则|个)?(?:评论|評論|留言|阅读|次浏览)|暂无评论|发表评论|阅读数?[:： ]?\d+",
    r"(?:back|return) to (?:top|the top|home|homepage|all .{0,20}|blog|news|list)|previous (?:post|article|story)\b.{0,120}|next (?:post|article|story)\b.{0,120}|[«←‹] .{2,120}|.{2,120} [»→›]|(?:上一篇|下一篇|上一页|下一页|返回(?:列表|顶部|首页)?|回到顶部)\b.{0,80}|(?:previous|next|prev)",
    r"(?:listen|watch|play)(?: (?:to|now|live|the video|the podcast|this (?:article|story)).{0,30})?|(?:play|pause|mute) video|video player|audio player|your browser does not support .{0,60}",
    r"(?:扫|长按|識別|识别).{0,12}(?:二维码|二維碼|QR).{0,40}|(?:点击|點擊).{0,16}(?:关注|订阅|原文|蓝字|卡片).{0,20}|(?:觉得|喜欢).{0,20}(?:点赞|在看|转发|分享).{0,20}|(?:打开|下载)(?:app|客户端).{0,20}|展开全文|收起|点赞|在看|赞赏",
)  # fmt: skip
"""Whole blocks that no author writes as a paragraph, wherever they stand."""

_LEADS = r"(?:(?:also |please )?(?:read|see|watch|listen)(?: (?:more|also|next|now|this|full story|on|the full (?:story|article|report)))?|related(?: (?:articles?|stor(?:y|ies)|posts?|links?|coverage|content|reading|news|topics?))?|more(?: (?:on|from|about|in)(?: this)?.{0,30})?|recommended(?: reading)?|don.t miss|must[- ]read|up next|background|previously|siehe auch|lesen sie auch|mehr zum thema|lee también|lea también|lire aussi|[àa] lire aussi|leggi anche|leia (?:também|mais)|читайте также|lees ook|läs också|læs også|les også|lue myös|czytaj (?:też|także|również)|zobacz też|čtěte také|lasi arī|baca juga|xem thêm|читайте також|関連(?:記事)?|相关(?:阅读|文章|报道|新闻|链接)?|相關(?:閱讀|文章|報導|新聞)?|推荐阅读|推薦閱讀|延伸阅读|延伸閱讀|往期(?:推荐|回顾|精选)?|阅读更多|更多(?:阅读|内容)?|另见)"
_LINKED_LEAD = re.compile(
    rf"(?i)[>»→▶►•\s–—-]*(?:en|in|auf|sur|su|on) [^|]{{2,24}} \|.{{0,200}}|[>»→▶►•\s–—-]*{_LEADS}\s*[:：|>»–—-]+.{{0,200}}|[>»→▶►•\s–—-]*{_LEADS} .{{0,160}}"
)
"""What leads to another page, when most of the line is a link."""

_EDGES = (
    r"(?:©|\(c\)|copyright\b|all rights reserved|alle rechte|tous droits|版权(?:所有|声明|归)|著作权|本文(?:版权|由.{1,20}(?:授权|转载))|(?:转载|轉載)(?:请|須|需|自)|未经.{0,12}(?:许可|授权|允许)).{0,200}|.{0,80}all rights reserved\W*",
    r"(?:filed (?:under|in)|tags?|tagged(?: (?:with|as))?|topics?|categor(?:y|ies)|keywords?|posted in|labels?|sections?|schlagw[oö]rter|étiquettes|etiquetas|标签|標籤|关键[词字]|關鍵字|分类|分類|栏目|タグ)\s?[:：|].{0,200}|(?:filed (?:under|in)|posted (?:in|under)|tagged) .{0,160}",
    r"(?:by|von|por|par|di|words by|text by|story by|written by|reported by|posted by|published by|author|autor|auteur|reporter|editor|作者|文|撰文|编辑|編輯|责编|责任编辑|責任編輯|记者|記者|来源|來源|出处|原创|翻译|译者|校对|审校|审核|监制|编译|排版|供稿|通讯员)\s?[:：|/丨].{1,80}|(?:by|written by|posted by|published by|words by) [A-Z\u00c0-\u00de][^.!?]{1,70}",
    r"(?:read|view|see)(?: (?:the|this))?(?: (?:full|original|entire|more))*(?: (?:article|story|post|on|at|here|from|about)).{0,80}|(?:this|the) (?:article|post|story|piece) (?:was )?(?:originally|first) (?:appeared|published|posted) .{0,160}|(?:原文(?:链接|地址|标题)?|阅读原文|本文(?:链接|地址)|链接)\s?[:：]?.{0,120}",
    r"(?:the )?(?:post|article|entry) .{1,200} (?:appeared first|first appeared|was first published) on .{1,80}|submitted by .{1,80}",
    r"(?:send|submit|report|got|have) (?:us )?(?:a |your |an )?(?:tips?|news tips?|comments?|corrections?|errors?|typos?|feedback|questions?)\b.{0,120}|(?:contact|e-?mail|reach|write to) (?:the )?(?:author|writer|reporter|editor|us|him|her|me)\b.{0,100}|(?:contact|follow) .{2,60} (?:at|on) .{2,60}",
    r".{0,60}\b(?:paypal|promptpay|patreon|ko-fi|buy me a coffee|liberapay)\b.{0,80}|(?:https?://)?(?:www\.)?(?:fb\.me|facebook\.com|twitter\.com|x\.com|instagram\.com|t\.me)/\S+",
    r"(?:topics|trending|more|share|related|newsletter|subscribe|comments?|about us|contact(?: us)?|privacy(?: policy)?|terms(?: of (?:use|service))?|advertise|home|menu|search|log ?in|sign ?(?:in|up)|register|donate|support us|faqs?|help|login|ログイン|登录|注册|首页|关于我们|联系我们|订阅|捐赠|赞助)\W*",
    r"(?:estimated )?(?:reading|read) time.{0,30}|\d+ ?-?(?:min(?:ute)?s?)(?: read)?(?: time)?|(?:约|共|全文)?\s?\d+ ?(?:分钟|字)(?:阅读)?.{0,12}|(?:预计|建议)?阅读(?:时间|时长|需).{0,16}",
)  # fmt: skip
"""Whole blocks that say nothing of their own before the first paragraph and after the last."""

_DATE_WORDS = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-zéûäç]*|(?:januar|februar|märz|mai|juni|juli|oktober|dezember|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre)|"
    r"(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?|(?:a|p)\.?m\.?|[ec][sd]?t|pst|pdt|mst|mdt|gmt|utc|bst|cest|hrs?|uhr|at|on|of|de|the|th|st|nd|rd|and|ago|hours?|minutes?|days?|"
    r"(?:first |last |date )?(?:published|updated|posted|modified|created|publicado|actualizado|publié|mis à jour|veröffentlicht|aktualisiert|stand|date)|(?:发布|发表|更新|修改|创建)(?:于|时间|日期)?|(?:时间|日期)|年|月|日|时|分|秒|星期.|周.|上午|下午|오전|오후"
)
_DATE = re.compile(
    r"(?i)(?=.*(?:\d{4}|\d[./:-]\d|\bago\b|[月日时分]|\d\d? [a-z]{3}|[a-z]{3} \d\d?))"
    rf"(?:(?>(?<![^\W\d_])(?:{_DATE_WORDS})(?![^\W\d_])|[年月日时分秒号]|[\d\W_]))++"
)

_RELATED = (
    r"(?:related|recommended|similar|popular|trending|latest|recent|featured|top|other|suggested|most (?:read|popular|viewed|shared|commented|recent))(?: (?:articles?|posts?|stor(?:y|ies)|news|links?|content|reading|coverage|topics?|reads?|videos?|stuff|searches|items?|products?|now|today|for you|opinion|columns?|columnists?|headlines?|blogs?))++(?: (?:from|on|in) .{1,60})?|related|recommended|trending|suggested|"
    r"(?:read|see|watch) (?:more|next|also|this next)(?: .{1,40})?|(?:you|we)(?: (?:may|might|will|could))?(?: also)? (?:like|love|enjoy|be interested in|recommend)(?: .{0,30})?|what to read next|more (?:from|on|in|by|about|like|for|stories|news|articles|posts|to read|to explore)(?: .{0,50})?|up next|don.t miss|in case you missed it|editor.?s.? (?:picks?|choice)|today on .{1,30}|also (?:on|in|from) .{1,40}|around the web|from (?:the web|our partners)|promoted (?:by|content|stories|links).{0,30}|you may have missed|keep reading|read on|discover more.{0,30}|explore more.{0,40}|"
    r"(?:das könnte sie auch interessieren|mehr zum thema|lesen sie auch|weitere artikel|à lire aussi|lire aussi|sur le même sujet|noticias relacionadas|te puede interesar|artículos relacionados|leggi anche|articoli correlati|leia também|veja também|читайте также|関連記事|おすすめ(?:記事)?|人気記事|あわせて読みたい|관련 ?기사)|"
    r"(?:lees (?:ook|meer|verder)|gerelateerde? .{2,20}|läs (?:också|mer|även)|læs også|les også|lue myös|czytaj (?:też|także|również)|zobacz (?:też|także|również)|čtěte (?:také|dále)|související .{2,20}|kapcsolódó .{2,20}|lasi arī|ilgili (?:haberler|yazılar)|baca juga|(?:artikel|berita) terkait|(?:tin|bài viết) liên quan|xem thêm|đọc thêm|читайте також|διαβάστε (?:επίσης|ακόμα)|(?:เรื่อง|ข่าว|บทความ)ที่เกี่ยวข้อง|اقرأ أيض[ًا]+|(?:مواضيع|أخبار|مقالات) ذات صلة|קראו גם|כתבות נוספות)|"
    r"(?:相关|相關|推荐|推薦|热门|熱門|最新|精选|更多|近期|往期|随机|精彩)(?:阅读|閱讀|文章|推荐|推薦|新闻|新聞|报道|報導|链接|内容|內容|资讯|話題|话题|回顾|精彩|视频|专题|标签|主题)++|猜你喜欢|(?:你|您)(?:可能|也许)(?:还|也|還)?(?:喜欢|喜歡|感兴趣|會|会).{0,12}|大家都在看|编辑推荐|編輯推薦|上一篇|下一篇|"
    r"(?:tags?|topics?|categor(?:y|ies)|filed under)"
)  # fmt: skip
"""Headings of lists of other pages."""

_BOXES = (
    r"(?:share|tweet|spread)(?: .{0,40})?|(?:like|enjoyed?)(?: (?:this|what|the|our)\b.{0,40})|(?:newsletters?|subscribe|sign up|get (?:our|the|updates)|stay (?:up to date|informed|connected|in the loop|tuned)|join (?:our|the|us|\d).{0,60}|follow (?:us|me|along))(?: .{0,60})?|"
    r"(?:support (?:us|our|independent)|donate|become a (?:member|patron|supporter|subscriber))(?: .{0,40})?|about (?:the )?(?:authors?|writers?|contributors?|us|this (?:author|blog|site))|(?:written by|posted by|meet the author|author|the authors?)(?: .{0,40})?|thanks!?|contact(?: us)?|advertisement|table of contents|"
    r"关于(?:作者|我们)|作者(?:简介|介绍|信息)|分享(?:到|本文|文章)?|订阅.{0,12}|联系我们|版权(?:声明|信息)|赞助.{0,6}|打赏.{0,6}|标签|欢迎关注.{0,16}|この(?:記事|ニュース)をシェア|シェア(?:する)?|über den autor|à propos de l.auteur|sobre el autor"
)  # fmt: skip
"""Headings of boxes with a few lines."""

_COMMENTS = (
    r"(?:\d[\d.,]* ?|no |one |all |reader |user |recent |latest )?(?:comments?|responses?|replies|reactions|discussion|kommentare?|comentarios?|comentar|commentaires?|commenti|comentários|комментарии|评论|評論|留言|回复|回應|跟帖|コメント|댓글)(?: ?(?:\(\d*\)|\d+|on .{1,120}|to .{1,120}|区|列表|for this .{0,20}|section))?|"
    r"(?:leave|post|add|write|submit) (?:a |your )?(?:comment|reply|response|thought)s?.{0,40}|join the (?:conversation|discussion).{0,30}|what do you think\??|(?:网友|最新|热门|全部|发表|精选)(?:评论|留言).{0,8}|\d+ thoughts? on .{1,120}|deja (?:un comentario|una respuesta)|laisser un commentaire|schreibe einen kommentar"
)  # fmt: skip
"""Headings of what readers wrote."""

_OWN_LISTS = re.compile(
    r"(?i)(?:\W*)(?:references?|sources?|citations?|bibliography|links?|resources?|footnotes?|notes?|further reading|see also|credits|acknowledge?ments?|works cited|appendix|changelog|downloads?|参考.{0,6}|引用|注释|资料.{0,4}|链接|下载|延伸阅读|扩展阅读|延伸閱讀|參考.{0,6}|脚注)\W*"
)
"""Headings of lists of links that belong to the article."""

_ANYWHERE_RE, _EDGE_RE = (
    re.compile(f"(?i)(?:{'|'.join(rows)})") for rows in (_ANYWHERE, (*_ANYWHERE, *_EDGES))
)
_RELATED_RE, _BOX_RE, _COMMENTS_RE = (
    re.compile(rf"(?i)(?:{rows})\W*") for rows in (_RELATED, _BOXES, _COMMENTS)
)

_LINK = re.compile(
    r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*+)\]\((<[^>]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)|<(https?://[^>\s]+)>"
)
_PICTURE = re.compile(r"!\[(?:[^\[\]]|\[[^\[\]]*\])*+\]\([^)]*\)")
_MARKS = re.compile(
    r"(?m)^\s*(?:#{1,6}\s+|(?:>\s*)+|[-*+]\s+|\d{1,3}[.)]\s+)|\*\*|__|(?<!\w)[*_]|[*_](?!\w)|`|\\(?=\W)|  +$"
)
_BOLD = re.compile(r"\*\*[^*\n]{2,80}\*\*:?")
_SENTENCE = re.compile(r"[.!?。！？…;；][\"'”’」』)）]*(?:\s|$)|[。！？；]")
_SLIDE = re.compile(r"(?:[-*+]\s+)?(?:#{1,6}\s+)?(?:\*\*)?(\d{1,3})\s?(?:/|of)\s?(\d{1,3})\b")
_SLIDES = 5
"""Counted slides in a row that make a gallery."""
_AN_ARTICLE = 1200
"""Characters of prose beside which a gallery is not the article."""
_SHORT_LINE = 40
"""Characters up to which a line without marks may be a heading."""
_FOOTER = 3
"""Lines of links alone, one after another at the end, that are the page's foot wherever they lead."""
_LINE = 180
"""Characters up to which a block may be a line that no author writes."""
_LONG = 300
"""Characters from which a block is prose, unless it is all links."""


@dataclass(frozen=True, slots=True)
class _Block:
    raw: str
    words: str
    """Without marks, pictures and addresses."""
    linked: int
    """Letters inside links."""
    targets: tuple[str, ...]
    level: int = 0
    """Of a heading; a short line all in bold is one too, below the others; 0 for anything else."""

    @property
    def is_code(self) -> bool:
        return self.raw.startswith(("```", "~~~", "$$", "    ")) or self.raw.startswith("[^")

    @property
    def is_links(self) -> bool:
        return bool(self.targets) and self.linked >= 0.8 * _size(self.words)

    @property
    def is_silent(self) -> bool:
        """Pictures alone."""
        return _size(self.words) == 0

    @property
    def is_prose(self) -> bool:
        return (
            self.is_code
            or self.raw.startswith("|")
            or (not self.is_links and (len(self.words) >= _LONG or bool(_SENTENCE.search(self.words[20:]))))
        )


def without_furniture(
    text: str, *, title: str = "", author: str = "", url: str = "", is_feed: bool = False
) -> str:
    """`text` without what its page says around it; `text` itself where these rules would take most of it.

    A feed brings no page along: its sections are the author's, "Top stories" too.
    """
    blocks = [_block(raw) for raw in _raw_blocks(text)]
    blocks = _without_slides(blocks)
    kept = blocks if is_feed else _without_sections(blocks, host_of(url))
    kept = _without_edges(_without_lines(kept, host_of(url)), title, author, host_of(url))
    kept = _without_echoes(kept)
    if sum(len(block.words) for block in kept) < _MOST * sum(len(block.words) for block in blocks):
        return text
    return "\n\n".join(block.raw for block in kept).strip()


def _raw_blocks(text: str) -> list[str]:
    """What stands between blank lines; a fence holds its own."""
    blocks: list[str] = []
    fence = ""
    for piece in text.split("\n\n"):
        if fence:
            blocks[-1] += "\n\n" + piece
        elif piece.strip():
            blocks.append(piece.strip("\n"))
        for line in piece.split("\n"):
            mark = line.lstrip()[:3]
            if mark in ("```", "~~~") and (not fence or mark == fence):
                fence = "" if fence else mark
    return blocks


def _block(raw: str) -> _Block:
    if raw.startswith(("```", "~~~", "|")) or (len(raw) > _LONG and "](" not in raw):
        return _Block(raw, raw, 0, ())
    bare = _PICTURE.sub("", raw) if "![" in raw else raw
    links: list[tuple[str, str]] = []
    if "](" in bare or "<http" in bare:
        links = [(m[1] or m[3] or "", (m[2] or m[3] or "").strip("<>")) for m in _LINK.finditer(bare)]
        bare = _LINK.sub(lambda m: m[1] or m[3] or "", bare)
    words = " ".join((_MARKS.sub("", bare) if len(bare) <= _LONG else bare).split())
    level = 7 if raw.startswith("**") and _BOLD.fullmatch(raw) else 0
    if raw.startswith("#"):
        level = len(raw) - len(raw.lstrip("#"))
    return _Block(raw, words, sum(_size(label) for label, _ in links), tuple(to for _, to in links), level)


def _size(words: str) -> int:
    return sum(map(str.isalnum, words))


# --- sections -------------------------------------------------------------------------------------


def _without_slides(blocks: list[_Block]) -> list[_Block]:
    """Without a gallery between the paragraphs, "1/50" to "50/50"; where the slides are the article, they stay."""
    slides = [(i, int(m[1]), int(m[2])) for i, block in enumerate(blocks) if (m := _SLIDE.match(block.raw))]
    first = next((at for at, (_, number, _) in enumerate(slides) if number == 1), len(slides))
    run = [slides[first]] if first < len(slides) else []
    for slide in slides[first + 1 :]:
        if slide[1:] != (run[-1][1] + 1, run[-1][2]):
            break
        run.append(slide)
    if len(run) < _SLIDES:
        return blocks
    start, end = run[0][0], run[-1][0] + 1
    while end < len(blocks) and blocks[end].raw.startswith("  "):
        end += 1
    while start and blocks[start - 1].level:
        start -= 1
    rest = blocks[:start] + blocks[end:]
    return rest if sum(len(block.words) for block in rest if block.is_prose) >= _AN_ARTICLE else blocks


def _without_sections(blocks: Sequence[_Block], host: str) -> list[_Block]:
    """Without lists of other pages, boxes and readers' comments, each under a heading that says so."""
    kept: list[_Block] = []
    index = 0
    while index < len(blocks):
        end = _section_end(blocks, index, host)
        kept += blocks[index : index + 1] if end == index else []
        index = max(end, index + 1)
    return kept


def _section_end(blocks: Sequence[_Block], index: int, host: str) -> int:
    """Where what the heading at `index` announces ends; `index` when it announces nothing of that kind."""
    head = blocks[index]
    if (
        head.is_code
        or len(head.words) > (140 if head.level else _SHORT_LINE)
        or (head.targets and not head.level)
    ):
        return index
    words = head.words.strip(" :：#>»|-–—")
    if _COMMENTS_RE.fullmatch(words):
        is_below = index > (0.3 if head.level else 0.6) * len(blocks)
        return len(blocks) if is_below and _is_last(blocks, index) else index
    rest = blocks[index + 1 :]
    if _RELATED_RE.fullmatch(words):
        if (teasers := _teasers(rest, head.level, host)) > 0:
            return index + 1 + teasers
        run = next((i for i, block in enumerate(rest) if not _leads_away(block)), len(rest))
        return index + 1 + run if run or (head.level and not rest) else index
    if head.level and _BOX_RE.fullmatch(words):
        run = next((i for i, block in enumerate(rest) if block.level), len(rest))
        box = rest[:run]
        is_small = sum(len(block.words) for block in box) < 2 * _LONG and not any(b.is_code for b in box)
        if is_small and (not box or index > 0.6 * len(blocks) or _is_last(blocks, index)):
            return index + 1 + run
    return index


def _teasers(rest: Sequence[_Block], level: int, host: str) -> int:
    """How many blocks under a heading of this rank are the site's other pages' headings with what they say; 0 when any
    is not: links to other sites, with words on each, are somebody's list.
    """
    if not level:
        return 0
    end = next((i for i, block in enumerate(rest) if 0 < block.level <= level), len(rest))
    heads = [block for block in rest[:end] if level < block.level < 7]
    are_here = (head.targets and all(_is_of(host_of(to), host) for to in head.targets) for head in heads)
    return end if len(heads) > 1 and all(are_here) else 0


def _is_last(blocks: Sequence[_Block], index: int) -> bool:
    """No heading of the same rank follows, nor code: a manual has a chapter on comments, too."""
    rank = min(blocks[index].level or 6, 6)
    return not any(0 < block.level <= rank or block.is_code for block in blocks[index + 1 :])


def _leads_away(block: _Block) -> bool:
    """A link, a picture or a short line in a list of other pages."""
    if block.is_prose or 0 < block.level < 7:
        return False
    return block.is_links or block.is_silent or len(block.words) < 120


# --- lines ----------------------------------------------------------------------------------------


def _without_lines(blocks: Sequence[_Block], host: str) -> list[_Block]:
    return [block for block in blocks if not _is_notice(block, host)]


def _is_notice(block: _Block, host: str) -> bool:
    """A line that no author writes, or that leads to another page of the same site."""
    if (
        block.is_code
        or block.is_silent
        or len(block.words) > _LONG
        or block.raw.startswith(("|", "- ", "* ", "1."))
    ):
        return False
    if block.level in range(1, 7):
        return False
    if len(block.words) <= _LINE and _ANYWHERE_RE.fullmatch(block.words):
        return True
    if not block.targets:
        return False
    if block.linked >= 0.5 * _size(block.words) and _LINKED_LEAD.fullmatch(block.words):
        return True
    is_headline = len(block.targets) == 1 and (len(block.words.split()) >= 5 or _size(block.words) >= 25)
    return is_headline and host != "" and "#" not in block.targets[0] and _stays_here(block, host)


def _without_echoes(blocks: Sequence[_Block]) -> list[_Block]:
    """Without quotes pulled out of the article's own sentences."""
    pulled = [block for block in blocks if block.raw.startswith(">") and len(block.words) >= 40]
    if not pulled:
        return list(blocks)
    prose = "\n".join(_bare(block.words) for block in blocks if block not in pulled)
    return [block for block in blocks if block not in pulled or _bare(block.words) not in prose]


def _bare(words: str) -> str:
    return re.sub(r"[\W_]+", "", words).casefold()


# --- edges ----------------------------------------------------------------------------------------


def _without_edges(blocks: Sequence[_Block], title: str, author: str, host: str) -> list[_Block]:
    start, end = 0, len(blocks)
    silent: list[_Block] = []
    again = next((i for i, block in enumerate(blocks[:5]) if _says(block, title)), -1)
    if again >= 0 and not any(block.is_prose for block in blocks[:again]):
        silent = [block for block in blocks[:again] if block.is_silent]
        start = again + 1
    while start < end and (blocks[start].is_silent or _is_edge(blocks[start], author, host)):
        silent += [blocks[start]] if blocks[start].is_silent else []
        start += 1
    run = next((i for i, block in enumerate(reversed(blocks)) if not block.is_links), end)
    end -= run if run >= _FOOTER else 0
    while start < end and _is_tail(blocks, end - 1, author, host):
        end -= 1
    return [*silent, *blocks[start:end]]


def _says(block: _Block, title: str) -> bool:
    """Whether `block` is the title again, or a chief heading that shares most of its words with it."""
    words, wanted = _bare(block.words), _bare(title)
    if not words or not wanted:
        return False
    if words == wanted or (words in wanted and (block.level > 0 or len(words) > 0.7 * len(wanted))):
        return True
    ours = tokens(block.words) if block.level == 1 else []
    return bool(ours) and 2 * len(set(ours).intersection(tokens(title))) > len(set(ours))


def _is_edge(block: _Block, author: str, host: str) -> bool:
    """Date, byline, share bar: nothing that the article itself says."""
    if block.is_code or len(block.words) > _LONG:
        return False
    if _EDGE_RE.fullmatch(block.words) or (len(block.words) < 100 and _DATE.fullmatch(block.words)):
        return True
    if (
        author
        and len(block.words) < len(author) + 60
        and author.casefold() in block.words.casefold()
        and not _SENTENCE.search(block.words)
    ):
        return True
    return len(block.words) < 100 and not block.level and _stays_here(block, host)


def _is_tail(blocks: Sequence[_Block], index: int, author: str, host: str) -> bool:
    block = blocks[index]
    if block.level in range(1, 7):
        return True
    before = blocks[index - 1] if index else None
    if before is not None and (_OWN_LISTS.fullmatch(before.words) or announces(before.words)):
        return False
    heading = next((b for b in reversed(blocks[:index]) if b.level), None)
    if heading is not None and _OWN_LISTS.fullmatch(heading.words):
        return False
    return _is_edge(block, author, host) or (len(block.targets) > 1 and _stays_here(block, host))


def _stays_here(block: _Block, host: str) -> bool:
    """Links alone, to pages of the same site: what leads to another one, or to a file, may be what it is all about."""
    if not block.is_links:
        return False
    here = sum(_is_of(host_of(target), host) for target in block.targets)
    if host and 2 * here <= len(block.targets):
        return False
    return not any(why_no_page(target).endswith("linked, not fetched") for target in block.targets)


def _is_of(host: str, site: str) -> bool:
    return not host or host == site or host.endswith(f".{site}") or site.endswith(f".{host}")
