"""Many questions at once: bounded, in order, with tries, and equal whatever the concurrency."""

import asyncio
from collections import Counter
from contextlib import aclosing

import pytest

from simnet import FakeModel
from simnet.errors import RunError
from simnet.inference.model import Completion, Prompt
from simnet.inference.replies.usable_reply import INVALID, UnusableReplyError
from simnet.synthesis.asking.asker import Asker, Question, seed_of
from simnet.synthesis.asking.reply_log import Facts, ReplyLog


def question(name, seed=0):
    def read(completion, used):
        if not completion.usable:
            raise UnusableReplyError(completion.text, "failed")
        if completion.text.startswith("bad"):
            raise UnusableReplyError(completion.text, INVALID)
        return completion.text, used

    return Question(
        facts=Facts("test", name),
        seed=seed,
        prompt=lambda used: Prompt(system="", user=name, seed=used),
        read=read,
    )


def ask(model, questions, folder, **options):
    async def all_answers():
        with ReplyLog(folder) as log:
            asker = Asker(model, log, **options)
            async with aclosing(asker.ask(questions)) as answers:
                found = [answer async for answer in answers]
            await log.settled()
        return found, asker.counts

    return asyncio.run(all_answers())


class Crowded:
    """A model that counts the prompts in flight and answers late prompts first."""

    name = "crowded"

    def __init__(self):
        self.now = self.most = 0
        self.asked = []

    async def generate(self, prompts):
        self.now += len(prompts)
        self.most = max(self.most, self.now)
        self.asked += [prompt.user for prompt in prompts]
        await asyncio.sleep(0.003 if prompts[0].user.endswith("0") else 0)
        self.now -= len(prompts)
        yield [(at, Completion(f"to {prompt.user}")) for at, prompt in enumerate(prompts)]

    async def close(self):
        pass


@pytest.mark.parametrize("in_flight", [1, 3, 64])
def test_answers_come_in_the_order_of_the_questions_whatever_the_concurrency(tmp_path, in_flight):
    model = Crowded()
    names = [str(number) for number in range(100)]
    answers, counts = ask(model, map(question, names), tmp_path, in_flight=in_flight)
    assert [answer.value for answer in answers] == [(f"to {name}", 0) for name in names]
    assert model.most == in_flight
    assert counts.asked == 100


def test_questions_are_drawn_as_there_is_room(tmp_path):
    drawn = []

    def endless():
        for number in range(10_000):
            drawn.append(number)
            yield question(str(number))

    async def first():
        with ReplyLog(tmp_path) as log:
            asker = Asker(Crowded(), log, in_flight=2)
            async with aclosing(asker.ask(endless())) as answers:
                async for answer in answers:
                    return answer.value
        return None

    assert asyncio.run(first()) == ("to 0", 0)
    assert len(drawn) <= 8


def test_an_unusable_reply_is_asked_for_again_with_another_seed_and_counted(tmp_path):
    seeds = [seed_of(5, attempt) for attempt in range(3)]
    assert seeds[0] == 5
    assert len(set(seeds)) == 3
    model = FakeModel(lambda prompt: "good" if prompt.seed == seeds[2] else "bad")
    (answer,), counts = ask(model, [question("q", 5)], tmp_path)
    assert answer.value == ("good", seeds[2])
    assert counts.unusable == {INVALID: 2}
    assert counts.given_up == 0
    (answer,), counts = ask(model, [question("q", 5)], tmp_path / "two", tries=2,
                            stop_on_failures=False)  # fmt: skip
    assert answer.value is None
    assert (counts.given_up, counts.unusable[INVALID]) == (1, 2)


def test_a_reply_that_is_there_is_not_asked_for_again(tmp_path):
    model = Crowded()
    names = ["a", "b", "a", "a"]
    answers, counts = ask(model, map(question, names), tmp_path)
    assert [answer.value[0] for answer in answers] == [f"to {name}" for name in names]
    assert sorted(model.asked) == ["a", "b"]
    assert (counts.asked, counts.kept) == (2, 2)
    answers, counts = ask(model, map(question, [*names, "c"]), tmp_path)
    assert sorted(model.asked) == ["a", "b", "c"]
    assert (counts.asked, counts.kept) == (1, 4)


def test_a_failed_call_is_counted_and_asked_again_by_the_next_start(tmp_path):
    broken = True

    def answer(prompt):
        if broken and prompt.user == "b":
            raise ValueError("no room")
        return "fine"

    model = FakeModel(answer)
    answers, counts = ask(model, map(question, "abc"), tmp_path)
    assert [answer.value is None for answer in answers] == [False, True, False]
    assert (counts.failed, counts.given_up) == (1, 0)
    assert counts.failure is not None
    assert "no room" in counts.failure
    broken = False
    answers, counts = ask(model, map(question, "abc"), tmp_path)
    assert all(answer.value for answer in answers)
    assert (counts.asked, counts.kept) == (1, 2)


def test_a_job_stops_when_most_calls_fail_unless_failures_are_accepted(tmp_path):
    model = FakeModel(lambda prompt: "bad reply")
    names = [str(number) for number in range(60)]
    with pytest.raises(RunError, match=r"20 of the 20 model calls failed.*bad reply"):
        ask(model, map(question, names), tmp_path, in_flight=1)
    _, counts = ask(model, map(question, names), tmp_path, stop_on_failures=False)
    assert counts.given_up == 60


def test_failures_of_an_earlier_start_do_not_stop_a_job_whose_model_was_mended(tmp_path):
    says = "bad reply"
    model = FakeModel(lambda prompt: says)
    names = [str(number) for number in range(60)]
    with pytest.raises(RunError, match="20 of the 20 model calls failed"):
        ask(model, map(question, names), tmp_path, in_flight=1)
    says = "fine"
    answers, counts = ask(model, map(question, names), tmp_path, in_flight=1)
    assert 20 <= counts.given_up < 30
    assert Counter(answer.value and answer.value[0] for answer in answers) == {
        None: counts.given_up,
        "fine": 60 - counts.given_up,
    }


def test_a_job_that_asked_nothing_new_is_judged_by_what_was_kept(tmp_path):
    model = FakeModel(lambda prompt: "bad reply")
    ask(model, map(question, "abc"), tmp_path, stop_on_failures=False)
    with pytest.raises(RunError, match="3 of the 3 model calls failed"):
        ask(model, map(question, "abc"), tmp_path)


def test_a_model_that_is_gone_ends_the_job_and_what_it_said_is_kept(tmp_path):
    class Dying(Crowded):
        async def generate(self, prompts):
            if len(self.asked) >= 10:
                raise RunError("the engine died")
            async for batch in super().generate(prompts):
                yield batch

    names = [str(number) for number in range(1, 40)]
    with pytest.raises(RunError, match="the engine died"):
        ask(Dying(), map(question, names), tmp_path, in_flight=1)
    with ReplyLog(tmp_path) as log:
        assert len(log) == 10
