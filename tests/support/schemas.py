#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The schemas of the answers in JSON: whether they are sound, and whether answers follow them.

usage: schemas.py lint [PROGRAM]          each schema is valid and complete; the verbs that PROGRAM completes --json for
                                          are those that have one
       schemas.py examples PAGE...        the answers that stand in manual pages
       schemas.py judge FOLDER [--all]    the answers that netns/lib.sh kept in FOLDER; with --all each schema of each
                                          verb and each member must be among them
       schemas.py validate SCHEMA FILE    one document

The schemas that are shipped allow members that nobody described, because an answer may grow. Here such a member is an
error, so that it gets its description. Exit status: 0 all well, 1 something was found, which is printed.

Needs python3-jsonschema 4.10 (Debian 12) or newer.
"""
import functools
import json
import pathlib
import re
import subprocess
import sys

from jsonschema import Draft202012Validator

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "loader/report/schema"
COMMON = "common.json"
VERBS = "verbs.json"
LICENCE = "SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause"
VALUED = ("--config", "--state-dir", "--run-dir", "--pin-dir", "--output", "-o")  # may stand in front of the verb
LINES = ("watch",)  # answers with a document a line
KEPT = 200  # elements at each end of a long array that are judged: a million take minutes


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def names():
    return sorted(path.name for path in SCHEMAS.glob("*.json") if path.name not in (COMMON, VERBS))


@functools.cache
def verbs():
    """VERB, or VERB and an option -> names of schemas."""
    return load(SCHEMAS / VERBS)["verbs"]


def parts(schema):
    """Every schema inside of a schema, itself among them, with its place."""
    pending = [("#", schema)]
    while pending:
        place, part = pending.pop()
        if isinstance(part, list):
            pending += [(f"{place}/{i}", one) for i, one in enumerate(part)]
        if isinstance(part, dict):
            yield place, part
            pending += [(f"{place}/{key}", one) for key, one in part.items() if key not in ("enum", "const")]


def closed(name):
    """The schema with what it refers to inside of it, and without room for members that it does not describe."""
    schema, shared = load(SCHEMAS / name), load(SCHEMAS / COMMON)
    for file, one in ((name, schema), (COMMON, shared)):
        for place, part in list(parts(one)):
            if part.get("type") == "object" and "properties" in part:
                part["additionalProperties"] = False
                part["x-place"] = file + place
            if isinstance(part.get("$ref"), str) and (file == COMMON or COMMON in part["$ref"]):
                part["$ref"] = "#/$defs/common." + part["$ref"].rpartition("/")[2]
    schema["$defs"] = {**{f"common.{key}": one for key, one in shared["$defs"].items()}, **schema.get("$defs", {})}
    del schema["$id"]
    return schema


# ---- the schemas themselves ----


def find_flaws(name):
    schema = load(SCHEMAS / name)
    if schema.get("$comment") != LICENCE:
        yield f"does not begin with {LICENCE}"
    if schema.get("$id") != name:
        yield "its $id is not its name"
    Draft202012Validator.check_schema(schema)
    shared = load(SCHEMAS / COMMON)["$defs"]
    own = schema.get("$defs", {})
    for place, part in parts(schema):
        file, _, key = str(part.get("$ref", "")).partition("#/$defs/")
        if key and key not in (shared if file else own):
            yield f"{place}: nothing is at '{part['$ref']}'"
        for member in set(part.get("required", [])) - set(part.get("properties", {})):
            yield f"{place}: '{member}' is required and not described"
        if part.get("type") == "object" and not {"properties", "additionalProperties"} & set(part):
            yield f"{place}: has no properties"
        if "properties" in part and part.get("type") != "object":
            yield f"{place}: has properties and is no object"
    used = json.dumps([load(path) for path in SCHEMAS.glob("*.json")]) if name == COMMON else json.dumps(schema)
    for key in own:
        if f'#/$defs/{key}"' not in used:
            yield f"#/$defs/{key}: nobody uses it"


def verbs_of(program):
    """Those that answer in JSON."""

    def complete(*words):
        done = subprocess.run([program, "__complete", *words], check=True, capture_output=True, text=True)
        return [line.partition("\t")[0] for line in done.stdout.splitlines()]

    return {verb for verb in complete("") if "--json" in complete(verb, "--")}


def lint(program=None):
    found = [f"{name}: {flaw}" for name in [COMMON, *names()] for flaw in find_flaws(name)]
    answers = {name for files in verbs().values() for name in files}
    found += [f"{name}: is of no verb in {VERBS}" for name in set(names()) - answers]
    found += [f"{VERBS}: there is no {name}" for name in answers - set(names())]
    if program:
        answering, described = verbs_of(program), {command.partition(" ")[0] for command in verbs()}
        found += [f"{VERBS}: '{verb}' answers in JSON and is not there" for verb in answering - described]
        found += [f"{VERBS}: '{verb}' answers in no JSON" for verb in described - answering]
    return found


def examples(page):
    """What is wrong with the literal blocks of a page that begin with a brace."""
    text = pathlib.Path(page).read_text(encoding="utf-8")
    for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.DOTALL | re.MULTILINE):
        block = block.replace("\\&", "").replace("\\e", "\\").replace("\\-", "-").replace("\\(dq", '"').strip()
        if not block.startswith("{"):
            continue
        try:
            document = json.loads(block)
        except ValueError as error:
            yield f"{page}: no JSON: {error}: {block[:100]!r}"
            continue
        flaws = [Judge().errors(name, document) for name in names()]
        if all(flaws):
            yield f"{page}: {block[:100]!r}: {min(flaws, key=len)[0]}"


# ---- answers ----


class Flaw(Exception):
    """What is wrong with an answer, a line each."""


class Answer:
    """A run of apiguard as netns/lib.sh has kept it: STATUS and the command in .call, what it printed in .out."""

    def __init__(self, call):
        self.status, *words = call.read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        program = next(i for i, word in enumerate(words) if word.rpartition("/")[2] == "apiguard")
        self.words = words[program + 1 :]
        self.verb = self.verb_of(self.words)
        options = [command for command in verbs() if len(command.split()) == 2 and command.split()[0] == self.verb]
        self.command = next((one for one in options if one.split()[1] in self.words), self.verb)
        path = call.with_suffix(".path")  # of one that ran in the background
        out = pathlib.Path(path.read_text().strip()) if path.exists() else call.with_suffix(".out")
        self.text = out.read_bytes()

    def __str__(self):
        words, rest = [], iter(self.words)
        for word in rest:
            if word in VALUED[:4]:
                next(rest, None)
            else:
                words.append(word)
        return f"answer of 'apiguard {' '.join(words)}' (status {self.status or 'not known'})"

    @staticmethod
    def verb_of(words):
        rest = iter(words)
        for word in rest:
            if word in VALUED:
                next(rest, None)
            elif not word.startswith("-"):
                return word
        return ""

    def schemas(self):
        """Words that are no command are refused as a change is."""
        return verbs().get(self.command, ["refusal.json"] if self.status == "2" else [])

    def is_killed(self):
        return self.status == "" or int(self.status) >= 128

    def may_be_silent(self):
        """Of what was not understood, and of what only reads, a failure has no answer."""
        if self.verb in LINES or self.is_killed():
            return True
        return self.status == "2" or self.status != "0" and "refusal.json" not in self.schemas()

    def documents(self):
        texts = self.text.splitlines(keepends=True) if self.verb in LINES else [self.text]
        if self.verb in LINES and texts and self.is_killed() and not texts[-1].endswith(b"\n"):
            texts.pop()
        for text in texts:
            try:
                yield json.loads(text)
            except ValueError as error:
                raise Flaw(f"is no JSON: {error}: {text[:200]!r}") from None


def shortened(value):
    if isinstance(value, dict):
        return {key: shortened(one) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    kept = value if len(value) <= 2 * KEPT else value[:KEPT] + value[-KEPT:]
    return [shortened(one) for one in kept]


def reasons(error):
    """Of alternatives those of the nearest one."""
    if not error.context:
        return [error]
    options = {}
    for each in error.context:
        options.setdefault(each.schema_path[0], []).append(each)
    return [reason for each in min(options.values(), key=len) for reason in reasons(each)]


class Judge:
    def __init__(self, notes_members=False):
        self.notes_members = notes_members
        self.schemas = {name: closed(name) for name in names()}
        self.used = set()  # (command, schema)
        self.seen = set()  # (place of the object, member)
        self.known = set()  # what was judged: the same status is asked for often

    def errors(self, name, document):
        found = []
        for error in Draft202012Validator(self.schemas[name]).iter_errors(document):
            for reason in reasons(error):
                place = "/" + "/".join(map(str, reason.absolute_path))
                found.append(f"{name}: at '{place}': {reason.message[:300]}")
        return found

    def judge(self, answer):
        """Throws a Flaw."""
        if not answer.schemas():
            raise Flaw(f"there is no schema of verb '{answer.verb}'")
        if not answer.text and answer.may_be_silent():
            return
        for document in answer.documents():
            self.judge_document(answer.command, answer.schemas(), document)
            error = document.get("error", {}) if isinstance(document, dict) else {}
            if error and not answer.is_killed() and str(error["exit"]) != answer.status:
                raise Flaw(f"the exit status is {answer.status}, and the answer says {error['exit']}")

    def judge_document(self, command, files, document):
        key = (command, json.dumps(document))
        if key in self.known:
            return
        self.known.add(key)
        document = shortened(document)
        flaws = []
        for name in files:
            errors = self.errors(name, document)
            if not errors:
                self.used.add((command, name))
                if self.notes_members:
                    self.mark(self.schemas[name], self.schemas[name]["$defs"], document)
                return
            flaws.append(errors)
        raise Flaw("\n  ".join(min(flaws, key=len)))

    def mark(self, schema, shared, value):
        """Notes which members were there, in the parts of the schema that the value follows."""
        if "$ref" in schema:
            self.mark(shared[schema["$ref"].rpartition("/")[2]], shared, value)
        options = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
        for option in options:
            if Draft202012Validator({**option, "$defs": shared}).is_valid(value):
                self.mark(option, shared, value)
        for member, of_member in schema.get("properties", {}).items():
            if isinstance(value, dict) and member in value:
                self.seen.add((schema["x-place"], member))
                self.mark(of_member, shared, value[member])
        for one in value if isinstance(value, list) else []:
            self.mark(schema.get("items", {}), shared, one)

    def missing(self):
        for command, files in verbs().items():
            for name in files:
                if (command, name) not in self.used:
                    yield f"no answer of '{command}' was one of {name}"
        for name in [COMMON, *names()]:
            for place, part in parts(load(SCHEMAS / name)):
                for member in part.get("properties", {}) if part.get("type") == "object" else ():
                    if (name + place, member) not in self.seen:
                        yield f"no answer had '{member}' of {name}{place}"


def judge(folder, everything):
    found, judged = [], Judge(everything)
    for call in sorted(pathlib.Path(folder).glob("*.call")):
        answer = Answer(call)
        try:
            judged.judge(answer)
        except Flaw as flaw:
            found.append(f"{answer}:\n  {flaw}")
    return found + (list(judged.missing()) if everything else [])


def validate(name, path):
    return Judge().errors(name, load(pathlib.Path(path)))


def main(words):
    if words[:1] == ["lint"] and len(words) in (1, 2):
        found = lint(*words[1:])
    elif words[:1] == ["examples"]:
        found = [flaw for page in words[1:] for flaw in examples(page)]
    elif words[:1] == ["judge"] and len(words) in (2, 3):
        found = judge(words[1], words[2:] == ["--all"])
    elif words[:1] == ["validate"] and len(words) == 3:
        found = validate(words[1], words[2])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    for each in found:
        print(each)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
