"""SynDisco: one discussion in which each person speaks once a round; run in its environment.

The model is a subclass of its model class that returns a fixed text in the same process.
"""

import society
from syndisco.backend import actors, model, turn_manager
from syndisco.jobs import Discussion


class Instant(model.BaseModel):
    """Returns a text at once."""

    def __init__(self, meter: society.Meter) -> None:
        super().__init__(name="instant", max_out_tokens=100, stop_list=[])
        self.meter = meter

    def generate_response(self, json_prompt: dict | list, stop_words: list[str]) -> str:
        """Count the call and return a text."""
        self.meter.call(str(json_prompt))
        return society.TEXT


def main() -> None:
    size, out, _ = society.arguments(__doc__)
    meter = society.Meter()
    people = [f"person {number}" for number in range(size.people)]
    users = actors.create_users(
        llm=Instant(meter),
        usernames=people,
        attributes=[[society.PERSONA]] * size.people,
        context="You take part in a discussion.",
        instructions="Answer in one sentence.",
        actor_type=actors.ActorType.USER,
    )
    talk = Discussion(
        next_turn_manager=turn_manager.RoundRobin(),
        users=users,
        history_context_len=size.seen,
        conv_len=size.turns,
        seed_opinion=society.FIRST_POST,
        seed_opinion_user="first",
    )
    with society.scratch() as folder:
        log = folder / "discussion.json"
        with meter.measured():
            talk.begin(verbose=False)
            talk.to_json_file(log)
        recorded = len(talk.conv_logs) - 1
        society.report(out, size, meter, recorded=recorded, bytes=log.stat().st_size)


if __name__ == "__main__":
    main()
