"""Topics of personas, each a list of English word stems, for comparing descriptions.

"nurse" and "surgeon" share no letters of note; both belong to `health`. A stem matches every
word that begins with it; a stem that ends with `$` matches only that word.
"""

TOPICS = {
    "health": (
        "nurse nursing doctor$ doctors$ physician medic$ medics$ medical medicin surgeon "
        "surger surgical dentist dental clinic hospital patients patient$ pharma health therap "
        "physio disease illness diagnos cancer pediatr paediatr obstetric midwi cardio dermato "
        "epidemi oncolog psychiat psycholog rehabilit depression arthritis vaccin "
        "radiolog anatom opioid caregiver paramedic wellness herbalis"
    ),
    "animals": (
        "dog$ dogs$ cat$ cats$ horse puppy puppies kitten pet$ pets$ veterinar breeder zoo$ "
        "zoolog wildlife bird$ birds$ birdwatch livestock husky hound aquarium rescue$"
    ),
    "education": (
        "teacher teaching professor student school universit college lectur pupil educat tutor "
        "classroom curricul academi principal$ kindergarten graduate scholar librar"
    ),
    "science": (
        "scien physicis physics chemist chemical biolog geolog astronom astrophys research "
        "laborator mathemat statistic quantum genetic meteorolog archaeolog experiment"
    ),
    "computing": (
        "software developer programm coding coder computer algorithm data$ database cyber linux "
        "python$ java$ javascript website web$ app$ apps$ mobile cloud machine$ robot hacker "
        "ai$ devops xaml opensource tech$ techn"
    ),
    "engineering": (
        "engineer mechanic electric welding weld manufactur machinery turbine industr factory "
        "civil$ aerospace satellite hardware plumb technician"
    ),
    "trade": (
        "business entrepreneur startup market sales salesp seller retail shop$ shopkeep merchant "
        "customer company ceo$ executive manager$ management consult brand advertis trader client"
    ),
    "money": (
        "financ bank$ banker banking invest econom account$ accountant accounting tax$ taxes "
        "insurance stock$ stocks$ crypto budget$ audit loan wealth nft$"
    ),
    "law": (
        "law$ laws$ lawyer legal attorney judge$ judicia court$ courts$ police criminal crime "
        "detective patent prosecut prison probation justice"
    ),
    "politics": (
        "politic governm senat minist$ minister$ ministry mayor council parliament congress "
        "election voter diplomat policy policies republican democrat democrac campaign "
        "representatives$ legislat"
    ),
    "military": "military soldier army navy$ naval veteran war$ wars$ wwii$ marine$ weapon troops",
    "news": (
        "journalis report$ reporter reporting news newspaper editor$ broadcast podcast radio "
        "blogger blog$ media$ correspondent fact$ columnist"
    ),
    "books": (
        "novel author writer writing poet poem book$ books$ literatur fiction publish storytell "
        "reader$ readers$ library bookstore"
    ),
    "music": (
        "music song singer guitar violin piano orchestra band$ bands$ jazz opera$ choir drummer "
        "cellist composer concert album hip$ dj$ fiddle"
    ),
    "stage_and_screen": (
        "actor actress film movie cinema theater theatre television tv$ drama$ comedian comedic "
        "comedy director$ screenw celebrity dancer ballet puppet circus show$ streaming"
    ),
    "art_and_design": (
        "art$ arts$ artist paint$ painter painting sculpt design illustrat photograph gallery "
        "museum craft ceramic pottery calligraph architect"
    ),
    "fashion_and_beauty": (
        "fashion cosmetic beauty makeup clothing tailor seamstress textile jewel hairdress "
        "skincare skin$ model$ soap dye$ perfume"
    ),
    "sport": (
        "sport athlet football soccer basketball baseball cricket$ tennis rugby hockey runner "
        "running$ marathon coach coaching gym$ fitness boxing boxer racing swimm olympic cyclist "
        "surf$ surfer ski$ skiing league"
    ),
    "food": (
        "food cook$ cooking chef restaurant baker$ bakery baking cuisin recipe kitchen coffee "
        "wine$ brew diet vegan vegetarian nutrition gastronom mushroom"
    ),
    "travel": "travel touris tour$ hotel hospitality backpack explorer guide$ airline flight$",
    "farming": "farm agricult agronom crop$ crops$ soil harvest dairy cattle garden orchard plant$",
    "environment": (
        "environment climate sustainab ecolog conserv forest ocean pollution renewable solar "
        "recycl biodivers"
    ),
    "faith": (
        "religio church christian muslim islam jewish buddhis hindu pastor priest faith spiritual "
        "bible theolog chaplain"
    ),
    "family": (
        "family families parent mother$ mothers$ mom$ father$ dad$ wife husband child$ children "
        "kids$ baby$ babies grandm grandp grandf grandc sibling brother$ sister$ daughter son$ "
        "married pregnan"
    ),
    "history": "histor ancient medieval heritage archiv genealog antiqu empire dynasty",
    "games": "game$ games$ gamer gaming videogam chess esport puzzle minecraft",
    "transport": (
        "driver$ truck bus$ train$ trains$ railway pilot$ aviation ship$ sailor seafar car$ cars$ "
        "automotive vehicle logistic traffic ferry"
    ),
    "building": "construct carpent builder real$ estate$ housing landlord renovat furniture brick",
    "community": (
        "community volunteer charit nonprofit activis advocat union$ rights$ refugee social "
        "neighbor neighbour equality"
    ),
    "language": "translat interpret$ interpreter linguis language bilingual dialect grammar",
}
