#include "node/config/directives.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "bazel/shared_data.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// "ok: <value>" or "error: <reason>" of setting one directive to words separated by '|'.
std::string Try(std::string_view name, std::string_view text) {
  const Directive* directive = FindDirective(name);
  if (directive == nullptr) return "unknown";
  std::vector<std::string_view> words;
  size_t start = 0;
  while (true) {
    const size_t bar = text.find('|', start);
    words.push_back(text.substr(start, bar - start));
    if (bar == std::string_view::npos) break;
    start = bar + 1;
  }
  Config config;
  const absl::Status status = directive->Set(words, false, &config);
  if (!status.ok()) return StrCat("error: ", ToStd(status.message()));
  return StrCat("ok: ", directive->Get(config));
}

TEST(DirectivesTest, FoundByNameAndAliasInAnyCase) {
  ASSERT_NE(FindDirective("maxmemory"), nullptr);
  EXPECT_EQ(FindDirective("MaxMemory"), FindDirective("maxmemory"));
  EXPECT_EQ(FindDirective("slaveof"), FindDirective("replicaof"));
  EXPECT_EQ(FindDirective("slowlog-max-len"), FindDirective("commandlog-slow-execution-max-len"));
  EXPECT_EQ(FindDirective("maxmemor"), nullptr);
  EXPECT_EQ(FindDirective(""), nullptr);
}

// What CONFIG GET shows for each default can be set again, and gives the same.
TEST(DirectivesTest, DefaultsAreValidAndComeBack) {
  const Config defaults;
  for (const Directive& directive : AllDirectives()) {
    const std::string value = directive.Get(defaults);
    if (directive.Has(kRepeated) || directive.name == "dir" || directive.name == "replicaof")
      continue;
    if (value.empty() && directive.Has(kMultiArg)) continue;
    Config config;
    std::vector<std::string_view> words;
    std::istringstream stream(value);
    std::vector<std::string> split;
    for (std::string word; stream >> word;) split.push_back(word);
    if (directive.Has(kMultiArg)) {
      words.assign(split.begin(), split.end());
    } else {
      words.push_back(value);
    }
    const absl::Status status = directive.Set(words, false, &config);
    EXPECT_TRUE(status.ok()) << directive.name << ": " << status;
    EXPECT_EQ(directive.Get(config), value) << directive.name;
  }
}

TEST(DirectivesTest, ReasonsAreWordedAsRedisDoes) {
  EXPECT_EQ(Try("port", "99999"), "error: argument must be between 0 and 65535 inclusive");
  EXPECT_EQ(Try("port", "1|2"), "error: wrong number of arguments");
  EXPECT_EQ(Try("tcp-keepalive", "1kb"), "error: argument couldn't be parsed into an integer");
  EXPECT_EQ(Try("appendonly", "maybe"), "error: argument must be 'yes' or 'no'");
  EXPECT_EQ(Try("maxmemory", "1x"), "error: argument must be a memory value");
  EXPECT_EQ(Try("auto-aof-rewrite-min-size", "-1"), "error: argument must be a memory value");
  EXPECT_EQ(Try("proto-max-bulk-len", "1"),
            "error: argument must be between 1048576 and 9223372036854775807 inclusive");
  EXPECT_EQ(Try("hash-max-listpack-entries", "-1"),
            "error: argument must be between 0 and 9223372036854775807 inclusive");
  EXPECT_EQ(Try("unixsocketperm", "999"), "error: argument couldn't be parsed as an octal number");
  EXPECT_EQ(Try("maxmemory-policy", "foo"),
            "error: argument(s) must be one of the following: volatile-lru, volatile-lfu, "
            "volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction");
  EXPECT_EQ(Try("maxmemory-clients", "101%"),
            "error: percentage argument must be less or equal to 100");
  EXPECT_EQ(Try("maxmemory-clients", "x"), "error: argument must be a memory or percent value");
  EXPECT_EQ(Try("client-output-buffer-limit", "normal|1"),
            "error: Wrong number of arguments in buffer limit configuration.");
  EXPECT_EQ(Try("client-output-buffer-limit", "foo|1|1|1"),
            "error: Invalid client class specified in buffer limit configuration.");
  EXPECT_EQ(Try("client-output-buffer-limit", "normal|1|1|-1"),
            "error: Error in hard, soft or soft_seconds setting in buffer limit configuration.");
  EXPECT_EQ(Try("oom-score-adj-values", "1|2"), "error: wrong number of arguments");
  EXPECT_EQ(Try("oom-score-adj-values", "1|2|9999"),
            "error: Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
  EXPECT_EQ(Try("notify-keyspace-events", "Kq"),
            "error: Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
  EXPECT_EQ(Try("latency-tracking-info-percentiles", "101"),
            "error: latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
  EXPECT_EQ(Try("latency-tracking-info-percentiles", "a"),
            "error: Invalid latency-tracking-info-percentiles parameters");
  EXPECT_EQ(Try("shutdown-on-sigterm", "save|nosave"),
            "error: shutdown options SAVE and NOSAVE can't be used simultaneously");
  for (const char* wrong : {"1", "0|1", "a|b", "1|-1", "60|1|5"}) {
    EXPECT_EQ(Try("save", wrong), "error: Invalid save parameters") << wrong;
  }
  EXPECT_EQ(Try("dbfilename", "a/b"), "error: dbfilename can't be a path, just a filename");
  EXPECT_EQ(Try("dir", "/nonexistent"), "error: No such file or directory");
  EXPECT_EQ(Try("replicaof", "host"), "error: wrong number of arguments");
  EXPECT_EQ(Try("replicaof", "host|port"), "error: Invalid primary port");
  EXPECT_EQ(Try("proc-title-template", "{foo}"),
            "error: template format is invalid or contains unknown variables");
  EXPECT_EQ(Try("cluster-announce-hostname", "a b"),
            "error: Hostnames may only contain alphanumeric characters, hyphens or dots");
  EXPECT_EQ(Try("bind", "1|2|3|4|5|6|7|8|9|a|b|c|d|e|f|g|h"),
            "error: Too many bind addresses specified.");
}

TEST(DirectivesTest, ValuesAreShownAsRedisShowsThem) {
  EXPECT_EQ(Try("maxmemory", "100mb"), "ok: 104857600");
  EXPECT_EQ(Try("maxmemory", "18446744073709551615"), "ok: 18446744073709551615");
  EXPECT_EQ(Try("maxmemory-clients", "5%"), "ok: 5%");
  EXPECT_EQ(Try("maxmemory-clients", "200mb"), "ok: 209715200");
  EXPECT_EQ(Try("unixsocketperm", "700"), "ok: 700");
  EXPECT_EQ(Try("hz", "501"), "ok: 500");
  EXPECT_EQ(Try("hz", "0"), "ok: 1");
  EXPECT_EQ(Try("loglevel", "WARNING"), "ok: warning");
  EXPECT_EQ(Try("appendonly", "YES"), "ok: yes");
  EXPECT_EQ(Try("notify-keyspace-events", "KEA"), "ok: AKE");
  EXPECT_EQ(Try("notify-keyspace-events", "Ehm"), "ok: hEm");
  EXPECT_EQ(Try("notify-keyspace-events", ""), "ok: ");
  EXPECT_EQ(Try("save", "900|1|300|10"), "ok: 900 1 300 10");
  EXPECT_EQ(Try("save", ""), "ok: ");
  EXPECT_EQ(Try("client-output-buffer-limit", "normal|1mb|1|1|replica|2|2|2"),
            "ok: normal 1048576 1 1 slave 2 2 2 pubsub 33554432 8388608 60");
  EXPECT_EQ(Try("latency-tracking-info-percentiles", "50|99.99|100|0.1"), "ok: 50 99.99 100 0.1");
  EXPECT_EQ(Try("latency-tracking-info-percentiles", ""), "ok: ");
  EXPECT_EQ(Try("shutdown-on-sigint", "force|save"), "ok: save force");
  EXPECT_EQ(Try("bind", "127.0.0.1|-::1"), "ok: 127.0.0.1 -::1");
  EXPECT_EQ(Try("bind", ""), "ok: ");
  EXPECT_EQ(Try("replicaof", "1.2.3.4|99"), "ok: 1.2.3.4 99");
  EXPECT_EQ(Try("replicaof", "NO|one"), "ok: ");
  EXPECT_EQ(Try("dir", "/tmp/"), "ok: /tmp");
  EXPECT_EQ(Try("cluster-bind", "10.0.0.1"), "ok: 10.0.0.1");
}

// Goal: every parameter that existing test suites use is known.
TEST(DirectivesTest, AllReferenceParametersAreKnown) {
  const std::optional<std::string> path = SharedFile("reference/config-parameters.txt");
  if (!path.has_value()) GTEST_SKIP();
  std::ifstream file(*path);
  int known = 0;
  for (std::string line; std::getline(file, line);) {
    const std::string name = line.substr(0, line.find('\t'));
    if (line.empty() || line[0] == '#') continue;
    const Directive* directive = FindDirective(name);
    EXPECT_NE(directive, nullptr) << name;
    known += directive != nullptr ? 1 : 0;
  }
  EXPECT_GE(known, 190);
}

}  // namespace
}  // namespace slotmesh::node
