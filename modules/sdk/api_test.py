#!/usr/bin/python3
"""api.txt and the constants against what the reference says of the interface, and api.inc against
api.txt."""

import importlib.machinery
import importlib.util
import json
import os
import re
import unittest

FOLDER = os.path.dirname(os.path.abspath(__file__))
REFERENCE = os.path.join("external", "shared", "reference")
# Strings, pointers and infinities: the reference has no numbers for them.
NOT_NUMBERS = re.compile(r"REDISMODULE_(LOGLEVEL_\w+|ERRORMSG_\w+|\w+_INFINITE)|_REDISMODULE_\w+")


def generator():
    path = os.path.join(FOLDER, "generate_header")
    loader = importlib.machinery.SourceFileLoader("generate_header", path)
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_file_location("generate_header", path, loader=loader)
    )
    loader.exec_module(module)
    return module


def text_of(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as source:
        return source.read()


def reference(case, name):
    path = os.path.join(REFERENCE, name)
    if not os.path.exists(path):
        case.assertTrue(
            os.path.exists(os.path.join("external", "shared", "absent")), f"{path} is missing"
        )
        case.skipTest("this checkout has no shared files")
    with open(path, encoding="utf-8") as source:
        return json.load(source)


def constants(text):
    """Names and numbers of the macros and enumerators of a header."""
    numbers = {}
    text = text.replace("\\\n", "")
    for name, value in re.findall(r"^#define (REDISMODULE_\w+) (.+)$", text, re.MULTILINE):
        if '"' in value or "." in value:
            continue
        value = re.sub(r"(?<=\d)U?L*\b", "", value.replace("(RedisModuleString*)(long)", ""))
        numbers[name] = eval(value, {}, dict(numbers))  # arithmetic on names already seen
    for name, value in re.findall(r"^  (REDISMODULE_\w+) = (\d+),$", text, re.MULTILINE):
        numbers[name] = int(value)
    return numbers


class GeneratedFile(unittest.TestCase):
    def test_is_what_the_generator_makes(self):
        self.assertEqual(text_of("api.inc"), generator().generate(text_of("api.txt")))

    def test_malformed_lines_are_refused(self):
        make = generator()
        for line in (
            "memory 4.0.0 both -",
            "memory 4.0.0 both - void Free",
            "memory 4.0.0 neither - void Free(void *ptr)",
            "memory 4.0.0 both scanf void Free(void *ptr)",
            "memory 4.0.0 both printf void Free(void *ptr)",
        ):
            with self.assertRaises(ValueError, msg=line):
                make.read(line)
        with self.assertRaises(ValueError):
            make.read("memory 4.0.0 both - void Free(void *ptr)\n" * 2)

    def test_entry_keeps_the_declaration(self):
        entries = generator().generate(
            "logging 4.0.0 both printf void Log(int a, const char *fmt, ...)"
        )
        self.assertIn(
            "SLOTMESH_MODULE_FUNCTION(void, Log, (int a, const char *fmt, ...), "
            "SLOTMESH_MODULE_PRINTF(2, 3))\n",
            entries,
        )


class AgainstReference(unittest.TestCase):
    def test_names_groups_versions_and_lineages(self):
        wanted = {}
        for function in reference(self, "module-api.json")["functions"]:
            lineage = "both"
            if not (function["redis"] and function["valkey"]):
                lineage = "redis" if function["redis"] else "valkey"
            wanted[function["name"]] = (function["group"], function["since"], lineage)
        listed = generator().read(text_of("api.txt"))
        self.assertEqual({f.name: (f.group, f.since, f.lineage) for f in listed}, wanted)

    def test_constants(self):
        facts = reference(self, "module-constants.json")["redis72"]
        ours = constants(text_of("abi_constants.h"))
        for key, value in facts.items():
            kind, name = key.split(" ")
            if kind == "C" and not NOT_NUMBERS.fullmatch(name):
                self.assertEqual(ours.get(name), value, name)


if __name__ == "__main__":
    unittest.main()
