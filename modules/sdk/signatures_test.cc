#include "modules/sdk/signatures.h"

#include <string_view>

#include "gtest/gtest.h"
#include "modules/sdk/abi.h"

namespace slotmesh::modules {
namespace {

void* GoodAlloc(size_t) noexcept { return nullptr; }
void* AllocOfInt(int) noexcept { return nullptr; }
void GoodLog(RedisModuleCtx*, const char*, const char*, ...) noexcept {}
void LogWithoutArguments(RedisModuleCtx*, const char*, const char*) noexcept {}

TEST(SignaturesTest, FunctionOfTheListedTypeMatchesThoughItIsNoexcept) {
  const std::vector<ApiSignature> all = ApiSignatures();
  ASSERT_NE(FindSignature(all, "Alloc"), nullptr);
  EXPECT_EQ(FindSignature(all, "Alloc")->type, SignatureOf(&GoodAlloc));
  EXPECT_EQ(FindSignature(all, "Log")->type, SignatureOf(&GoodLog));
}

TEST(SignaturesTest, FunctionOfAnotherTypeDoesNotMatch) {
  const std::vector<ApiSignature> all = ApiSignatures();
  EXPECT_NE(FindSignature(all, "Alloc")->type, SignatureOf(&AllocOfInt));
  EXPECT_NE(FindSignature(all, "Log")->type, SignatureOf(&LogWithoutArguments));
}

TEST(SignaturesTest, DeclarationReadsAsC) {
  EXPECT_EQ(FindSignature(ApiSignatures(), "Alloc")->declaration, "void *(size_t bytes)");
  EXPECT_EQ(FindSignature(ApiSignatures(), "NoSuchFunction"), nullptr);
}

}  // namespace
}  // namespace slotmesh::modules
