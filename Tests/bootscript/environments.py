"""The environments that GRUB and krux-update have to agree about."""
import itertools
import random
from dataclasses import dataclass, field

import disks

LOADS = {"A": "loads", "B": "loads"}
SIGNATURE = "# GRUB Environment Block\n"
BLOCK = 1024


@dataclass
class Case:
    name: str
    environment: bytes | None  # None: there is no file
    # Of the slots, see disks.CONTENTS.
    contents: dict = field(default_factory=lambda: dict(LOADS))
    # In a row, each with what the one before saved.
    boots: int = 1
    # From the power button on.
    cold: bool = False
    # On a disk that has no partition for B.
    one_slot: bool = False
    # krux-update calls it damaged; GRUB reads what it can, and some slot has to boot.
    refused: bool = False
    # Others' variables leave no room for what krux-update writes; a counter that GRUB saves needs none.
    full: bool = False

    def has_system(self, slot):
        return self.contents[slot] not in disks.ABSENT and not (slot == "B" and self.one_slot)


def block(text, signature=SIGNATURE, size=BLOCK):
    """An environment block with these lines."""
    return (signature + text).encode().ljust(size, b"#")


def lines(**values):
    return "".join(f"{name}={value}\n" for name, value in values.items())


def usual(order="A B", a_ok="1", a_try="0", b_ok="1", b_try="0", trial="-", tries="3", **others):
    """The variables as krux-update writes them."""
    return lines(ORDER=order, A_OK=a_ok, A_TRY=a_try, B_OK=b_ok, B_TRY=b_try, TRIAL=trial, TRIES=tries,
                 **others)


def table():
    """Every state that matters for TRIES of 1 and 3."""
    for tries, beyond in (("1", 2), ("3", 4)):
        made = [str(count) for count in range(beyond + 1)]
        for order, a_ok, b_ok, a_try, b_try, trial in itertools.product(
                ("A B", "B A"), "10", "10", made, made, "-AB"):
            yield Case(f"{order} ok {a_ok}{b_ok} tries {a_try}{b_try} of {tries} trial {trial}",
                       block(usual(order, a_ok, a_try, b_ok, b_try, trial, tries)))


def random_cases(count, seed):
    """States of any kind, with slots that hold anything, in blocks with and without variables of others."""
    chance = random.Random(seed)
    for number in range(count):
        values = {"ORDER": chance.choice(["A B", "B A"]), "TRIAL": chance.choice("-AB"),
                  "TRIES": chance.choice("123456789")}
        for slot in "AB":
            values[f"{slot}_OK"], values[f"{slot}_TRY"] = chance.choice("1110"), chance.choice("0123456789")
        if chance.random() < 0.3:
            nonsense = ["", "x", "12", "-1", "yes", " ", "A", "b", "*", "$A_OK", "(", "-f", "\\\\", "\"", "'",
                        "0 1"]
            for name in chance.sample(sorted(values), chance.randint(1, 3)):
                values[name] = chance.choice(nonsense)
        if chance.random() < 0.3:
            values.update({"saved_entry": "Debian", "next_entry": "", "zeros": "0" * chance.randint(1, 300)})
        names = list(values)
        if chance.random() < 0.5:
            chance.shuffle(names)
        if chance.random() < 0.2:
            names = chance.sample(names, chance.randint(0, len(names)))
        contents = dict(LOADS)
        if chance.random() < 0.5:
            contents = {slot: chance.choice(disks.CONTENTS) for slot in "AB"}
        yield Case(f"random {number}", block(lines(**{name: values[name] for name in names})), contents)


def rows_of_boots():
    """Several boots in a row, each of which fails before anybody confirms it."""
    def case(name, boots, contents=LOADS, **values):
        return Case(f"in a row: {name}", block(usual(**values)), dict(contents), boots)
    yield case("trial in B, nobody confirms", 10, order="B A", trial="B")
    yield case("trial in A with one try, nobody confirms", 5, order="A B", trial="A", tries="1")
    yield case("only A is bootable", 5, b_ok="0")
    yield case("trial in B, and only B is bootable", 5, order="B A", a_ok="0", trial="B")
    yield case("no trial, no slot stays up", 9, tries="2")
    yield case("the trial has no system", 4, {"A": "loads", "B": "half-written"},
               order="B A", trial="B")
    yield case("the trial's initrd does not load", 5, {"A": "loads", "B": "unreadable-initrd"},
               order="B A", trial="B")
    yield case("no slot has a system", 3, {"A": "no-kernel", "B": "no-file-system"}, order="B A", trial="B")
    yield case("no slot loads", 5, {"A": "damaged-kernel", "B": "unreadable-kernel"}, tries="2")
    yield Case("in a row: no variables yet", block(""), boots=8)


def from_power_on():
    """With the firmware's start before it."""
    yield Case("cold: trial in B", block(usual("B A", trial="B")), boots=4, cold=True)
    yield Case("cold: no slot has a system", block(usual()), {"A": "no-kernel", "B": "half-written"},
               cold=True)
    yield Case("cold: slot B has no partition", block(usual("B A", trial="B")), boots=2, one_slot=True)


def every_content():
    for a, b in itertools.product(disks.CONTENTS, repeat=2):
        yield Case(f"A {a}, B {b}", block(usual("B A", trial="B", a_try="1")), {"A": a, "B": b})


def senseless_values():
    """Values that no step writes, each in an environment that is otherwise whole."""
    for name, values in {
        "a_try": ["x", "12", "", " ", "-1", "03", "+1", "9", "3 ", "1\\\n", "\\\\"],
        "tries": ["0", "x", "12", "", "-1", "3 ", "9"],
        "order": ["B", "C A", "", "B B", "AB BA", "b a", "  B  A", "B\tA", "C B A", "-h B", "--help",
                  "* B", "B*", "$B", "B\\\nA", "A\\\nB B", "/ B", "(hd0) B", "x;B"],
        "a_ok": ["yes", "0", "", "01", "1 ", "true", " 1", "=", "!", "(", "-f", "$B_OK", "1\\\n"],
        "trial": ["a", "b", "", "C", "AB", "A B", "--", "0"],
    }.items():
        for value in values:
            more = {"a_try": "3", "b_try": "3"} if name == "trial" else {}
            yield Case(f"{name.upper()}={value!r}", block(usual(**{**more, name: value})))


def incomplete():
    """Single variables missing, others' variables about, and one name twice."""
    digest = "0123456789abcdef" * 4
    whole = dict(line.split("=", 1) for line in usual("B A", a_try="2", b_try="3", trial="B").splitlines())
    for name in whole:
        yield Case(f"no {name}", block(lines(**{key: whole[key] for key in whole if key != name})))
        yield Case(f"only {name}", block(lines(**{name: whole[name]})))
    ours = usual("B A", trial="B", b_try="1")
    others = lines(saved_entry="0", prefix="(hd9)/nowhere", root="hd9", disk="hd9", timeout="0", first="A",
                   environment="/nowhere", a_partition="9", broken="A", kernel_arguments="init=/bin/sh")
    yield Case("others' variables in front", block(others + ours))
    yield Case("others' variables behind", block(ours + others))
    full = usual("B A", trial="B", b_try="1", BAD=digest, filler="")
    for free in (1, 0):
        filler = "x" * (BLOCK - len(SIGNATURE + full) - free)
        yield Case(f"{free} bytes left", block(full.replace("filler=", f"filler={filler}")), full=True)
    yield Case("RAUC's variables alone", block(lines(ORDER="A B", A_OK="1", B_OK="1", A_TRY="1", B_TRY="0")))
    yield Case("BAD and WHY", block(usual("B A", trial="B", BAD=digest, WHY="it did not become ready")))
    yield Case("the comment of grub-editenv", block(ours, SIGNATURE + "# WARNING: Do not edit this file\n"))
    yield Case("escaped line feeds and backslashes in others", block(lines(note="a\\\nORDER=A\\\\") + ours))
    yield Case("a comment between", block("ORDER=B A\n# A_OK=0\nB_OK=1\n"))
    yield Case("a variable twice", block(ours + lines(ORDER="A B")), refused=True)
    yield Case("a counter twice", block(ours + lines(B_TRY="2")), refused=True)


def damaged():
    """Files that are no environment of 1,024 bytes, or have lines that are no variables."""
    ours = usual("B A", trial="B", b_try="1")
    noise = random.Random(1).randbytes(BLOCK)
    yield Case("no file", None)
    yield Case("empty file", b"")
    yield Case("one byte", b"#")
    yield Case("the signature alone", SIGNATURE.encode())
    yield Case("512 bytes", block(ours, size=512), refused=True)
    yield Case("2048 bytes", block(ours, size=2048), refused=True)
    yield Case("1025 bytes", block(ours, size=1025), refused=True)
    yield Case("zeros", bytes(BLOCK))
    yield Case("noise", noise)
    behind = noise[len(SIGNATURE):]
    yield Case("noise behind the signature", SIGNATURE.encode() + behind, refused=True)
    yield Case("noise behind the variables", block(ours)[:512] + noise[:512], refused=True)
    yield Case("no signature", block(ours, signature=""))
    yield Case("another signature", block(ours, signature="# GRUB environment block\n"))
    yield Case("DOS line ends", block(ours.replace("\n", "\r\n")))
    yield Case("second sector zeros", block(ours)[:512] + bytes(512), refused=True)
    yield Case("first sector zeros", bytes(512) + block(ours)[512:])
    yield Case("a line without =", block("nonsense\n" + ours), refused=True)
    yield Case("an empty line", block("\n" + ours), refused=True)
    yield Case("a line without a name", block("=x\n" + ours), refused=True)
    yield Case("no line end at the last variable", block(ours + "TRIES=1"), refused=True)
    no_text = b"x=\xff\xfe\n"
    yield Case("invalid UTF-8 in others", block(ours).replace(b"#" * 5, no_text, 1), refused=True)
    yield Case("invalid UTF-8 in ORDER", block(usual("B A")).replace(b"B A", b"\xff B"), refused=True)


def fixed():
    """The cases that no --count leaves out."""
    yield from itertools.chain(damaged(), incomplete(), senseless_values(), rows_of_boots(),
                                    from_power_on())
