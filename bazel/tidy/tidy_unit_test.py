#!/usr/bin/python3
"""Each rule of the style test finds what it is for and leaves good code alone."""

import os
import tempfile
import textwrap
import unittest

import formatting
import rules_build
import rules_functions
import rules_include
import rules_state
import rules_text
import tidy
from cxx_scan import Scan
from sources import Source, blank_prose, read_tree


def source(path, text):
    return Source(path, textwrap.dedent(text))


def rules_of(rules, path, text):
    return [finding.rule for finding in rules.check(source(path, text))]


class BlankProse(unittest.TestCase):
    def test_keeps_length_and_lines(self):
        text = 'int a; // {\nconst char* s = "}\\"{"; /* {\n */ char c = \'{\'; int n = 1\'000;\n'
        blank = blank_prose(text)
        self.assertEqual(len(blank), len(text))
        self.assertEqual(blank.count("\n"), text.count("\n"))
        self.assertNotIn("{", blank)
        self.assertNotIn("}", blank)

    def test_blanks_raw_strings_and_directives(self):
        blank = blank_prose('auto s = R"x({ )" })x";\n#define A {\\\n  {\nint z;\n')
        self.assertNotIn("{", blank)
        self.assertIn("int z;", blank)


class FunctionScan(unittest.TestCase):
    def names(self, text):
        return [function.name for function in Scan(blank_prose(textwrap.dedent(text))).functions]

    def test_finds_functions_of_all_shapes(self):
        text = """
            namespace slotmesh::slots {
            template <typename T, int N = (1 < 2)>
            class alignas(64) Table final : public Base<T> {
             public:
              Table(int a) : a_{a}, b_(a) { Use(); }
              ~Table() {}
              bool operator==(const Table& other) const { return a_ == other.a_; }
              int size() const noexcept { return a_; }
             private:
              int a_ = 0;
              std::array<int, 3> b_{};
            };
            enum class Kind : uint8_t { kOne = 1, kTwo };
            constexpr int kTable[] = {1, 2, 3};
            struct Pair Make(int a) { return {a, a}; }
            auto Trailing(int a) -> std::vector<int> { return {a}; }
            TEST(Suite, Name) { EXPECT_TRUE(true); }
            extern "C" { void C(void) {} }
            }  // namespace slotmesh::slots
            """
        self.assertEqual(
            self.names(text),
            ["Table", "~Table", "operator==", "size", "Make", "Trailing", "TEST", "C"],
        )

    def test_counts_lines_from_the_head_to_the_closing_brace(self):
        scan = Scan(blank_prose("int a;\n\nvoid F(int a,\n       int b) {\n  G();\n}\n"))
        self.assertEqual((scan.functions[0].first_line, scan.functions[0].last_line), (3, 6))

    def test_a_long_function_is_found_and_a_table_is_not(self):
        body = "  G();\n" * 70
        self.assertEqual(rules_of(rules_functions, "slots/a.cc", f"void F() {{\n{body}}}\n"),
                         ["function-length"])
        table = "  1,\n" * 90
        text = f"constexpr int k[] = {{\n{table}}};\n"
        self.assertEqual(rules_of(rules_functions, "slots/a.cc", text), [])

    def test_other_languages(self):
        python = "def f():\n" + "    g()\n" * 75
        self.assertEqual(rules_of(rules_functions, "e2e/a.py", python), ["function-length"])
        shell = "#!/bin/bash\nf() {\n" + "  g\n" * 75 + "}\n"
        self.assertEqual(rules_of(rules_functions, "up", shell), ["function-length"])
        script = "async function f(a) {\n" + "  g();\n" * 75 + "}\n"
        self.assertEqual(rules_of(rules_functions, "e2e/a.js", script), ["function-length"])
        self.assertEqual(rules_of(rules_functions, "e2e/b.py", "def f():\n    g()\n"), [])


class State(unittest.TestCase):
    def check(self, text):
        return rules_of(rules_state, "node/data/a.cc", text)

    def test_mutable_state_is_found(self):
        for text in (
            "namespace a {\nint counter = 0;\n}\n",
            "std::atomic<int> counter{0};\n",
            "static std::map<int, int> cache;\n",
            "extern int other;\n",
            "class A {\n  static int count_;\n};\n",
            "int F() {\n  static int calls = 0;\n  return ++calls;\n}\n",
            "int table[3] = {1, 2, 3};\n",
        ):
            self.assertEqual(self.check(text), ["mutable-global"], text)
        text = "int F() { thread_local int x = 0; return x; }"
        self.assertEqual(self.check(text), ["thread-local"])
        self.assertEqual(self.check("A& F() { return A::Instance(); }"), ["singleton"])

    def test_constants_and_members_are_not(self):
        for text in (
            "constexpr int kMax = 3;\nconst char* const kName = \"a\";\n",
            "inline constexpr std::array<int, 2> kTable = {1, 2};\n",
            "class A {\n public:\n  int size() const;\n  static A Make(int a);\n private:\n"
            "  int a_ = 0;\n  std::vector<int> b_{1};\n  static constexpr int kMax = 3;\n};\n",
            "using A = int;\nclass B;\nenum class C { kOne };\nvoid F(int a = 3);\n",
            "absl::StatusOr<int> F(std::string_view a);\nextern template class Id<int>;\n",
            "bool operator<(const A& a, const A& b);\nstatic_assert(sizeof(int) == 4);\n",
            "int F() {\n  static constexpr int kA[] = {1};\n  return static_cast<int>(kA[0]);\n}\n",
            "INSTANTIATE_TEST_SUITE_P(Seeds, Sim, testing::Range(0, 9));\n",
            "template <typename T>\nconcept Small = sizeof(T) < 9;\n",
        ):
            self.assertEqual(self.check(text), [], text)

    def test_clocks_random_and_sleep(self):
        self.assertEqual(self.check("auto F() { return absl::Now(); }"), ["clock"])
        steady = "auto F() { return std::chrono::steady_clock::now(); }"
        self.assertEqual(self.check(steady), ["clock"])
        self.assertEqual(self.check("auto F() { return time(nullptr); }"), ["clock"])
        self.assertEqual(self.check("auto F() { std::random_device d; return d(); }"), ["random"])
        self.assertEqual(self.check("auto F() { absl::BitGen gen; return gen(); }"), ["random"])
        self.assertEqual(self.check("void F() { absl::SleepFor(d); }"), ["sleep"])
        good = "// time(nullptr), absl::Now()\nauto F(absl::BitGenRef r, A a) { return a.time(0); }"
        self.assertEqual(self.check(good), [])


class Includes(unittest.TestCase):
    def check(self, path, header):
        mark = f"<{header[1:-1]}>" if header.startswith("<") else f'"{header}"'
        return rules_of(rules_include, path, f"#include {mark}\n")

    def test_only_downwards(self):
        self.assertEqual(self.check("gossip/a.cc", "slots/ids.h"), [])
        self.assertEqual(self.check("slots/a.cc", "gossip/a.h"), ["include"])
        self.assertEqual(self.check("slots/ledger/a.cc", "gossip/a.h"), ["include"])
        self.assertEqual(self.check("slots/ledger/a_sim_test.cc", "gossip/sim/net.h"), [])
        self.assertEqual(self.check("gossip/cluster_sim.h", "gossip/sim/net.h"), [])
        self.assertEqual(self.check("gossip/cluster.h", "gossip/sim/net.h"), ["include"])
        self.assertEqual(self.check("node/resp/a.cc", "node/data/a.h"), ["include"])
        self.assertEqual(self.check("node/commands/a.cc", "node/command/spec.h"), [])
        self.assertEqual(self.check("node/app/main.cc", "modules/loader.h"), [])
        self.assertEqual(self.check("node/types/a.cc", "node/new/a.h"), ["include"])
        self.assertEqual(self.check("elsewhere/a.cc", "slots/ids.h"), ["include"])

    def test_libraries_stay_in_their_place(self):
        self.assertEqual(self.check("node/net/a.cc", "<boost/asio.hpp>"), [])
        self.assertEqual(self.check("node/command/a.cc", "<boost/asio.hpp>"), ["include"])
        self.assertEqual(self.check("gossip/bus/a.cc", "<grpcpp/grpcpp.h>"), [])
        self.assertEqual(self.check("gossip/a.cc", "gossip/bus/bus.pb.h"), ["include"])
        self.assertEqual(self.check("slots/a.cc", "<mutex>"), ["include"])
        self.assertEqual(self.check("node/data/a.cc", "<regex>"), ["include"])
        self.assertEqual(self.check("node/data/a.h", "<iostream>"), ["include"])
        self.assertEqual(self.check("node/data/a.cc", "<vector>"), [])


class Text(unittest.TestCase):
    GOOD = "// What it is.\n#ifndef SLOTMESH_SLOTS_A_H_\n#define SLOTMESH_SLOTS_A_H_\n\n#endif\n"

    def test_headers(self):
        self.assertEqual(rules_of(rules_text, "slots/a.h", self.GOOD), [])
        self.assertEqual(rules_of(rules_text, "slots/b.h", self.GOOD), ["header-guard"])
        bare = self.GOOD.split("\n", 1)[1]
        self.assertEqual(rules_of(rules_text, "slots/a.h", bare), ["opening-comment"])
        tail = self.GOOD + "int a;\n"
        self.assertEqual(rules_of(rules_text, "slots/a.h", tail), ["header-guard"])

    def test_lengths(self):
        self.assertEqual(rules_of(rules_text, "slots/a.cc", "int a;\n" * 600), [])
        self.assertEqual(rules_of(rules_text, "slots/a.cc", "int a;\n" * 601), ["file-length"])
        self.assertEqual(rules_of(rules_text, "slots/a.cc", "x" * 100 + "\n"), [])
        self.assertEqual(rules_of(rules_text, "slots/a.cc", "x " * 50 + "x\n"), ["line-length"])
        self.assertEqual(rules_of(rules_text, "README.md", "x " * 90 + "x\n"), [])

    def test_paths_of_one_machine(self):
        path = "/" + "work/x"
        self.assertEqual(rules_of(rules_text, "README.md", f"see {path}\n"), ["machine-path"])
        self.assertEqual(rules_of(rules_text, "README.md", f"see a{path}, $X{path}\n"), [])
        self.assertEqual(rules_of(rules_text, "README.md", "see /workbench\n"), [])

    def test_openings(self):
        self.assertEqual(rules_of(rules_text, "e2e/a.py", "import os\n"), ["opening-comment"])
        script = "#!/usr/bin/python3\n'x'\n"
        self.assertEqual(rules_of(rules_text, "e2e/run", script), ["opening-comment"])
        self.assertEqual(rules_of(rules_text, "up", "#!/bin/bash\n# Does it.\n"), [])


class Builds(unittest.TestCase):
    def unnamed(self, build, *paths):
        sources = [Source("slots/BUILD", build)] + [Source(path, "") for path in paths]
        return [finding.path for finding in rules_build.check_all(sources)]

    def test_literals_globs_and_comments(self):
        build = 'cc_library(srcs = ["a.cc"], hdrs = glob(["d/*.h"]))\n# "c.cc"\n'
        self.assertEqual(self.unnamed(build, "slots/a.cc", "slots/d/x.h"), [])
        self.assertEqual(self.unnamed(build, "slots/c.cc", "slots/d/e/x.h"),
                         ["slots/c.cc", "slots/d/e/x.h"])
        self.assertEqual(self.unnamed(build, "gossip/a.cc"), ["gossip/a.cc"])

    def test_bzl_files_must_be_loaded(self):
        self.assertEqual(self.unnamed('load("//bazel:a.bzl", "a")\n', "bazel/a.bzl"), [])
        self.assertEqual(self.unnamed("", "bazel/a.bzl"), ["bazel/a.bzl"])


class Whole(unittest.TestCase):
    def test_allowances_need_a_reason_and_a_use(self):
        text = "# c\nclock node/app/*  # the one place\nclock x\nsleep y  # r\n"
        allowances = tidy.Allowances(text)
        self.assertEqual([bad.line for bad in allowances.bad], [3])
        found = source("node/app/clock.cc", "").finding(1, "clock", "t")
        self.assertTrue(allowances.covers(found))
        self.assertEqual([entry.line for entry in allowances.unused()], [4])

    def test_a_badly_formatted_file_is_found_and_others_are_not(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(f"{root}/slots")
            for name, text in (("a.cc", "int   a;\n"), ("b.cc", "int a;\n")):
                with open(f"{root}/slots/{name}", "w", encoding="utf-8") as file:
                    file.write(text)
            with open(f"{root}/.clang-format", "w", encoding="utf-8") as file:
                file.write("BasedOnStyle: Google\n")
            paths = [s.path for s in read_tree(root) if s.suffix == ".cc"]
            found = formatting.check_all(root, paths)
            self.assertEqual([(f.path, f.line) for f in found], [("slots/a.cc", 1)])


if __name__ == "__main__":
    unittest.main()
