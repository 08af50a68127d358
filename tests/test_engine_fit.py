"""Engines find room on the GPUs of a cluster, or what is missing is told."""

from collections import Counter

import pytest

from simnet.errors import InputError
from simnet.inference.backends.choice import choose
from simnet.inference.engine_shape import EngineShape
from simnet.inference.settings import EngineSettings
from simnet.runtime.nodes.cluster_view import ClusterView, Node
from simnet.runtime.nodes.engine_fit import fit, shortage

EIGHT = [8.0] * 8
"""Eight nodes of eight GPUs."""


def shapes(count, **sizes):
    return [EngineShape(**sizes)] * count


@pytest.mark.parametrize("tensor", [1, 2, 4, 8])
def test_engines_fill_eight_nodes_of_eight_gpus(tensor):
    count = 64 // tensor
    seats = fit(shapes(count, tensor=tensor), EIGHT)
    assert Counter(seats) == {(node,): 8 // tensor for node in range(8)}
    assert fit(shapes(count + 1, tensor=tensor), EIGHT).count(None) == 1


def test_an_engine_of_two_stages_has_each_of_them_whole_on_a_node():
    seats = fit(shapes(4, tensor=8, pipeline=2), EIGHT)
    assert sorted(node for seat in seats for node in seat) == list(range(8))
    assert all(len(set(seat)) == 2 for seat in seats)


def test_stages_share_a_node_where_it_has_room_for_all():
    assert fit(shapes(1, tensor=4, pipeline=2), [4.0, 8.0, 4.0]) == [(1,)]
    assert fit(shapes(1, tensor=4, pipeline=2), [4.0, 7.0, 4.0]) == [(1, 0)]
    assert fit(shapes(1, tensor=2, pipeline=3), [4.0, 3.0]) == [(0, 0, 1)]


def test_large_engines_are_seated_before_small_ones_take_their_nodes():
    small, large = EngineShape(), EngineShape(tensor=8)
    assert fit([small, large], [8.0, 1.0]) == [(1,), (0,)]
    assert fit([small, small, large], [8.0, 1.0]).count(None) == 1


def test_shares_never_lie_across_two_gpus():
    assert fit(shapes(5, share=0.6), [2.0, 2.0]).count(None) == 1
    assert fit(shapes(6, share=1 / 3), [2.0]) == [(0,)] * 6
    assert fit([*shapes(1, share=0.5), *shapes(1)], [1.0]) == [None, (0,)]


def test_what_has_no_room_is_said_with_what_there_is():
    nodes = tuple(Node(str(n), f"n{n}", 4, gpus, 1e9) for n, gpus in enumerate((4.0, 4.0, 0.0)))
    said = shortage(shapes(3, tensor=4), 2, ClusterView(nodes), "")
    assert said == (
        "there is no room for all engines: asked for 3 engines each of 4 GPUs of one node, 12 GPUs "
        "in all; available: 8 GPUs (2 nodes: 2 with 4); room for 2 of 3 engines"
    )
    wide = shortage(shapes(1, tensor=8), 0, ClusterView(nodes), " on pool=big")
    assert "available on pool=big:" in wide
    assert wide.endswith("--engine tensor_parallel_size=4 --engine pipeline_parallel_size=2")
    assert "no GPU on 1 node" in shortage(shapes(1), 0, ClusterView(nodes[2:]), "")


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"tensor": 0}, "tensor_parallel_size is 0"),
        ({"share": 0}, "gpu_share is 0"),
        ({"share": 0.5, "tensor": 2}, "a share of one GPU, or several"),
    ],
)
def test_shapes_that_cannot_be_are_refused(sizes, said):
    with pytest.raises(InputError, match=said):
        EngineShape(**sizes)


def test_the_share_of_a_gpu_is_that_of_its_memory_too():
    settings = EngineSettings(model="m", device="gpu", gpu_share=0.5)
    assert settings.shape.gpus == 0.5
    assert settings.engine_arguments()["gpu_memory_utilization"] == 0.45


def test_fake_engines_stand_in_for_those_of_a_model():
    engine = {"tensor_parallel_size": 4, "pipeline_parallel_size": 2}
    fake = choose("fake", engine=engine)
    assert fake.shape == EngineShape(tensor=4, pipeline=2)
    assert fake.engine == engine
    assert choose("fake", engine={"device": "gpu"}).gpus == 1
    assert choose("fake").shape is None
    with pytest.raises(InputError, match="tensor_parallel_size is -1"):
        choose("fake", engine={"tensor_parallel_size": -1})
