"""A run whose texts and names try to get out of a page, and what they try."""

from simnet import HOUR, Cohort, Cue, Exponential, FakeModel, Never, Persona, Scenario, run
from simnet.verbs import Like, Pass, Reply, Repost, Write

HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<!--<script>",
    "]]></style><svg onload=document.title='owned'>",
    "{{ 7 * 7 }}{% raw %}",
    "datum['x'] + signal('y')",
    '=HYPERLINK("http://example.org")',
    "https://example.org/pixel.png",
    "\u202egnp.exe\u2066 \x00\x1b[31m \u2028line",
    "__proto__",
)  # fmt: skip


def hostile_scenario(**fields):
    """Make a scenario in which names of cohorts, attributes and posts are hostile."""
    source = Persona(id="source", description=HOSTILE[0])
    people = [
        Persona(id=f"p{number}", attributes={"side": HOSTILE[number % 3]}) for number in range(12)
    ]
    name = "constructor </script><b>x"
    return Scenario(
        "</title><script>document.title='owned'</script>",
        [
            Cohort("__proto__", [source], rhythm=Never()),
            Cohort(
                name,
                people,
                rhythm=Exponential(HOUR),
                verbs=(Write, Reply, Like, Repost, Pass),
                follows={"__proto__": 1.0, name: 0.5},
            ),
        ],
        [Cue(60.0 * (1 + place), "source", Write(text)) for place, text in enumerate(HOSTILE)],
        lasts=8 * HOUR,
        **fields,
    )


def reply(prompt):
    """Answer with a hostile text, or repost."""
    number = sum(prompt.user.encode())
    if number % 3 == 0:
        return f"reply 1: {HOSTILE[number % len(HOSTILE)]}"
    return ("repost 1", "like 1")[number % 3 - 1]


def hostile_run(folder):
    """Play the scenario in this process."""
    return run(hostile_scenario(), model=FakeModel(reply=reply), out=folder)
