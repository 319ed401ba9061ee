#include "modules/sdk/signatures.h"

#include <algorithm>
#include <string_view>

#include "gtest/gtest.h"
#include "modules/sdk/abi.h"

namespace slotmesh::modules {
namespace {

const ApiSignature* Find(const std::vector<ApiSignature>& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [name](const ApiSignature& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

void* GoodAlloc(size_t) noexcept { return nullptr; }
void* AllocOfInt(int) noexcept { return nullptr; }
void GoodLog(RedisModuleCtx*, const char*, const char*, ...) noexcept {}
void LogWithoutArguments(RedisModuleCtx*, const char*, const char*) noexcept {}

TEST(SignaturesTest, FunctionOfTheListedTypeMatchesThoughItIsNoexcept) {
  const std::vector<ApiSignature> all = ApiSignatures();
  ASSERT_NE(Find(all, "Alloc"), nullptr);
  EXPECT_EQ(Find(all, "Alloc")->type, SignatureOf(&GoodAlloc));
  EXPECT_EQ(Find(all, "Log")->type, SignatureOf(&GoodLog));
}

TEST(SignaturesTest, FunctionOfAnotherTypeDoesNotMatch) {
  const std::vector<ApiSignature> all = ApiSignatures();
  EXPECT_NE(Find(all, "Alloc")->type, SignatureOf(&AllocOfInt));
  EXPECT_NE(Find(all, "Log")->type, SignatureOf(&LogWithoutArguments));
}

TEST(SignaturesTest, DeclarationReadsAsC) {
  EXPECT_EQ(Find(ApiSignatures(), "Alloc")->declaration, "void *(size_t bytes)");
  EXPECT_EQ(Find(ApiSignatures(), "NoSuchFunction"), nullptr);
}

}  // namespace
}  // namespace slotmesh::modules
