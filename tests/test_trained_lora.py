"""A real training of a tiny model: TRL and peft make adapters that load and change what is said."""

import json
import math

import pytest
from made_tokenizers import CHATML, byte_level, save
from test_training import made_run

from simnet.inference.tokens import ChatEncoder
from simnet.training import TrainingOptions, perplexity, train
from simnet.training.base_model import BaseModel
from simnet.training.training_rows import read_rows, split_rows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # torch and TRL warn of their own
]
pytest.importorskip("trl")
KINDS = ("supporter", "troll")


@pytest.fixture(scope="module", name="tiny")
def _tiny(tmp_path_factory):
    """Make a model of two layers with random weights, with a tokenizer of its own."""
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, set_seed

    folder = save(byte_level(), CHATML, tmp_path_factory.mktemp("tiny", numbered=False))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"),
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=CHATML,
    )
    tokenizer.save_pretrained(folder)
    set_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        eos_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", name="trained")
def _trained(tiny, tmp_path_factory):
    """Train two of the three types for some steps."""
    place = tmp_path_factory.mktemp("loop")
    options = TrainingOptions(
        model=str(tiny), cohorts=KINDS, hold_out="thread", steps=6, batch=4, learning_rate=0.02
    )
    steps = []
    run = made_run(place)
    training = train(run, place / "out", options, report=steps.append)
    return run, training, [one.step for one in steps if one.step]


def test_losses_are_reported_kept_and_fall(trained):
    _, training, steps = trained
    assert [one.number for one in steps] == [1, 2, 3, 4, 5, 6] * len(KINDS)
    for kind in KINDS:
        lines = (training.folder / "adapters" / kind / "losses.jsonl").read_text().splitlines()
        losses = [json.loads(line)["loss"] for line in lines]
        assert losses[-1] < losses[0] - 0.1


def test_peft_loads_an_adapter_that_names_its_base_and_changes_what_is_said(trained, tiny):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    _, training, _ = trained
    folder = training.folder / "adapters" / "troll"
    config = json.loads((folder / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "tiny"
    assert config["target_modules"] == sorted(config["target_modules"])
    assert "lm_head" not in config["target_modules"]
    base = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.inference_mode():
        plain = base(input_ids=ids).logits
        adapted = PeftModel.from_pretrained(base, str(folder))(input_ids=ids).logits
    assert not torch.allclose(plain, adapted, atol=1e-3)


def test_the_right_adapter_is_the_likeliest_for_its_replies(trained):
    _, training, _ = trained
    matrix = training.perplexities
    assert matrix.right_is_lowest == {"supporter": True, "troll": True}
    assert all(1 < value < 10_000 for row in matrix.values.values() for value in row.values())
    assert all(matrix.values[kind]["base model"] > 100 for kind in KINDS), "it has learned nothing"


def test_perplexities_are_those_of_transformers_own_loss(trained, tiny):
    import torch
    from transformers import AutoModelForCausalLM

    _, training, _ = trained
    measured = perplexity(training.folder, model=str(tiny))
    assert measured.values["troll"] == pytest.approx(training.perplexities.values["troll"])
    facts = training.adapters["troll"]
    base = BaseModel("tiny", tiny)
    rows = read_rows(training.folder / facts["file"])
    options = {"share": 0.2, "by": "thread", "seed": 0, "max_length": 1024}
    held_out = split_rows("troll", rows, base, **options).held_out
    model, total = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32), 0.0
    for one in held_out:
        ids = torch.tensor([one.ids])
        labels = ids.masked_fill(torch.tensor([one.mask]) == 0, -100)
        with torch.inference_mode():
            total += float(model(input_ids=ids, labels=labels).loss) * sum(one.mask)
    expected = math.exp(total / measured.tokens["troll"])
    assert measured.values["troll"]["base model"] == pytest.approx(expected, rel=1e-4)


def test_the_tokens_trained_on_are_those_served_and_those_of_the_chat_template(trained, tiny):
    run, training, _ = trained
    base = BaseModel("tiny", tiny)
    encoder = ChatEncoder(tiny)
    calls = run.prompts(["system", "user"]).read_all().to_pylist()
    served = {tuple(encoder.encode(call["system"], call["user"])) for call in calls}
    for row in read_rows(training.folder / training.adapters["troll"]["file"]):
        prompt = base.prompt_ids(row["prompt"])
        assert tuple(prompt) in served
        reply = base.reply_ids(row["completion"][0]["content"])
        whole = base.tokenizer.apply_chat_template(
            [*row["prompt"], *row["completion"]], tokenize=False
        )
        assert base.tokenizer.decode([*prompt, *reply]) == whole.rstrip("\n")
        assert reply[-1] == base.tokenizer.eos_token_id
