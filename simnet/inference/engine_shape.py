"""The GPUs that one engine takes."""

from dataclasses import dataclass

from simnet.errors import InputError
from simnet.foundation.text import counted


@dataclass(frozen=True, kw_only=True)
class EngineShape:
    """Over how many GPUs an engine divides its model, and how much of each it takes.

    Raises InputError for a size below 1, a share that is not above 0 and up to 1, and a share of
    several GPUs.
    """

    tensor: int = 1
    """GPUs that each layer is divided over (tensor parallel); always on one node."""
    pipeline: int = 1
    """Groups of layers, each on GPUs of its own (pipeline parallel); may be on several nodes."""
    share: float = 1.0
    """Share of one GPU that the engine takes, where that is less than a whole one."""

    def __post_init__(self) -> None:
        for name, size in (("tensor", self.tensor), ("pipeline", self.pipeline)):
            if size < 1:
                raise InputError(f"{name}_parallel_size is {size}; give 1 or more")
        if not 0 < self.share <= 1:
            raise InputError(f"gpu_share is {self.share:g}; give a share, above 0, up to 1")
        if self.share < 1 and self.devices > 1:
            raise InputError(
                f"gpu_share is {self.share:g} and the engine is divided over "
                f"{self.devices} GPUs; an engine takes a share of one GPU, or several whole ones"
            )

    @property
    def devices(self) -> int:
        """GPUs that the engine runs on."""
        return self.tensor * self.pipeline

    @property
    def gpus(self) -> float:
        """GPUs that the engine takes from a cluster."""
        return self.share if self.share < 1 else float(self.devices)

    def describe(self) -> str:
        """Return what it takes, for people."""
        if self.devices == 1:
            return "1 GPU" if self.share == 1 else f"{self.share:g} of a GPU"
        if self.pipeline == 1:
            return f"{counted(self.devices, 'GPU')} of one node"
        each = counted(self.tensor, "GPU")
        return f"{self.pipeline} x {each}, each group on one node"
