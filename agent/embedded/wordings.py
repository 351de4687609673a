"""Ways of speaking around a wish: greetings, politeness, shorthand, and the wish to search itself."""

from __future__ import annotations

import re

_GREETING = re.compile(
    r"^\s*(?:(?:hi|hello|hey|yo|good (?:morning|evening|day|afternoon)|morning|ok|okay|so|well|please"
    r"|pls|thanks|thank you|thx|sorry|привет\w*|здравствуй\w*|"
    r"добр(?:ый|ое|ой) (?:день|утро|вечер|ночи)|слушай|слышь|скажи|подскажи|пожалуйста|плиз|ок|окей"
    r"|так|ну|хай|спасибо|коллеги|народ|ребят\w*|извини|"
    r"there|guys|team|folks|again|man|bro|mate|buddy|quick question)[\s,!.:;-]+)+",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"\b(?:please|pls|plz|could you|can you|would you|will you|i want you to|i'd like you to"
    r"|i need you to|for me|real quick|quickly please|asap|"
    r"пожалуйста|плиз|плз|можешь|не мог бы ты|мог бы ты|будь добр|если не сложно|быстренько)\b[\s,]*",
    re.IGNORECASE,
)
_ONLY_GREETS = re.compile(
    r"(?:again|there|all|everyone|everybody|bot|friend|снова|всем|бот|друг)[\s!.?)]*", re.IGNORECASE
)
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_LOG_LINE = re.compile(
    r"^\s*(?:\[|\d{4}-\d\d-\d\d|\d\d:\d\d|Traceback\b|File \"|at \S+\(|>>>|\$ |[{<])"
    r"|\b(?:INFO|WARN(?:ING)?|ERROR|DEBUG|CRITICAL)\b"
)
_LINE_END = re.compile(r"(?<![.?!;:,\s])[ \t]*\n\s*")
# Shorthand of people in a hurry, spelled out.
_SHORTHAND = tuple(
    (re.compile(pattern, re.IGNORECASE), spelled)
    for pattern, spelled in (
        (r"/\s*(?:s|sec|second)\b", " per second"),
        (r"/\s*(?:m|min|minute)\b", " per minute"),
        (r"/\s*(?:с|сек)\b\.?", " в секунду"),
        (r"/\s*мин\b\.?", " в минуту"),
        (r"\bmsgs?\b", "messages"),
        (r"\bwhats\b", "what's"),
        (r"\bu\b", "you"),
        (r"\br\b", "are"),
        (r"\b(?:чё|че|чо|шо)\b", "что"),
        (r"\bскок(?:а|о)?\b", "сколько"),
        (r"\bкол-во\b", "количество"),
        (r"\bсообщ\b\.?", "сообщений"),
        (r"\bщас\b|\bща\b", "сейчас"),
        (r"\bw/", "with "),
        (r"\bq\b", "queue"),
        (r"\brn\b", "right now"),
    )
)

_BASE = r"(?:(?:the|your|our|in|my)\s+)*(?:knowledge(?:\s*base)?|docs?|documentation|articles?|manual|kb|handbook)"
_RU_BASE = (
    r"(?:баз[аеуы]\s+знаний|документаци[яюией]+|док(?:ах|и|е|у|ам|ументах)|стать(?:я|ю|и|е|ях|ям)"
    r"|справк[аеуи]|мануал\w*|базе|бз)"
)
_ABOUT = (
    r"(?:for|about|on|regarding|say about|says about|have on|mention|mentions|cover|covers|explain"
    r"|explains|concerning|про|об?|о|насч[её]т|на тему|по|относительно|касательно)"
)
_QUERY_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"(?:look up|search for|find|query for|lookup|search)\s+(?:something |everything |anything "
            rf"|articles? |info |information |material )?(?:(?:about|on|for|regarding)\s+)?(?P<q>(?!the\b|in\b"
            rf"|our\b|your\b|knowledge\b|docs?\b|documentation\b|articles?\b|kb\b).+?)\s+(?:in|from"
            rf"|within)\s+{_BASE}[?.!\s]*$",
        rf"\b(?:in|from)\s+{_BASE}\s+(?:everything |anything |something )?{_ABOUT}\s+(?P<q>.+)$",
        rf"{_BASE}(?:\s+(?:say|says|have|has|mention|mentions|cover|covers|explain|explains|search|got"
            rf"|know))*\s*[:,]?\s+(?:anything |something |everything )?(?:to say )?{_ABOUT}?\s*(?P<q>.+)$",
        rf"(?:найди|поищи|найти|поиск|посмотри|глянь|пробей|загляни)\s+(?P<q>.+?)\s+(?:в|по)\s+(?:нашей "
            rf"|своей |твоей )?{_RU_BASE}[?.!\s]*$",
        rf"{_RU_BASE}\s*[:,]?\s*(?:сказано|написано|пишут|говорится|говорит|говорят|есть|описано|стать\w+"
            rf"|что-нибудь|что-то|всё|все|информаци\w+|материал\w*|что есть|[\s,])*\s*{_ABOUT}?\s+(?P<q>.+)$",
    )
)  # fmt: skip
_LEAD_RU = re.compile(
    rf"^(?:(?:статью|статьи|что-нибудь|что-то|всё|информацию|материалы|раздел)\s+)?(?:{_ABOUT}\s+)?", re.IGNORECASE
)


def without_paste(text: str) -> str:
    """The text without fenced blocks and lines of logs and tracebacks, if anything else is left."""
    lines = _FENCED.sub("\n", text).splitlines()
    said = "\n".join(line for line in lines if line.strip() and not _LOG_LINE.search(line))
    return said if re.search(r"\w{2}", said) else text


def plainly(text: str) -> str:
    """One line, without a greeting in front of a wish, with shorthand spelled out."""
    plain = " ".join(_LINE_END.sub(". ", text.strip()).split())
    stripped = _GREETING.sub("", plain, count=1)
    plain = stripped if re.search(r"\w{2}", stripped) and not _ONLY_GREETS.fullmatch(stripped) else plain
    for pattern, spelled in _SHORTHAND:
        plain = pattern.sub(spelled, plain)
    return plain


def without_politeness(text: str) -> str:
    """The text without «could you please»."""
    return _POLITE.sub("", text)


def search_query(text: str) -> str:
    """What to search the knowledge base for: the message without the wish to search."""
    plain = " ".join(without_politeness(text).split())
    for pattern in _QUERY_PATTERNS:
        match = pattern.search(plain)
        if match and len(match["q"].strip(" ?!.:«»\"'`")) > 1:
            return _LEAD_RU.sub("", match["q"].strip(" ?!.:«»\"'`")).strip(" ?!.:«»\"'`") or plain
    return plain.strip(" ?!.")
