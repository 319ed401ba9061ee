// The rows of scripts and functions agree with the reference.
#include "node/commands/testing/metadata.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "functions/functions.h"

namespace slotmesh::functions {
namespace {

TEST(Metadata, RowsAgreeWithTheReference) {
  const std::optional<nlohmann::json> reference = node::LoadReference();
  if (!reference) GTEST_SKIP();
  EXPECT_EQ(node::ExpectRowsAgree(ScriptCommands(), *reference), 12u);
  EXPECT_EQ(node::ExpectRowsAgree(FunctionCommands(), *reference), 12u);
  node::ExpectGroupComplete("scripting", {ScriptCommands(), FunctionCommands()}, *reference);
}

}  // namespace
}  // namespace slotmesh::functions
