"""Phrases with which models refuse or leave their role, in languages written in Latin letters.

Patterns are regular expressions over folded text (see `fold`): lower case, no accents, straight
apostrophes. They are searched only in texts that hold one of the language's cues, which is much
faster.
"""

from typing import NamedTuple


class Phrases(NamedTuple):
    """The patterns of one language."""

    language: str
    cues: tuple[str, ...]
    """Every match of `phrases` holds one of them: a word of its own in languages written in Latin
    letters, a substring in others."""
    phrases: tuple[str, ...]
    """Phrases that say enough by themselves, such as `as an AI`."""
    inability_cues: tuple[str, ...] = ()
    """Every match of `inability` holds one of them."""
    inability: str = ""
    """Says that somebody cannot or will not; one of `tasks` has to follow at once."""
    tasks: tuple[str, ...] = ()
    """What an assistant would be asked for."""


MODELS = r"(?:qwen[23]?|chatgpt|gpt-\d\w*|deepseek|smollm[23]?|llama[ -]\d|copilot|grok)"
"""Names of models that are not names of people too."""
MODEL_CUES = (
    "qwen",
    "qwen2",
    "qwen3",
    "chatgpt",
    "gpt",
    "deepseek",
    "smollm",
    "smollm2",
    "smollm3",
    "llama",
    "copilot",
    "grok",
)
"""Words of which every match of `MODELS` holds one."""

# -- English --------------------------------------------------------------------------------

_AI_WORKER = r"(?![\s-](?:\w+[\s-]){0,2}\w*(?:er|or|ist|student|skeptic|fan|company|team|class|lab|grad|nerd|expert)\b)"
_AI = rf"(?:ai\b{_AI_WORKER}|artificial intelligence\b{_AI_WORKER}|(?:large |ai )?language model\b{_AI_WORKER}|(?:virtual|digital|ai) assistant\b)"
_CANNOT = (
    r"\bi ?(?:can(?:no|')t(?: and (?:will not|won't))?|can not|do(?:n't| not) think i (?:should|can)|won't|will not|wouldn't|(?:am|'m) (?:unable|not able|not allowed|"
    r"not permitted|not going) to|(?:won't|will not) be able to|(?:am|'m) not comfortable(?: with)?|"
    r"(?:am|'m) not going to be able to|do(?:n't| not) feel comfortable(?: with)?|"
    r"(?:'d|would) (?:rather|prefer) not(?: to)?|(?:must|have to|need to)(?: respectfully| politely)?"
    r" (?:decline|refuse)(?: to)?)"
)
_WHICH = r"(?:this|that|these|those|your|the|such|any|an?|further|more)?\s?(?:kinds? of |types? of |sorts? of )?"
_TASK = (
    r"(?:request|content|conversation|discussion|response|information|instructions?|role-?play"
    r"|prompt|task|guidance|material|language|messages?|persona)"
)
_HARM = (
    r"(?:harmful|hateful|offensive|inappropriate|abusive|discriminatory|explicit|violent|illegal|"
    r"derogatory|demeaning|degrading|mocking|racist|sexist|insulting|misleading|unethical|toxic|defamatory|sexual)"
)
_PART = r"(?:character|role|persona|person|individual|part|identity)"
ENGLISH = Phrases(
    "English",
    ("decline", "refuse", "ai", "artificial", "language", "assistant", "anthropic", "openai", "alibaba", "meta", "google", "mistral", "hugging", "programmed", "designed", "trained", "guidelines", "policy", "policies", "programming", "appropriate", "ethical", "something", "conversation", "discussion", "topic", *MODEL_CUES),
    (
        r"\bnot a (?:conversation|discussion|topic) i(?:\'m| am)? ?(?:can|could|will|able to|comfortable)",
        rf"\bi ?(?:must|have to|need to)(?: respectfully| politely)? (?:decline|refuse)"
        rf"(?: to (?:answer|respond|reply|participate|engage|continue|provide|write|generate|take part)"
        rf"|(?: {_WHICH}{_TASK})?(?:[.,!]|$)|(?: (?:this|that|your))(?: request)?)",
        rf"\bas an? {_AI}",
        rf"\bi(?:'m| am) (?:just |only |merely )?an? {_AI}",
        r"\bi(?:'m| am) [\w -]{1,25},? (?:an? [\w -]{1,40} )?(?:made|created|developed|trained|built) by "
        r"(?:anthropic|openai|alibaba|meta ai|google|mistral|deepseek|hugging face)\b",
        r"\bi(?:'m| am) (?:chatgpt|gpt-\d)",
        r"\bi(?:'m| am) not (?:programmed|designed|trained) to\b",
        r"\b(?:against|violat\w+|outside(?: of)?|prevent\w* by|per) my (?:\w+ ){0,2}"
        r"(?:guidelines|polic(?:y|ies)|programming)\b",
        r"\bmy (?:\w+ ){0,2}(?:guidelines|programming|polic(?:y|ies)) (?:do(?:n't| not|es not|esn't)"
        r"|prevents?|prohibits?|forbids?|won't)\b",
        r"\b(?:not|wouldn't|isn't) (?:be )?(?:appropriate|ethical|right) for me to (?:pretend|role-?play"
        r"|generate|write|create|engage|respond|provide|portray|impersonate|participate|act)\b",
        r"\b(?:not|isn\'t) something i(?:\'m| am)? ?(?:can|could|will|able to|comfortable) ?(?:help|assist|do|write|provide|engage|with)",
        rf"\bi(?:\'m| am) {MODELS}\b",
    ),
    ("t", "not", "cannot", "unable", "decline", "refuse"),
    _CANNOT,
    (
        rf" (?:(?:help|assist)(?: you)?(?: with|[.!]|$)|fulfil|comply with {_WHICH}{_TASK})",
        rf" (?:provide|answer|engage (?:in|with)|participate in|take part in|generate|create|produce"
        rf"|write|respond to|continue(?: with)?|discuss|support|do|help create|produce)"
        rf" {_WHICH}(?:(?:\w+ )?{_TASK}|{_HARM}|(?:\w+ ){{0,2}}(?:that|which) (?:is|are|could|would|might|promote|attack|insult|mock|demean|spread|target)\w*)",
        r" (?:engage (?:in|with)|participate in|continue with) (?:this|that)\b",
        r" (?:answer|discuss|do)(?: this| that)?(?:[.!]|$)",
        r" (?:respond|reply) to (?:this|that)(?:[.!,]|$| (?:as|because|since) it )",
        rf" (?:continue )?(?:role-?play|impersonat|portray|"
        rf"(?:pretend(?:ing)?|acting|playing|play|act|be|being) (?:to be |as )?(?:this|that|another|a real|"
        rf"a fictional|someone|the (?:role|part|character|persona))|"
        rf"(?:tak(?:e|ing)|assum(?:e|ing)|adopt(?:ing)?) (?:on )?(?:the |this |that )?{_PART})",
        r" (?:write|say|create|do|make) (?:that|this)(?: (?:for you|here))?(?:[.!]|$)",
        r" (?:have|hold|continue) (?:this|that|such a?) ?(?:conversation|discussion)",
    ),
)  # fmt: skip

# -- Spanish --------------------------------------------------------------------------------

_ES_CANNOT = (
    r"(?:no (?:puedo|podre|podria|me es posible|soy capaz de|estoy en condiciones de|me esta permitido"
    r"|voy a poder|estoy autorizad[oa] a|me siento comod[oa](?: con)?|voy a)|prefiero no|me niego a"
    r"|(?:debo|tengo que) (?:declinar|rechazar|negarme a))"
)
_ES_THIS = r"(?:es[aeo]s?|est[aeo]s?|tal(?:es)?|dich[ao]s?|tu|su|la|el|ningun(?:a|o)?|este tipo de|ese tipo de)"
SPANISH = Phrases(
    "Spanish",
    ("no", "como", "soy", "mis", "ser", "siendo", *MODEL_CUES),
    (
        r"\bcomo (?:un |una |soy (?:un|una) )?(?:modelo de (?:lenguaje|ia)|modelo linguistico|asistente (?:virtual|de ia))\b",
        r"\bcomo una (?:ia|inteligencia artificial)\b",
        r"\bsoy (?:(?:solo|solamente|simplemente|tan solo) )?(?:un|una) (?:modelo de (?:lenguaje|ia)|ia\b|inteligencia artificial\b|asistente (?:virtual|de ia)|chatbot)",
        r"\b(?:contra|contra de|infringe|viola|incumple) mis (?:directrices|politicas|normas|pautas|reglas)\b",
        r"\bno es algo (?:con|en) lo que (?:yo )?(?:pueda|puedo) (?:ayudar|asistir|participar)",
        r"\b(?:al ser|por ser|siendo) (?:un|una) (?:ia\b|inteligencia artificial|modelo de (?:lenguaje|ia))",
        r"\bcomo inteligencia artificial,",
        rf"\bsoy (?:el )?{MODELS}\b",
        r"\bno (?:hare|escribire|generare|dire|creare) (?:\w+ ){0,2}(?:comentarios?|contenidos?|mensajes?|respuestas?|cosas|insultos) (?:ofensiv|danin|insultant|que )",
    ),
    ("no", "prefiero", "niego", "debo", "tengo"),
    _ES_CANNOT,
    (
        r" (?:\w+ )?ayudar(?:te|le|les|los|os)?(?: (?:con|en|a) (?:es[aeo]|est[aeo]|ello|tu|su|lo que)\b|[.!]|$)",
        rf" (?:responder|contestar|acceder|atender|cumplir)(?: a| con)? {_ES_THIS} (?:\w+ )?(?:solicitud|peticion|pregunta|consulta|tema|instruccion)",
        r" (?:generar|crear|producir|escribir|redactar|proporcionar\w*|ofrecer|facilitar\w*|brindar\w*) (?:\w+ ){0,3}(?:contenido|informacion|material|textos?|mensajes?|respuestas?|comentarios?)",
        rf" (?:participar|continuar|seguir|involucrarme|tomar parte)(?: en| con)? {_ES_THIS} (?:conversacion|discusion|debate|juego|dialogo|tema)",
        r" (?:interpret\w+|fing\w+|represent\w+|asum\w+|adopt\w+|hac\w+|actu\w+)(?: \w+){0,3} (?:personaje|papel|rol|persona|identidad)\b",
        rf" {_ES_THIS} (?:solicitud|peticion)",
        r" (?:participar|tomar parte|involucrarme) en (?:conversaciones|discusiones|contenidos?) que\b",
        rf" (?:mantener|tener|llevar) {_ES_THIS} (?:conversacion|discusion|dialogo)",
        r" ayudar\w* a (?:insultar|ofender|atacar|acosar|humillar|difundir|danar|enganar)",
        r" (?:responder|contestar|expresarme|hablar) (?:de|en) (?:es[aeo]|est[aeo]) (?:manera|forma|modo|tono)",
    ),
)  # fmt: skip

# -- French ---------------------------------------------------------------------------------

_FR_CANNOT = (
    r"(?:je ne (?:peux|pourrai|saurais|puis)(?: malheureusement)? (?:pas )?|je ne suis (?:malheureusement )?"
    r"pas (?:en mesure de|capable de|autorisee? a|a l'aise (?:pour|de|avec l'idee de)|habilitee? a) "
    r"|je prefere ne pas |je (?:dois|me dois de) (?:refuser|decliner)(?: de)? |je refuse de "
    r"|il m'est impossible de |je suis (?:dans l'incapacite|incapable) de )"
)
_FR_THIS = r"(?:cela|ca|ce(?:tte|t|s)?|votre|vos|ta|ton|de tel(?:le)?s?)"
FRENCH = Phrases(
    "French",
    ("je", "tant", "mes", "quelque", "etant", *MODEL_CUES),
    (
        r"\ben tant qu(?:e |'|e simple |'un |'une )(?:un |une |simple )?(?:modele de langage|modele linguistique|modele d'ia|ia\b|intelligence artificielle|assistante? (?:virtuel|ia|d'ia|numerique)|chatbot)",
        r"\bje (?:ne suis qu'|suis )(?:(?:seulement|juste|simplement) )?une? (?:simple )?(?:modele de langage|ia\b|intelligence artificielle|assistante? (?:virtuel|ia|d'ia|numerique)|chatbot)",
        r"\b(?:a l'encontre de|contraires? a|enfrein\w+|viol\w+) mes (?:principes d'utilisation|directives|regles|politiques|consignes|lignes directrices)\b",
        r"\bce n\'est pas quelque chose (?:que je (?:peux|puisse) (?:faire|ecrire)|(?:avec|pour|dans) (?:quoi|lequel) je (?:peux|puisse))",
        r"\b(?:etant|comme je suis) (?:une?|seulement une?) (?:ia\b|intelligence artificielle|modele de langage|assistant (?:ia|virtuel))",
        rf"\bje suis {MODELS}\b",
        r"\bje (?:ne tiendrai|n\'ecrirai|ne produirai|ne genererai) pas de (?:propos|contenus?|messages?|commentaires?|reponses?) (?:\w+ ){0,2}(?:insult|offens|haine|injur|blessa|discrim)",
    ),
    ("je", "impossible"),
    _FR_CANNOT,
    (
        rf"(?:vous |t'|te |y )?(?:aider|assister)(?: (?:avec|a|pour|dans|sur) {_FR_THIS}\b|[.!]|$)",
        rf"(?:vous |te |y )?(?:repondre|acceder|donner suite|satisfaire)(?: a)? {_FR_THIS}\b",
        rf"(?:participer|prendre part|continuer|poursuivre)(?: a)? {_FR_THIS} (?:conversation|discussion|echange|jeu|dialogue)",
        r"(?:vous |te )?(?:produire|generer|creer|ecrire|rediger|fournir|donner|partager) (?:[\w']+ ){0,3}(?:contenus?|informations?|textes?|messages?|propos|reponses?|commentaires?)\b",
        r"(?:jouer|incarner|interpreter|me faire passer|endosser|pretendre etre|me mettre)(?: \w+){0,3} (?:role|personnage|personne)\b",
        rf"{_FR_THIS} (?:requete|demande)",
        rf"(?:avoir|tenir|mener) {_FR_THIS} (?:conversation|discussion)",
        r"(?:vous |t\')?aider a (?:insulter|offenser|attaquer|harceler|humilier|blesser|diffuser|tromper)",
        r"(?:repondre|m\'exprimer|parler) de cette (?:facon|maniere|sorte)",
    ),
)  # fmt: skip

# -- Portuguese -----------------------------------------------------------------------------

_PT_CANNOT = (
    r"(?:nao (?:posso|consigo|poderei|sou capaz de|estou autorizad[oa] a|me e possivel|e possivel para mim"
    r"|me sinto (?:confortavel|a vontade)(?: em| para| com)?|vou)|prefiro nao|recuso-me a"
    r"|(?:devo|tenho (?:de|que)|preciso) (?:recusar|declinar))"
)
_PT_THIS = r"(?:(?:a |n|d)?(?:esse|essa|este|esta|isso|isto|aquilo)s?|(?:ao? |o )?(?:seu|sua|teu|tua)|tais)"
PORTUGUESE = Phrases(
    "Portuguese",
    ("nao", "como", "sou", "minhas", "ser", "sendo", *MODEL_CUES),
    (
        r"\bcomo (?:um |uma )?(?:modelo de (?:linguagem|ia)|assistente (?:virtual|de ia))\b",
        r"\bcomo uma (?:ia|inteligencia artificial)\b",
        r"\bsou (?:(?:apenas|so|somente|simplesmente) )?(?:um|uma) (?:modelo de (?:linguagem|ia)|ia\b|inteligencia artificial\b|assistente (?:virtual|de ia)|chatbot)",
        r"\b(?:contra|viola|violam|infringe)(?: as)? minhas (?:diretrizes|politicas|regras|normas)\b",
        r"\bnao e algo (?:com|em) que (?:eu )?(?:possa|posso) (?:ajudar|participar)",
        r"\b(?:por ser|sendo|ao ser) (?:um|uma) (?:ia\b|inteligencia artificial|modelo de (?:linguagem|ia))",
        r"\bcomo inteligencia artificial,",
        rf"\bsou (?:o )?{MODELS}\b",
        r"\bnao (?:farei|escreverei|gerarei|direi|criarei) (?:\w+ ){0,2}(?:comentarios?|conteudos?|mensagens?|respostas?|insultos) (?:ofensiv|danos|insultuos|que )",
    ),
    ("nao", "prefiro", "recuso", "devo", "tenho", "preciso"),
    _PT_CANNOT,
    (
        rf" (?:\w+ )?(?:ajudar|ajuda-l[oa]s?|auxiliar)(?:-\w+)?(?: (?:com )?{_PT_THIS}\b|[.!]|$)",
        rf" (?:atender|responder|cumprir)(?: com)? {_PT_THIS}\b",
        r" (?:criar|gerar|produzir|escrever|redigir|fornecer|oferecer|compartilhar) (?:\w+ ){0,3}(?:conteudos?|informac\w+|material|textos?|mensage\w+|respostas?|comentarios?)\b",
        rf" (?:participar|continuar|prosseguir)(?: com)? {_PT_THIS} (?:conversa|discussao|debate|dialogo|jogo)",
        r" (?:interpretar|fingir|assumir|representar|fazer|atuar)(?: \w+){0,3} (?:personagem|papel|persona|pessoa)\b",
        rf" {_PT_THIS} (?:pedido|solicitacao)",
        r" (?:me passar|passar-me) por ",
        rf" (?:ter|manter|levar) {_PT_THIS} (?:conversa|discussao|dialogo)",
        r" (?:te )?(?:ajudar|ajuda-l[oa]s?)(?: voce)? a (?:insultar|ofender|atacar|assediar|humilhar|espalhar|enganar)",
        r" (?:responder|falar|me expressar) (?:dessa|desta|nesse|neste) (?:forma|maneira|modo|tom)",
    ),
)  # fmt: skip

# -- German ---------------------------------------------------------------------------------

_DE_THING = (
    r"(?:anfrage|bitte|aufforderung|frage|inhalte?|gesprach|unterhaltung|diskussion|rolle|person|figur"
    r"|informationen|thema|rollenspiel)"
)
_DE_DO = (
    r"(?:beantworten|erfullen|nachkommen|bereitstellen|erstellen|teilnehmen|spielen|diskutieren|fortsetzen"
    r"|fortfuhren|liefern|geben|bearbeiten|ubernehmen|verkorpern|einnehmen|generieren|schreiben|verfassen)"
)
GERMAN = Phrases(
    "German",
    ("nicht", "nichts", "kein", "keine", "keinen", "ablehnen", "als", "bin", "unwohl", "meine", "meinen", "meiner", *MODEL_CUES),
    (
        r"\b(?:dieses|so ein) (?:gesprach|thema|rollenspiel) (?:kann|mochte|werde) ich (?:\w+ )?(?:nicht|lieber nicht) (?:fuhren|fortsetzen|fortfuhren|besprechen|mitmachen)",
        r"\bnicht (?:dabei )?helfen, (?:\w+ ){0,2}zu (?:beleidigen|verletzen|belastigen|beschimpfen|tauschen|demutigen)",
        r"\b(?:auf|in) (?:diese|dieser) (?:weise|art|form) (?:kann|mochte|werde) ich (?:\w+ )?nicht (?:antworten|reagieren|schreiben|sprechen)",
        r"\b(?:kann|darf|werde|mochte)(?: \w+){0,3} (?:dabei|damit|hierbei|bei (?:dieser|diesem|deiner|ihrer|so)(?: \w+)?)(?: \w+){0,3} nicht (?:weiter)?(?:helfen|behilflich|unterstutzen|assistieren)",
        r"\b(?:dabei|damit|hierbei) (?:kann|darf|mochte) ich(?: \w+){0,3} nicht (?:weiter)?(?:helfen|behilflich|unterstutzen|assistieren)",
        rf"\b(?:diese[rsnm]?|deine[rn]?|ihre[rn]?|solche[rn]?)(?: \w+)? {_DE_THING}(?: \w+){{0,4}} nicht(?: \w+)? {_DE_DO}",
        rf"\b(?:kann|darf|werde)(?: \w+){{0,2}} keine?n?(?: \w+){{0,2}} (?:inhalte?|informationen|texte?|antwort(?:en)?|nachrichten|kommentare|beitrage)(?: \w+){{0,3}} {_DE_DO}",
        r"\bnicht in der lage,? (?:\w+ ){0,5}(?:bereitzustellen|zu (?:beantworten|erstellen|generieren|schreiben|liefern|verfassen))",
        r"\b(?:muss|mochte|werde)(?: ich)? (?:diese|deine|ihre|die) (?:anfrage|bitte|aufforderung)(?: \w+){0,3} ablehnen",
        r"\b(?:nicht wohl|unwohl|nicht bereit)(?: \w+,?){0,3} (?:diese|die|eine|als) (?:\w+ )?(?:rolle|person|figur)",
        r"\bals (?:ein |eine |reines |grosses )*(?:ki\b(?!-)|ki-(?:modell|assistent\w*|sprachmodell|system)|kunstliche intelligenz|sprachmodell|virtueller assistent|chatbot)",
        r"\bich bin (?:(?:nur|bloss|lediglich|ja|doch) )*eine? (?:ki\b(?!-)|ki-(?:modell|assistent\w*|sprachmodell|system)|kunstliche intelligenz|grosses sprachmodell|sprachmodell|virtueller assistent|chatbot)",
        r"\b(?:gegen|widerspricht|widersprechen) meine[nr]? (?:\w+ )?(?:richtlinien|regeln|vorgaben|nutzungsrichtlinien|programmierung)\b",
        r"\bnichts, (?:wobei|womit|worauf) ich (?:\w+ ){0,2}(?:helfen|dienen|antworten)",
        r"\b(?:so|solch) (?:eine|einen|ein) (?:antwort|nachricht|text|kommentar|beitrag|inhalt) (?:kann|werde|mochte) ich (?:\w+ ){0,2}(?:nicht|lieber nicht) (?:schreiben|verfassen|erstellen|geben)",
        r"\b(?:da|weil) ich (?:nur )?(?:eine? )(?:ki|kunstliche intelligenz|sprachmodell|ki-\w+) bin\b",
        rf"\bich bin {MODELS}\b",
        r"\b(?:diese|deine|ihre) (?:anfrage|bitte|aufforderung) (?:muss|werde|mochte) ich (?:\w+ ){0,2}ablehnen",
        r"\bmich nicht als (?:\w+ )?(?:echte|reale|andere|wirkliche|diese)?\s?(?:person|mensch|figur)\w* (?:\w+ )?ausgeben",
        r"\bkann ich (?:\w+ ){0,2}auf (?:diese|deine|ihre|solche) (?:frage|anfrage|nachricht)\w* (?:\w+ )?nicht (?:antworten|eingehen)",
        r"\b(?:kann|werde) (?:ich )?(?:\w+ )?keine? (?:beleidigend|hasserfullt|schadlich|diskriminierend|verletzend|anstossig)\w* ",
    ),
)  # fmt: skip

# -- Turkish --------------------------------------------------------------------------------

_TR_CANNOT = (
    r"(?:veremem|veremiyorum|veremeyecegim|(?:olustur|yaz|sagla|katil|oyna|canlandir|yanitla|cevapla|karsila|sun"
    r"|paylas|tartis)\w{0,3}a?m(?:am|iyorum|ayacagim)\b|uretemem|uretemiyorum|(?:getir|surdur|ed)em(?:em|iyorum|eyecegim)"
    r"|katilm\w+ tercih|reddet\w*)"
)
TURKISH = Phrases(
    "Turkish",
    ("bu", "buna", "bununla", "bunda", "bunun", "boyle", "size", "sana", "isteginizi", "isteginize", "talebinizi", "talebinize", "asagilayan", "asagilayici", "nefret", "zararli", "saldirgan", "uygunsuz", "hakaret", "bir", "ben", "modeliyim", "zekayim", "yonergelerim", "yonergelerime", "yonergelerimi", "kurallarim", "kurallarima", "kurallarimi", "politikalarim", "politikalarima", "politikalarimi", "yardimci", "oldugum", "oldugumdan", "gercek", "baska", *MODEL_CUES),
    (
        r"\b(?:boyle|bu tur|bu tarz)(?: bir)? (?:konusma|sohbet|tartisma)\w* (?:yapamam|surduremem|katilamam)",
        r"\bbu (?:sekilde|tarzda|bicimde) (?:cevap|yanit)\w* (?:veremem|veremiyorum)",
        r"\b(?:isteginiz|talebiniz)\w* (?:yerine getire|karsilaya)m",
        r"\b(?:bu konuda|buna|bununla|bunda|size|sana)[^.!?]{0,24}yardim(?:ci ol|  ?ed|  ?et)\w*m(?:am|em|iyorum|ayacagim|eyecegim)",
        rf"\b(?:bu|boyle|bunun|isteginiz\w*|talebiniz\w*)(?: \w+)? ?(?:istegi?|istek|taleb|talep|soru|icerik|icerig|konusma|sohbet|tartisma|bilgi|rol|karakter|konu)\w*[^.!?]{{0,24}}{_TR_CANNOT}",
        rf"\b(?:asagilay\w+|nefret|zararli|saldirgan|uygunsuz|hakaret)[^.!?]{{0,30}}{_TR_CANNOT}",
        r"\bbu (?:rol|karakter|kisi)\w*[^.!?]{0,24}(?:rahat degil|rahat hissetm|canlandiram|oynayam)",
        r"\bbir (?:yapay zeka|dil modeli|sanal asistan)(?: \w+){0,2} olarak\b",
        r"\bben (?:\w+ ){0,2}(?:bir )?(?:yapay zeka|dil model)\w*(?:yim|y[iu]m)\b|\bdil modeliyim\b|\byapay zekayim\b",
        r"\b(?:yonergelerim|kurallarim|politikalarim)\w*(?: \w+)? (?:aykiri|ters|karsi|ihlal)",
        r"\byardimci olabilecegim bir (?:sey|konu) degil",
        r"\b(?:boyle|bu tur|bu tarz)(?: bir)? (?:yanit|cevap|mesaj|icerik|yorum|metin)\w* (?:yazamam|veremem|olusturamam|uretemem)",
        r"\b(?:yapay zeka|dil modeli) oldugum (?:icin|dan)",
        rf"\bben (?:[\w ]{{0,40}})?{MODELS}\b",
        r"\bbu (?:istegi|talebi|ricayi) (?:geri cevir|reddet|kabul edem)",
        r"\b(?:gercek|baska) bir (?:kisi|insan)\w* (?:gibi davranam|rolune girem|yerine gecem|taklit edem)",
        r"\b(?:hakaret|nefret|asagilay\w+) (?:iceren )?(?:yorum|icerik|mesaj|metin)\w* (?:yazmam|uretmem|olusturmam|paylasmam)",
    ),
)  # fmt: skip

LATIN = (ENGLISH, SPANISH, FRENCH, PORTUGUESE, GERMAN, TURKISH)
"""Languages written in Latin letters."""
