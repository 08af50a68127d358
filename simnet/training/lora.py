"""Trains one LoRA adapter with TRL's `SFTTrainer` and peft."""

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simnet.training.base_model import BaseModel
from simnet.training.training_options import TrainingOptions
from simnet.training.training_rows import Encoded

_PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""Linear layers that vLLM serves with adapters, of the models that name them so."""


class TrainedLora(NamedTuple):
    """The result of a training."""

    weights: bytes
    """The file of weights, in the format safetensors."""
    config: dict[str, Any]
    """The content of `adapter_config.json`."""
    losses: list[dict[str, float]]
    """`step`, `loss` and `seconds` since the start, for each step."""


class Step(NamedTuple):
    """One step that was made."""

    number: int
    steps: int
    loss: float


def load_base(base: BaseModel) -> Any:
    """Load the base model on the device that torch has: bfloat16 on a GPU, float32 on a CPU."""
    import torch  # noqa: PLC0415  (seconds)
    from transformers import AutoModelForCausalLM  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()
    gpu = torch.cuda.is_available()
    model = AutoModelForCausalLM.from_pretrained(
        str(base.folder), dtype=torch.bfloat16 if gpu else torch.float32, local_files_only=True
    )
    return model.to("cuda") if gpu else model


def count_steps(rows: int, options: TrainingOptions) -> int:
    """Count the steps that some rows take."""
    return options.steps or max(1, math.ceil(options.epochs * math.ceil(rows / options.batch)))


def train_lora(
    base: BaseModel,
    rows: Sequence[Encoded],
    options: TrainingOptions,
    report: Callable[[Step], None],
) -> TrainedLora:
    """Train an adapter on rows; `report` gets each step."""
    from datasets import Dataset, disable_progress_bars  # noqa: PLC0415  (seconds, as the next)
    from peft import LoraConfig, get_peft_model_state_dict  # noqa: PLC0415
    from safetensors.torch import save  # noqa: PLC0415
    from transformers import PrinterCallback, set_seed  # noqa: PLC0415
    from trl import SFTTrainer  # noqa: PLC0415

    disable_progress_bars()
    set_seed(options.seed)
    model = load_base(base)
    data = Dataset.from_list([{"input_ids": row.ids, "completion_mask": row.mask} for row in rows])
    config = LoraConfig(
        r=options.rank,
        lora_alpha=2 * options.rank,
        lora_dropout=0.0,
        target_modules=_targets(model),
        task_type="CAUSAL_LM",
    )
    recorder = _recorder(report)
    with tempfile.TemporaryDirectory(prefix="simnet-training-") as folder:
        trainer = SFTTrainer(
            model=model,
            args=_settings(folder, count_steps(len(rows), options), options),
            train_dataset=data,
            processing_class=base.tokenizer,
            peft_config=config,
            callbacks=[recorder],
        )
        trainer.remove_callback(PrinterCallback)  # the loss is reported, not printed
        trainer.train()
    state = get_peft_model_state_dict(trainer.model)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    return TrainedLora(save(weights), _config(trainer.model, base), recorder.losses)


def _targets(model: Any) -> list[str] | str:
    names = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    return [name for name in _PROJECTIONS if name in names] or "all-linear"


def _settings(folder: str, steps: int, options: TrainingOptions) -> Any:
    import torch  # noqa: PLC0415  (seconds)
    from trl import SFTConfig  # noqa: PLC0415

    gpu = torch.cuda.is_available()
    return SFTConfig(
        output_dir=str(Path(folder) / "trainer"),
        max_steps=steps,
        per_device_train_batch_size=options.batch,
        learning_rate=options.learning_rate,
        lr_scheduler_type="cosine",
        max_length=options.max_length,
        completion_only_loss=True,
        seed=options.seed,
        data_seed=options.seed,
        use_cpu=not gpu,
        bf16=gpu,
        gradient_checkpointing=gpu,
        dataloader_pin_memory=gpu,
        logging_steps=1,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
    )


def _config(model: Any, base: BaseModel) -> dict[str, Any]:
    """Return the adapter's configuration, with the public name of the base model."""
    values = model.peft_config["default"].to_dict()
    values["base_model_name_or_path"] = base.name
    values["inference_mode"] = True
    plain = {name: sorted(v) if isinstance(v, set) else v for name, v in values.items()}
    return {name: getattr(value, "value", value) for name, value in sorted(plain.items())}


def _recorder(report: Callable[[Step], None]) -> Any:
    """Make a callback of the trainer that keeps the losses; transformers is imported late."""
    from transformers import TrainerCallback  # noqa: PLC0415

    class Recorder(TrainerCallback):  # type: ignore[misc]  # transformers is not typed here
        """Keeps the loss of each step."""

        def __init__(self) -> None:
            self.losses: list[dict[str, float]] = []
            self.begun = time.perf_counter()

        def on_train_begin(self, *_: Any, **parts: Any) -> None:
            self.begun = time.perf_counter()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any, **_: Any) -> None:
            if "loss" not in logs:
                return  # the summary after the last step
            seconds = round(time.perf_counter() - self.begun, 3)
            loss = float(logs["loss"])
            self.losses.append({"step": state.global_step, "loss": loss, "seconds": seconds})
            report(Step(state.global_step, state.max_steps, loss))

    return Recorder()
