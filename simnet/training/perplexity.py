"""Perplexity of held-out replies under each adapter and under the base model.

The perplexity of a set of replies is the exponential of the mean negative log-likelihood of their
tokens, given the prompt that was served and the tokens before (Jelinek et al. 1977). Tokens of
prompts are not counted.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simnet.errors import InputError, UsageError
from simnet.inference.engine.embedded import NAME
from simnet.training.adapter_folder import read_facts, trained_adapters
from simnet.training.base_model import EMBEDDED, BaseModel, located
from simnet.training.lora import load_base
from simnet.training.training_options import check_extra
from simnet.training.training_rows import Encoded, read_rows, split_rows

BASE = "base model"
"""The column of the model without an adapter."""


class Perplexities(NamedTuple):
    """A matrix of perplexities: held-out replies of each type under each adapter."""

    values: Mapping[str, Mapping[str, float]]
    """Type of the replies -> adapter, or `base model` -> perplexity."""
    rows: Mapping[str, int]
    """How many replies of each type are held out."""
    tokens: Mapping[str, int]
    """How many tokens they have."""

    @property
    def right_is_lowest(self) -> dict[str, bool]:
        """Whether replies of a type are likelier under its own adapter than under any other."""
        return {
            kind: all(row[kind] < value for name, value in row.items() if name != kind)
            for kind, row in self.values.items()
        }

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return headings and rows for print."""
        adapters = list(next(iter(self.values.values())))
        cells = [
            [kind, str(self.rows[kind]), *(f"{row[name]:.2f}" for name in adapters)]
            for kind, row in self.values.items()
        ]
        return ["replies of", "rows", *adapters], cells

    def facts(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        return {**self._asdict(), "right_is_lowest": self.right_is_lowest}


def perplexity(
    folder: str | Path,
    *,
    model: str | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Perplexities:
    """Measure the adapters that `simnet train` left in `folder` on the replies it held out.

    `model` is the folder of the base model where that is neither the embedded model nor known to
    the hub by the name that the adapters have. Each type is measured under each adapter: time grows
    with the square of the number of types. Raises UsageError if the extra `train` is not
    installed, and InputError if the folder holds no training.
    """
    check_extra()
    root = Path(folder).expanduser()
    adapters = trained_adapters(root)
    facts = {name: _facts(path) for name, path in adapters.items()}
    named = next(iter(facts.values()))["base_model"]
    base = located(model or (NAME if named == EMBEDDED else named), report)
    held_out = {name: _held_out(root, one, base) for name, one in facts.items()}
    return _matrix(_losses(base, adapters, held_out), held_out)


def _facts(folder: Path) -> dict[str, Any]:
    facts = read_facts(folder)
    if facts is None:
        raise InputError(f"{folder} has no training.json, hence is no adapter of `simnet train`")
    return facts


def _held_out(root: Path, facts: Mapping[str, Any], base: BaseModel) -> list[Encoded]:
    options = facts["options"]
    try:
        rows = read_rows(root / facts["file"])
    except OSError as error:
        raise InputError(f"{root / facts['file']}: {error}; train again") from error
    split = split_rows(
        facts["cohort"],
        rows,
        base,
        share=options["validation"],
        by=options["hold_out"],
        seed=options["seed"],
        max_length=options["max_length"],
    )
    if split.keys != facts["rows"]["held_out_keys"]:
        raise UsageError(f"{root / facts['file']} is not what the adapters were trained on")
    return split.held_out


_Losses = dict[str, dict[str, float]]


def _losses(
    base: BaseModel, adapters: Mapping[str, Path], held_out: Mapping[str, Sequence[Encoded]]
) -> _Losses:
    """Return the negative log-likelihood of all replies of each type under each adapter."""
    import torch  # noqa: PLC0415  (seconds)
    from peft import PeftModel  # noqa: PLC0415

    (first, folder), *others = [(str(n), path) for n, path in enumerate(adapters.values())]
    model = PeftModel.from_pretrained(load_base(base), str(folder), adapter_name=first)
    for name, path in others:
        model.load_adapter(str(path), adapter_name=name)
    model.eval()
    found: _Losses = {kind: {} for kind in held_out}
    with torch.inference_mode():
        with model.disable_adapter():
            for kind, rows in held_out.items():
                found[kind][BASE] = sum(_loss(model, row) for row in rows)
        for number, name in enumerate(adapters):
            model.set_adapter(str(number))
            for kind, rows in held_out.items():
                found[kind][name] = sum(_loss(model, row) for row in rows)
    return found


def _loss(model: Any, row: Encoded) -> float:
    """Return the negative log-likelihood of a reply, in nats."""
    import torch  # noqa: PLC0415  (loaded by now)

    ids = torch.tensor([row.ids], device=model.device)
    logits = model(input_ids=ids).logits[0, row.prompt - 1 : -1].float()
    return float(torch.nn.functional.cross_entropy(logits, ids[0, row.prompt :], reduction="sum"))


def _matrix(losses: _Losses, held_out: Mapping[str, Sequence[Encoded]]) -> Perplexities:
    tokens = {kind: sum(sum(one.mask) for one in rows) for kind, rows in held_out.items()}
    values = {
        kind: {name: math.exp(min(loss / tokens[kind], 700.0)) for name, loss in row.items()}
        for kind, row in losses.items()
    }
    return Perplexities(values, {kind: len(rows) for kind, rows in held_out.items()}, tokens)
