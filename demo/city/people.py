"""Made-up people: telephone numbers whose middle is 0000, identity numbers of division 000000. None can be real."""

import random

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643
CHECK = "10X98765432"
DIVISION = "000000"
NOBODY = ("", "", "", "", "")


class People:
    """Draws persons: (name, telephone, address, type of identity paper, its number)."""

    def __init__(self, words: dict, seed: int):
        rng = random.Random(f"{seed}/people")
        self.words = words
        self.names = [s + g for s in words["surnames"] for g in words["given"]]
        self.prefixes = [f"1{a}{b}0000" for a in range(3, 10) for b in range(10)]
        self.masked_prefixes = [f"1{a}{b}****" for a in range(3, 10) for b in range(10)]
        self.tails = [f"{i:04d}" for i in range(10000)]
        self.addresses = [
            words["address"].format(
                place=place, road=rng.choice(words["roads"]), number=rng.randrange(1, 400),
                building=rng.randrange(1, 30), room=rng.randrange(101, 1805),
            )
            for place in words["places"]
            for _ in range(60)
        ]
        births = [
            f"{rng.randrange(1948, 2003)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}" for _ in range(2000)
        ]
        self.births = [(DIVISION + birth, _weighted(DIVISION + birth, 0)) for birth in births]
        self.serials = [(f"{i:03d}", _weighted(f"{i:03d}", 14)) for i in range(1000)]

    def phone(self, draw) -> str:
        return self.prefixes[int(draw() * 70)] + self.tails[int(draw() * 10000)]

    def id_number(self, draw) -> str:
        head, sum_head = self.births[int(draw() * 2000)]
        serial, sum_serial = self.serials[int(draw() * 1000)]
        return head + serial + CHECK[(sum_head + sum_serial) % 11]

    def person(self, draw) -> tuple[str, str, str, str, str]:
        """A consumer or inquirer; one in twenty is masked by the source."""
        name = self.names[int(draw() * len(self.names))]
        address = self.addresses[int(draw() * len(self.addresses))]
        papers = draw()
        if draw() < 0.05:
            phone = self.masked_prefixes[int(draw() * 70)] + self.tails[int(draw() * 10000)]
            number = DIVISION + "********" + self.tails[int(draw() * 10000)]
            return name[0] + "**"[: len(name) - 1], phone, "", self.words["id_types"][0], number
        phone = self.phone(draw)
        if papers < 0.22:
            return name, phone, address, self.words["id_types"][0], self.id_number(draw)
        if papers < 0.225:
            return name, phone, address, self.words["id_types"][2], ""
        return name, phone, address, "", ""


def _weighted(digits: str, start: int) -> int:
    return sum(int(digit) * WEIGHTS[start + i] for i, digit in enumerate(digits))
