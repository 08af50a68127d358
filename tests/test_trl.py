"""TRL's trainers take exported sets as they are and train on them."""

import datasets
import pytest
from made_exports import made_run
from test_export_sft import loaded

import simnet
from simnet import Cohort, Cue, FakeModel, Feed, Never, OnPost, Persona, Reply, Scenario, Write
from simnet.errors import ModelNotFoundError
from simnet.export.training_sets.conversations import export_threads
from simnet.export.training_sets.dpo import export_dpo
from simnet.export.training_sets.kto import export_kto
from simnet.export.training_sets.sft import export_sft
from simnet.inference.engine.embedded import prepare
from simnet.inference.tokens import ChatEncoder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # torch and TRL warn of their own
]
IGNORED = -100
"""Label of tokens that the loss leaves out."""


@pytest.fixture(scope="module")
def folder():
    """The embedded model's."""
    pytest.importorskip("trl")
    try:
        return prepare(print)
    except ModelNotFoundError as fault:
        pytest.skip(str(fault))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run in which three personas answer one post with a text alone."""
    people = [
        Persona(id=f"p{number}", description=f"Bakes {number} loaves.") for number in (1, 2, 3)
    ]
    troll = Cohort(
        "troll", people, manner="You mock.", verbs=(Reply,), rhythm=OnPost(), memory=0,
        follows={"authors": 1.0},
    )  # fmt: skip
    authors = Cohort("authors", [Persona(id="eve", description="Asks.")], rhythm=Never())
    scenario = Scenario(
        "late",
        [authors, troll],
        cues=[Cue(0.0, "eve", Write("I am always 10 minutes late. Is that annoying?"))],
        feed=Feed(size=1),
        setting="A social network.",
        lasts=600.0,
    )
    model = FakeModel(lambda prompt: f"Late is a lifestyle, says {prompt.system[-20:-1]}!")
    return simnet.run(scenario, model=model, out=tmp_path_factory.mktemp("runs"))


@pytest.fixture
def trained(run, folder, tmp_path):
    """Export the run, train the embedded model for a step on it, and return the trainer."""

    def train(**options):
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from trl import SFTConfig, SFTTrainer

        export_sft(run, tmp_path / "sft", **options)
        settings = SFTConfig(
            output_dir=str(tmp_path / "out"),
            max_steps=1,
            per_device_train_batch_size=1,
            learning_rate=1e-3,
            use_cpu=True,
            bf16=False,
            report_to="none",
            save_strategy="no",
        )
        trainer = SFTTrainer(
            model=AutoModelForCausalLM.from_pretrained(folder, dtype="float32"),
            args=settings,
            train_dataset=loaded(tmp_path / "sft", "format_sft_troll", tmp_path),
            processing_class=AutoTokenizer.from_pretrained(folder),
        )
        before = trainer.model.get_input_embeddings().weight.detach().clone()
        result = trainer.train()
        assert 0 < result.training_loss < 20
        assert not before.equal(trainer.model.get_input_embeddings().weight), "nothing was learned"
        return trainer

    return train


@pytest.mark.parametrize("prompts", ["served", "post"])
def test_sfttrainer_takes_a_set_as_it_is(trained, prompts):
    trainer = trained(prompts=prompts)
    text = trainer.processing_class.decode(trainer.train_dataset[0]["input_ids"])
    assert "Late is a lifestyle" in text
    assert ("You mock." in text) == (prompts == "served")


def test_the_text_trained_on_begins_with_the_very_tokens_that_were_served(trained, run, folder):
    trainer = trained()
    encoder = ChatEncoder(folder)
    calls = run.prompts(["system", "user"]).read_all().to_pylist()
    served = {tuple(encoder.encode(call["system"], call["user"])) for call in calls}
    for row in trainer.train_dataset:
        ids = row["input_ids"]
        (prompt,) = (one for one in served if tuple(ids[: len(one)]) == one)
        reply = trainer.processing_class.decode(ids[len(prompt) :], skip_special_tokens=True)
        assert reply.startswith("Late is a lifestyle, says ")


def test_prompts_and_completions_are_trained_with_the_loss_on_the_reply_alone(trained):
    trainer = trained(columns="prompt-completion")
    (batch, *_) = trainer.get_train_dataloader()
    ids, labels = batch["input_ids"][0], batch["labels"][0]
    learned = trainer.processing_class.decode(ids[labels != IGNORED])
    assert learned.startswith("Late is a lifestyle")
    assert "You mock." in trainer.processing_class.decode(ids)


def test_distilabel_s_columns_are_trained_on_once_messages_are_selected(run, tmp_path):
    export_sft(run, tmp_path / "sft", columns="distilabel")
    rows = loaded(tmp_path / "sft", "format_sft_troll", tmp_path)
    assert {"prompt", "prompt_id"} <= set(rows.column_names)
    assert isinstance(rows.select_columns(["messages"]), datasets.Dataset)


# -- preferences --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def liked(tmp_path_factory):
    """A run in which replies were shown to others, who liked some."""
    return made_run(tmp_path_factory.mktemp("liked"))


@pytest.fixture(scope="module")
def tiny(folder, tmp_path_factory):
    """The folder of a narrow model of one layer with made-up weights.

    Its tokenizer is the embedded model's.
    """
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
    )
    made = tmp_path_factory.mktemp("tiny")
    LlamaForCausalLM(config).save_pretrained(made)
    tokenizer.save_pretrained(made)
    return made


def one_step(trainer_class, config_class, tiny, rows, tmp_path, **options):
    """Train for one step and return the trainer; the weights have to change."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(tiny)
    settings = config_class(
        output_dir=str(tmp_path / "out"),
        max_steps=1,
        learning_rate=1e-2,
        use_cpu=True,
        bf16=False,
        report_to="none",
        save_strategy="no",
        **options,
    )
    trainer = trainer_class(
        model=model,
        args=settings,
        train_dataset=rows,
        processing_class=AutoTokenizer.from_pretrained(tiny),
    )
    before = model.get_input_embeddings().weight.detach().clone()
    assert trainer.train().training_loss > 0
    assert not before.equal(model.get_input_embeddings().weight), "nothing was learned"
    return trainer


def test_dpotrainer_takes_a_set_as_it_is(liked, tiny, tmp_path):
    from trl import DPOConfig, DPOTrainer

    export_dpo(liked, tmp_path / "dpo", min_exposures=4, comparable="anyone", pairs_per_post=3)
    rows = loaded(tmp_path / "dpo", "dpo", tmp_path)
    one_step(DPOTrainer, DPOConfig, tiny, rows, tmp_path, per_device_train_batch_size=1)


def test_ktotrainer_takes_a_set_as_it_is(liked, tiny, tmp_path):
    from trl import KTOConfig, KTOTrainer

    export_kto(liked, tmp_path / "kto", min_exposures=4)
    rows = loaded(tmp_path / "kto", "kto_troll", tmp_path)
    assert set(rows["label"]) == {True, False}
    one_step(KTOTrainer, KTOConfig, tiny, rows, tmp_path, per_device_train_batch_size=2)


def test_sfttrainer_takes_conversations_as_they_are(liked, tiny, tmp_path):
    from trl import SFTConfig, SFTTrainer

    export_threads(liked, tmp_path / "threads")
    rows = loaded(tmp_path / "threads", "threads_troll", tmp_path)
    trainer = one_step(SFTTrainer, SFTConfig, tiny, rows, tmp_path, per_device_train_batch_size=1)
    text = trainer.processing_class.decode(trainer.train_dataset[0]["input_ids"])
    assert "@eve: Thanks, all of you." in text
