#include "admin/metrics.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace slotmesh::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

MetricsSnapshot Full() {
  MetricsSnapshot snapshot{.version = "0.1.0", .node_id = "abc", .uptime_seconds = 12.5};
  snapshot.commands = {{.name = "get", .failed = 2, .latency = {.count = 3, .sum_micros = 300}},
                       {.name = "config|set", .latency = {}}};
  snapshot.commands[0].latency.up_to = {1, 1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3};
  snapshot.errors = {{"ERR", 4}, {"we\"ird\n", 1}};
  snapshot.acl_denials = {{"auth", 0}, {"key", 5}};
  snapshot.databases = {{0, 100, 7}, {3, 1, 0}};
  snapshot.memory_used_bytes = uint64_t{1} << 40;
  snapshot.cluster.enabled = true;
  snapshot.cluster.ok = true;
  snapshot.cluster.slots_owned = 5461;
  snapshot.cluster.bus.kinds[1].bytes_sent = 4096;
  snapshot.cluster.bus.refused["unauthenticated"] = 9;
  return snapshot;
}

// Runs promtool; skips where the package prometheus is not installed.
int Promtool(const std::string& arguments, std::string* output) {
  FILE* const pipe = popen(("promtool " + arguments + " 2>&1").c_str(), "r");
  char buffer[4096];
  while (const size_t size = fread(buffer, 1, sizeof(buffer), pipe)) output->append(buffer, size);
  return pclose(pipe);
}
bool HasPromtool() { return std::system("promtool --version >/dev/null 2>&1") == 0; }

TEST(Metrics, NumbersStandUnderTheirNamesAndLabels) {
  const std::string text = RenderMetrics(Full());
  EXPECT_THAT(text, HasSubstr("slotmesh_build_info{version=\"0.1.0\",node=\"abc\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("slotmesh_uptime_seconds 12.5\n"));
  EXPECT_THAT(text, HasSubstr("slotmesh_memory_used_bytes 1099511627776\n"));
  EXPECT_THAT(text, HasSubstr("slotmesh_keys{database=\"3\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("slotmesh_cluster_slots_owned 5461\n"));
  EXPECT_THAT(text,
              HasSubstr("slotmesh_bus_bytes_total{kind=\"gossip\",direction=\"sent\"} 4096\n"));
  EXPECT_THAT(text, HasSubstr("slotmesh_bus_refused_total{reason=\"unauthenticated\"} 9\n"));
  EXPECT_THAT(text, HasSubstr("slotmesh_acl_denied_total{reason=\"key\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("slotmesh_error_replies_total{code=\"we\\\"ird\\n\"} 1\n"));
}

TEST(Metrics, HistogramsAreCumulativeInSeconds) {
  const std::string text = RenderMetrics(Full());
  const std::string name = "slotmesh_command_duration_seconds";
  EXPECT_THAT(text, HasSubstr(name + "_count{command=\"get\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(name + "_sum{command=\"get\"} 0.0003"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{command=\"get\",le=\"0.00025\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{command=\"get\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(name + "_count{command=\"config|set\"} 0\n"));
}

TEST(Metrics, EveryFamilyStandsOnceWithHelpAndType) {
  std::istringstream lines(RenderMetrics(Full()));
  std::map<std::string, int> helps, types;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, word, name, rest;
    words >> hash >> word >> name;
    std::getline(words, rest);
    if (word == "HELP") {
      ++helps[name];
      EXPECT_GT(rest.size(), 5u) << name;
    }
    if (word == "TYPE") ++types[name];
  }
  EXPECT_EQ(helps, types);
  for (const auto& [name, count] : helps) EXPECT_EQ(count, 1) << name;
  EXPECT_GT(helps.size(), 50u);
}

TEST(Metrics, NodeOutsideAClusterHasNoClusterMetrics) {
  MetricsSnapshot snapshot = Full();
  snapshot.cluster.enabled = false;
  const std::string text = RenderMetrics(snapshot);
  EXPECT_THAT(text, Not(HasSubstr("slotmesh_cluster")));
  EXPECT_THAT(text, Not(HasSubstr("slotmesh_bus")));
}

TEST(Metrics, PromtoolFindsNothingToCriticise) {
  if (!HasPromtool()) GTEST_SKIP() << "promtool (package prometheus) is not installed";
  const std::string path = testing::TempDir() + "/metrics.txt";
  std::ofstream(path) << RenderMetrics(Full());
  std::string output;
  EXPECT_EQ(Promtool("check metrics < " + path, &output), 0) << output;
  EXPECT_EQ(output, "");
}

TEST(Metrics, AlertRulesAreValidAndNameOnlyMetricsThatExist) {
  std::string output;
  if (HasPromtool()) {
    EXPECT_EQ(Promtool("check rules admin/monitoring/alerts.yml", &output), 0) << output;
  }
  const std::string metrics = RenderMetrics(Full());
  for (const char* path : {"admin/monitoring/alerts.yml", "admin/monitoring/dashboard.json"}) {
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    ASSERT_FALSE(text.empty()) << path;
    std::set<std::string> names;
    for (size_t at = 0; (at = text.find("slotmesh_", at)) != std::string::npos;) {
      const size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at);
      names.insert(text.substr(at, end - at));
      at = end;
    }
    EXPECT_GE(names.size(), 5u) << path;
    for (const std::string& name : names) EXPECT_THAT(metrics, HasSubstr("\n" + name)) << path;
  }
}

}  // namespace
}  // namespace slotmesh::admin
