#include "functions/library_registry.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "functions/library_dump.h"
#include "functions/testing/fake_engine.h"

namespace slotmesh::functions {
namespace {

class LibraryRegistryTest : public testing::Test {
 protected:
  std::unique_ptr<Library> Make(const std::string& name, const std::string& functions) {
    auto library = CompileLibrary("#!lua name=" + name + "\n" + functions, engines_);
    EXPECT_TRUE(library.ok()) << library.status();
    return *std::move(library);
  }
  static std::string TextOf(const absl::Status& status) { return std::string(status.message()); }

  FakeEngine engine_;
  ScriptEngine* engines_[1] = {&engine_};
  LibraryRegistry registry_;
};

TEST_F(LibraryRegistryTest, FindsFunctionsInAnyCase) {
  ASSERT_TRUE(registry_.Add(Make("lib", "First second"), false).ok());
  ASSERT_NE(registry_.FindFunction("FIRST"), nullptr);
  EXPECT_EQ(registry_.FindFunction("first")->library->name, "lib");
  EXPECT_EQ(registry_.FindFunction("third"), nullptr);
  EXPECT_EQ(registry_.FindLibrary("LIB"), nullptr);
}

TEST_F(LibraryRegistryTest, TakenNamesChangeNothing) {
  ASSERT_TRUE(registry_.Add(Make("lib", "f g"), false).ok());
  const size_t bytes = registry_.memory_bytes();
  EXPECT_EQ(TextOf(registry_.Add(Make("lib", "h"), false)), "Library 'lib' already exists");
  EXPECT_EQ(TextOf(registry_.Add(Make("other", "h G"), false)), "Function G already exists");
  EXPECT_EQ(TextOf(registry_.Add(Make("other", "h G"), true)), "Function G already exists");
  EXPECT_EQ(registry_.FindFunction("h"), nullptr);
  EXPECT_EQ(registry_.memory_bytes(), bytes);
  EXPECT_EQ(engine_.alive(), 2u);
}

TEST_F(LibraryRegistryTest, ReplacingTakesTheOldFunctionsAway) {
  ASSERT_TRUE(registry_.Add(Make("lib", "f g"), false).ok());
  ASSERT_TRUE(registry_.Add(Make("lib", "g h"), true).ok());
  EXPECT_EQ(registry_.FindFunction("f"), nullptr);
  EXPECT_NE(registry_.FindFunction("h"), nullptr);
  EXPECT_EQ(registry_.function_count(), 2u);
  EXPECT_TRUE(registry_.Remove("lib"));
  EXPECT_FALSE(registry_.Remove("lib"));
  EXPECT_EQ(registry_.memory_bytes(), 0u);
  EXPECT_EQ(engine_.alive(), 0u);
}

TEST_F(LibraryRegistryTest, AddAllIsAllOrNothing) {
  ASSERT_TRUE(registry_.Add(Make("a", "f"), false).ok());
  LibraryRegistry others;
  ASSERT_TRUE(others.Add(Make("b", "g"), false).ok());
  ASSERT_TRUE(others.Add(Make("c", "F"), false).ok());
  EXPECT_EQ(TextOf(registry_.AddAll(std::move(others), false)), "Function F already exists");
  EXPECT_EQ(registry_.libraries().size(), 1u);
  EXPECT_EQ(engine_.alive(), 1u);
}

TEST_F(LibraryRegistryTest, AddAllMayMoveAFunctionBetweenLibrariesThatItReplaces) {
  ASSERT_TRUE(registry_.Add(Make("a", "f"), false).ok());
  ASSERT_TRUE(registry_.Add(Make("b", "g"), false).ok());
  LibraryRegistry others;
  ASSERT_TRUE(others.Add(Make("a", "g"), false).ok());
  ASSERT_TRUE(others.Add(Make("b", "f"), false).ok());
  ASSERT_TRUE(registry_.AddAll(std::move(others), true).ok());
  EXPECT_EQ(registry_.FindFunction("f")->library->name, "b");
  EXPECT_EQ(registry_.FindFunction("g")->library->name, "a");
}

TEST_F(LibraryRegistryTest, CompileNamesAnUnknownEngine) {
  EXPECT_EQ(TextOf(CompileLibrary("#!js name=a\nf", engines_).status()), "Engine 'js' not found");
  EXPECT_EQ(TextOf(CompileLibrary("#!lua name=a\n!no", engines_).status()), "no");
}

TEST_F(LibraryRegistryTest, DumpGivesTheTextsBack) {
  EXPECT_EQ(ReadLibraries(DumpLibraries(registry_))->size(), 0u);
  ASSERT_TRUE(registry_.Add(Make("a", "f"), false).ok());
  ASSERT_TRUE(registry_.Add(Make("b", "g"), false).ok());
  const auto texts = ReadLibraries(DumpLibraries(registry_));
  ASSERT_TRUE(texts.ok());
  EXPECT_EQ(*texts, (std::vector<std::string>{"#!lua name=a\nf", "#!lua name=b\ng"}));
}

TEST_F(LibraryRegistryTest, DamagedDumpIsRefused) {
  ASSERT_TRUE(registry_.Add(Make("a", "f"), false).ok());
  const std::string dump = DumpLibraries(registry_);
  for (size_t i = 0; i < dump.size(); ++i) {
    std::string damaged = dump;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_EQ(TextOf(ReadLibraries(damaged).status()), "DUMP payload version or checksum are wrong")
        << i;
    EXPECT_FALSE(ReadLibraries(dump.substr(0, i)).ok());
  }
}

}  // namespace
}  // namespace slotmesh::functions
