"""What models call their reasoning and their answers, in tags and in labels.

The words are of the thirteen languages in which refusals are known too.
"""

IN_TAGS = (
    r"(?:longcat_)?think(?:ing)?|thoughts?|thought[_ ]process|reason(?:ing|s)?|reasoning_content"
    r"|rationale|analysis|reflection|scratchpad|chain[_ ]of[_ ]thought|cot|antthinking"
    r"|inner[_ ](?:thoughts?|monologue|speech|voice)|think_(?:fast|faster|slow|on|off)"
    r"|(?:internal[_ ])?(?:monologue|thoughts?|deliberation|planning)|internal|plan"
    r"|思考(?:过程|過程)?|思路|推理|分析"
    r"|생각|추론|рассуждени[ея]|размышлени[ея]|мысли"
    r"|pensamientos?|razonamiento|pensamentos?|raciocínio|raisonnement|réflexion|pensées?"
    r"|gedanken|gedankengang|überlegung(?:en)?|düşünce(?:ler)?|تفكير|التفكير"
    r"|विचार|ভাবনা"
)
"""Names in tags such as `<think>` and `[THINK]`, and of fenced blocks."""
BOUNDED = r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|analysis)"
"""Names of what begins and ends in tags such as `<|begin_of_thought|>` and `<think_end>`."""
OF_THOUGHT = (
    r"(?:here(?:'s| is) my )?(?:thoughts?|thinking|reasoning|analysis|rationale|thought process"
    r"|chain of thought)"
    r"|思考(?:过程|過程)?|思路|推理|分析|생각|추론"
    r"|рассуждени[ея]|размышлени[ея]|мысли"
    r"|pensamientos?|razonamiento|pensamentos?|raciocínio|raisonnement|réflexion|pensées?"
    r"|gedanken|gedankengang|überlegung(?:en)?|düşünce(?:ler)?|(?:ال)?تفكير"
    r"|विचार|ভাবনা"
)
"""Labels of paragraphs of reasoning, such as `Thought:`."""
OF_ANSWER_ELSEWHERE = (
    r"(?:最终|最終)?(?:回答|回复|回覆|答案|答え|返信|行动|行動)|(?:최종 )?(?:답변|답)"
    r"|(?:итоговый |окончательный )?ответ|respuesta(?: final)?|resposta(?: final)?"
    r"|réponse(?: finale)?|(?:endgültige )?antwort|(?:son )?(?:yan\u0131t|cevap)"
    r"|(?:ال)?(?:إجابة|جواب|رد)(?: النهائية?)?|(?:अंतिम )?उत्तर|উত্তর"
)
"""Labels of an answer in languages other than English."""
OF_ANSWER = (
    r"(?:here(?:'s| is) my )?(?:final )?(?:answer|response|reply|output|action|post)"
    rf"|{OF_ANSWER_ELSEWHERE}"
)
"""Labels of the answer that follows them, such as `Final answer:`."""
