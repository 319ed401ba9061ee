#include "node/codec/dump.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/escaping.h"
#include "bazel/shared_data.h"

namespace slotmesh::node {
namespace {

TEST(DumpTest, StringsComeBack) {
  for (const std::string& value :
       {std::string(), std::string("12"), std::string("hello"), std::string(1000, 'x')}) {
    const std::string payload = DumpString(value);
    const absl::StatusOr<DumpedValue> opened = OpenDump(payload);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(opened->type, RdbType::kString);
    EXPECT_EQ(opened->version, 10);
    EXPECT_EQ(LoadString(*opened).value(), value);
  }
  EXPECT_EQ(DumpInteger(-3000), DumpString("-3000"));
  EXPECT_EQ(DumpInteger(1ll << 62), DumpString(std::to_string(1ll << 62)));
}

TEST(DumpTest, AnyChangedByteIsRefused) {
  std::string payload = DumpString("hello world");
  for (size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(payload[i] ^ 1);
    const absl::StatusOr<DumpedValue> opened = OpenDump(payload);
    ASSERT_FALSE(opened.ok()) << i;
    EXPECT_EQ(opened.status().message(), "DUMP payload version or checksum are wrong");
    payload[i] = static_cast<char>(payload[i] ^ 1);
  }
  for (size_t n = 0; n < payload.size(); ++n) EXPECT_FALSE(OpenDump(payload.substr(0, n)).ok());
}

TEST(DumpTest, BodyMustEndWhereTheValueEnds) {
  std::string payload("\0\1ax", 4);
  SealDump(&payload);
  const absl::StatusOr<DumpedValue> opened = OpenDump(payload);
  ASSERT_TRUE(opened.ok());
  EXPECT_FALSE(LoadString(*opened).ok());
}

// Goal: what Redis 7.0.15 dumped is what we dump, byte for byte.
TEST(DumpTest, StringsOfRedis70AreTheSameBytes) {
  const std::optional<std::string> path = SharedFile("rdb/redis70.expected.json");
  if (!path.has_value()) GTEST_SKIP();
  std::ifstream file(*path);
  const nlohmann::json expected = nlohmann::json::parse(file);
  const nlohmann::json& keys = expected["databases"]["0"];
  int compared = 0;
  for (const auto& [key, encoded] : expected["dump_payloads"].items()) {
    std::string payload;
    ASSERT_TRUE(absl::Base64Unescape(encoded.get<std::string>(), &payload)) << key;
    const absl::StatusOr<DumpedValue> opened = OpenDump(payload);
    ASSERT_TRUE(opened.ok()) << key;
    if (opened->type != RdbType::kString) continue;
    const absl::StatusOr<std::string> value = LoadString(*opened);
    ASSERT_TRUE(value.ok()) << key;
    EXPECT_EQ(DumpString(*value), payload) << key;
    if (keys[key].contains("value") && keys[key]["value"].is_string()) {
      EXPECT_EQ(*value, keys[key]["value"].get<std::string>()) << key;
    }
    ++compared;
  }
  EXPECT_GE(compared, 14);
}

}  // namespace
}  // namespace slotmesh::node
