"""Small tokenizers of two kinds and chat templates of several families of models."""

import json
from pathlib import Path

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TRIMMING = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n"
    "{{ m['content'] | trim }}<|eot_id|>{% endfor %}"
    "<|start_header_id|>assistant<|end_header_id|>{{ '\n\n' }}"
)
NO_SYSTEM = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}{% for m in messages %}"
    "<start_of_turn>{{ m['role'] }}\n{{ m['content'] | trim }}<end_of_turn>\n{% endfor %}"
    "<start_of_turn>model{{ '\n' }}"
)
DATED = "{{ strftime_now('%Y-%m-%d') }}\n" + CHATML
TEMPLATES = {"chatml": CHATML, "trimming": TRIMMING, "no_system": NO_SYSTEM, "dated": DATED}
SPECIALS = [
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|eot_id|>"),
    *("<|start_header_id|>", "<|end_header_id|>", "<start_of_turn>", "<end_of_turn>", "<bos>"),
    *("[INST]", "[/INST]", "<s>", "</s>", "<|user|>", "<|assistant|>", "<|end|>"),
]
TAME = ["<think>", "</think>", "<tool_call>"]
"""Added tokens that are not special."""


def byte_level() -> Tokenizer:
    """Train one on bytes, as most models of today have."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    trained.train_from_iterator([_words()], trainer)
    return _added(trained, normalized=False)


def unigram() -> Tokenizer:
    """Train one on normalised pieces, whose special tokens are pieces of it too."""
    trained = Tokenizer(models.Unigram())
    trained.normalizer = normalizers.NFKC()
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=400, special_tokens=["<unk>", *SPECIALS], unk_token="<unk>", show_progress=False
    )
    trained.train_from_iterator([_words()], trainer)
    return _added(trained, normalized=True)


def save(tokenizer: Tokenizer, template: str, folder: Path) -> Path:
    """Write what a model's folder has of them."""
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(template)
    (folder / "tokenizer_config.json").write_text(json.dumps({"bos_token": {"content": "<bos>"}}))
    return folder


def _added(trained: Tokenizer, *, normalized: bool) -> Tokenizer:
    trained.add_special_tokens([AddedToken(name, normalized=normalized) for name in SPECIALS])
    trained.add_tokens([AddedToken(name, special=False) for name in TAME])
    return trained


def _words() -> str:
    return Path(__file__).read_text(encoding="utf-8")
