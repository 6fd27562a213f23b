#!/usr/bin/env python3
"""Compares our expressions with the package common-expression-language, on random ones.

    differential.py --driver PROGRAM [--count 100000] [--seed 1] [--show 3]

Every expression is drawn so that its parts have the types that their place asks for; its parts are
facts that both sides know, literals with the edges of their ranges, operators, functions and macros
of the first level. Both sides compile and run it. Disagreements are put into classes, each with its
reason; one that is in no class ends the run with code 1.
"""
import argparse
import collections
import datetime
import json
import random
import re
import struct
import subprocess
import sys

import cel

FACTS = {
    "i": 7, "j": -3, "k": 2**63 - 1, "d": 2.5, "e": -0.125, "b": True, "c": False,
    "s": "abc", "u": "é😀", "li": [1, 2, 7], "ls": ["a", "abc"], "m": {"a": 1, "b": 20},
}


class Draw:
    """Draws expressions by type."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.variables = []

    def pick(self, *choices):
        return self.random.choice(choices)

    def of(self, kind, depth):
        names = [name for name, its in self.variables if its == kind]
        if names and self.random.random() < 0.4:
            return self.random.choice(names)
        return getattr(self, kind)(depth - 1)

    def int(self, depth):
        if depth <= 0:
            return self.pick("i", "j", "k", "0", "1", "-1", "2", "7", "9223372036854775807",
                             "-9223372036854775808", "0x1F", "m.a", "m['b']", "li[0]")
        draw = lambda kind: self.of(kind, depth)
        return self.pick(
            lambda: f"({draw('int')} {self.pick('+', '-', '*', '/', '%')} {draw('int')})",
            lambda: f"\x05{draw('int')}\x06", lambda: f"size({draw(self.pick('string', 'ints', 'texts'))})",
            lambda: f"int({draw(self.pick('double', 'string', 'int'))})",
            lambda: f"({draw('bool')} ? {draw('int')} : {draw('int')})",
            lambda: f"{draw('ints')}[{draw('int')}]", lambda: f"{draw('map')}[{draw('string')}]")()

    def double(self, depth):
        if depth <= 0:
            return self.pick("d", "e", "0.0", "1.5", "-2.25", "1e300", "1e-300", "3.0")
        draw = lambda kind: self.of(kind, depth)
        return self.pick(
            lambda: f"({draw('double')} {self.pick('+', '-', '*', '/')} {draw('double')})",
            lambda: f"-({draw('double')})", lambda: f"double({draw(self.pick('int', 'string', 'double'))})",
            lambda: f"({draw('bool')} ? {draw('double')} : {draw('double')})")()

    def string(self, depth):
        if depth <= 0:
            return self.pick("s", "u", "''", "'a'", '"abc"', "'12'", "'-7'", "'2.5'", "'true'",
                             r"'\u00e9'", r"r'\d'", "ls[1]")
        draw = lambda kind: self.of(kind, depth)
        return self.pick(
            lambda: f"({draw('string')} + {draw('string')})",
            lambda: f"string({draw(self.pick('int', 'string'))})", lambda: f"\x03{draw('bool')}\x04",
            lambda: f"({draw('bool')} ? {draw('string')} : {draw('string')})")()

    def bool(self, depth):
        if depth <= 0:
            return self.pick("b", "c", "true", "false", "has(m.a)", "has(m.z)")
        draw = lambda kind: self.of(kind, depth)
        kind = self.pick("int", "double", "string")
        macro = self.pick("all", "exists", "exists_one")
        return self.pick(
            lambda: f"({draw('bool')} && {draw('bool')})", lambda: f"({draw('bool')} || {draw('bool')})",
            lambda: f"!{draw('bool')}", lambda: f"({draw('bool')} ? {draw('bool')} : {draw('bool')})",
            lambda: f"({draw(kind)} {self.pick('<', '<=', '>', '>=', '==', '!=')} {draw(kind)})",
            lambda: f"(\x07{draw('int')}\x08 {self.pick('<', '==', '>=')} {draw('double')})",
            lambda: f"({draw('int')} in {draw('ints')})", lambda: f"({draw('string')} in {draw('map')})",
            lambda: f"({draw('ints')} == {draw('ints')})", lambda: f"({draw('map')} == {draw('map')})",
            lambda: f"{draw('string')}.{self.pick('contains', 'startsWith', 'endsWith')}({draw('string')})",
            lambda: f"{draw('string')}.matches({self.pattern()})",
            lambda: self.loop("ints", "int", macro, "bool", depth),
            lambda: self.loop("texts", "string", macro, "bool", depth))()

    def ints(self, depth):
        if depth <= 0:
            return self.pick("li", "[]", "[1]", "[3, -1, 7]")
        draw = lambda kind: self.of(kind, depth)
        return self.pick(
            lambda: f"[{draw('int')}, {draw('int')}]", lambda: f"({draw('ints')} + {draw('ints')})",
            lambda: self.loop("ints", "int", "filter", "bool", depth),
            lambda: self.loop("ints", "int", "map", "int", depth),
            lambda: self.loop("texts", "string", "map", "int", depth))()

    def texts(self, depth):
        if depth <= 0:
            return self.pick("ls", "['']", "['b', 'é']")
        draw = lambda kind: self.of(kind, depth)
        return self.pick(
            lambda: f"[{draw('string')}]", lambda: f"({draw('texts')} + {draw('texts')})",
            lambda: self.loop("texts", "string", "filter", "bool", depth))()

    def map(self, depth):
        if depth <= 0:
            return self.pick("m", "{'a': 1}", "{'': -1, 'é': 2}")
        return f"{{'a': {self.of('int', depth)}, 'q': {self.of('int', depth)}}}"

    def pattern(self):
        return self.pick("'a'", "'^a.c$'", "'[a-c]+'", r"r'^\d+$'", "'(ab|é)?$'", "'b{2,3}'", "''")

    def loop(self, kind, element, macro, body, depth):
        over = self.of(kind, depth)
        name = "v%d" % len(self.variables)
        self.variables.append((name, element))
        text = self.of(body, depth)
        self.variables.pop()
        return f"{over}.{macro}({name}, {text})"


def text(value):
    """A value as the driver writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return "nan" if value != value else "x%x" % struct.unpack(">Q", struct.pack(">d", value))[0]
    if isinstance(value, str):
        return "'" + value.encode().hex() + "'"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(sorted(text(k) + ":" + text(v) for k, v in value.items())) + "}"
    if isinstance(value, datetime.timedelta):
        return "p%d" % round(value.total_seconds() * 1e9)
    return "other " + type(value).__name__


def peer(source):
    try:
        return "value " + text(cel.evaluate(source, FACTS))
    except BaseException as error:  # A panic of the peer is no Exception.
        if isinstance(error, KeyboardInterrupt):
            raise
        return "error %s: %s" % (type(error).__name__, str(error).split("\n")[0][:160])


def driver(program, sources):
    process = subprocess.run([program], input="".join(json.dumps(s) + "\n" for s in sources),
                             capture_output=True, text=True, check=True)
    lines = process.stdout.splitlines()
    assert len(lines) == len(sources), "the driver gave %d lines for %d" % (len(lines), len(sources))
    return lines


def agrees(ours, theirs):
    """Two errors agree whatever they say."""
    if ours.startswith("value") and theirs.startswith("value"):
        return ours == theirs
    return not ours.startswith("value") and not theirs.startswith("value")


# What the peer is known to do otherwise. Each has a way to write the same without it: if both sides
# agree on what is written so, the difference is explained; else it is told.
STRING_OF_BOOL = "string() of a bool, which the peer does not have"
NEGATED_MINIMUM = "-(-9223372036854775808), which is an overflow and the peer gives back unchanged"
BYTES = "size() of a text, which counts code points, and bytes at the peer"
EXACT = "an int against a double, which are compared exactly, and after rounding the int at the peer"
# These cannot be written otherwise.
ABSORBED = "an error of one entry in exists() or all(), which another entry makes up for, but not at the peer"
UNORDERED = "NaN in a comparison, which is false, and an error at the peer"


def plain(drawn):
    """The source of a drawn text: its marks stand for what the peer does otherwise."""
    return (drawn.replace("\x03", "string(").replace("\x04", ")")
            .replace("\x05", "-(").replace("\x06", ")").replace("\x07", "").replace("\x08", ""))


def rewritten(drawn):
    """The same without what the peer does otherwise: texts are of ASCII, so that bytes are code points."""
    drawn = (drawn.replace("\x03", "(").replace("\x04", " ? 'true' : 'false')")
             .replace("\x05", "(0 - ").replace("\x06", ")").replace("\x07", "double(").replace("\x08", ")"))
    return re.sub(r"\bu\b", "s", drawn).replace("é", "x").replace("\\u00e9", "x")


def classify(drawn, ours, theirs, agrees_rewritten):
    """Why two results differ; None if nobody knows."""
    if agrees_rewritten:
        if "\x03" in drawn and not theirs.startswith("value"):
            return STRING_OF_BOOL
        if "\x05" in drawn and ours == "error overflow":
            return NEGATED_MINIMUM
        if "size(" in drawn:
            return BYTES
        if "\x07" in drawn:
            return EXACT
        if "\x03" in drawn or "\x05" in drawn:
            return STRING_OF_BOOL if "\x03" in drawn else NEGATED_MINIMUM
        return None
    if ours.startswith("value") and theirs.startswith("error"):
        if ".exists(" in drawn or ".all(" in drawn:
            return ABSORBED
        if "No such overload" in theirs and "/" in drawn:
            return UNORDERED
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--driver", required=True)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=3)
    options = parser.parse_args()
    draw = Draw(options.seed)
    kinds = ["bool", "bool", "int", "double", "string", "ints", "texts", "map"]
    drawn = [draw.of(kinds[n % len(kinds)], 1 + n % 5) for n in range(options.count)]
    same = collections.Counter()
    different = []
    for one, ours in zip(drawn, driver(options.driver, [plain(one) for one in drawn])):
        theirs = peer(plain(one))
        if agrees(ours, theirs):
            same["values" if ours.startswith("value") else "errors"] += 1
        else:
            different.append((one, ours, theirs))
    again = [rewritten(one) for one, _, _ in different]
    classes = collections.defaultdict(list)
    for found, source, ours in zip(different, again, driver(options.driver, again)):
        name = classify(*found, agrees(ours, peer(source)))
        classes[name].append((plain(found[0]),) + found[1:])
    print("%d expressions: %d equal values, %d errors on both sides, %d disagreements"
          % (len(drawn), same["values"], same["errors"], sum(map(len, classes.values()))))
    for name, found in sorted(classes.items(), key=lambda item: -len(item[1])):
        print("\n%6d  %s" % (len(found), name or "UNEXPLAINED"))
        shown = sorted(found, key=lambda one: len(one[0]))[:options.show]
        for source, ours, theirs in shown:
            print("        %s\n          ours   %s\n          theirs %s" % (source[:200], ours[:160], theirs))
    sys.exit(1 if classes.get(None) else 0)


if __name__ == "__main__":
    main()
