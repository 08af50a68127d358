"""mesa-llm: agents that reason, call a tool and remember; run in its environment.

mesa-llm has no social network: the board of posts and the tools that act on it are in this
file. The model is `litellm`, whose two functions, as mesa-llm has imported them, answer at once
in the same process with objects of litellm's own types.
"""

import json
import os

import society

os.environ["STUB_API_KEY"] = "none"  # mesa-llm asks for one whatever the provider

from litellm.types.utils import (
    ChatCompletionMessageToolCall,
    Choices,
    Function,
    Message,
    ModelResponse,
)
from mesa.model import Model
from mesa_llm import module_llm
from mesa_llm.llm_agent import LLMAgent
from mesa_llm.parallel_stepping import enable_automatic_parallel_stepping
from mesa_llm.reasoning.react import ReActReasoning
from mesa_llm.tools.tool_decorator import tool

METER = society.Meter()
TOOLS = ["act"]


@tool
def act(agent: LLMAgent, verb: str, post: int, text: str) -> str:
    """Act on the board of posts.

    Args:
        agent: Provided automatically.
        verb: What to do: write, reply, like, repost or pass.
        post: The number of the post that is meant.
        text: The text of a new post or a reply.

    Returns:
        What was done.

    """
    return agent.model.take(agent.unique_id, verb, post, text)


def instant(messages: list[dict], tools: list | None = None, **more: object) -> ModelResponse:
    """Answer a call as a model does: with a plan, or with a call of the tool."""
    number = METER.call("".join(str(one["content"]) for one in messages))
    if more.get("tool_choice") == "required":
        words = {"verb": society.action(number // 2), "post": 0, "text": society.TEXT}
        call = Function(name="act", arguments=json.dumps(words))
        calls = [ChatCompletionMessageToolCall(id=str(number), function=call)]
        message = Message(content=None, tool_calls=calls)
    else:
        words = {"reasoning": society.ANSWER, "action": society.action(number // 2)}
        message = Message(content=json.dumps(words))
    return ModelResponse(choices=[Choices(message=message)])


async def instant_async(messages: list[dict], **more: object) -> ModelResponse:
    return instant(messages, **more)


class Person(LLMAgent):
    """Looks at the newest posts, reasons and acts, once a round."""

    def __init__(self, model: Model) -> None:
        super().__init__(model, ReActReasoning, "stub/instant", society.PERSONA, vision=0)
        self.pos = (0, 0)
        self.memory.display = False

    async def astep(self) -> None:
        """Take a turn as mesa-llm's own examples do: observe, plan, act."""
        prompt = "The newest posts:\n" + "\n".join(self.model.posts[-self.model.seen :])
        plan = await self.reasoning.aplan(self.generate_obs(), prompt=prompt, selected_tools=TOOLS)
        self.apply_plan(plan)


class Board(Model):
    """A board of posts, and the people who read it."""

    def __init__(self, size: society.Size) -> None:
        super().__init__()
        self.parallel_stepping = True
        self.seen = size.seen
        self.posts = [society.FIRST_POST] * size.authors
        self.actions: list[tuple[int, str, int]] = []
        Person.create_agents(self, size.people)

    def take(self, who: int, verb: str, post: int, text: str) -> str:
        """Do what a person has decided."""
        self.actions.append((who, verb, post))
        if verb in {"write", "reply", "repost"}:
            self.posts.append(text)
        return f"{verb} done"

    def step(self) -> None:
        """Let everyone take a turn."""
        self.agents.shuffle_do("step")


def main() -> None:
    size, out, _ = society.arguments(__doc__)
    module_llm.completion, module_llm.acompletion = instant, instant_async
    enable_automatic_parallel_stepping()
    with society.scratch():
        board = Board(size)
        with METER.measured():
            for _ in range(size.rounds):
                board.step()
        society.report(out, size, METER, recorded=len(board.actions), bytes=0)


if __name__ == "__main__":
    main()
