#include "node/commands/digest.h"

#include <gtest/gtest.h>

#include <memory>

namespace slotmesh::node {
namespace {

struct FreeEntry {
  void operator()(Entry* entry) const { Entry::Free(entry); }
};
using EntryPtr = std::unique_ptr<Entry, FreeEntry>;

std::string ValueDigest(const EntryPtr& entry) {
  Digest digest;
  MixValue(*entry, &digest);
  return digest.Hex();
}

TEST(Digest, XorIsTheSameInAnyOrderMixIsNot) {
  Digest ab, ba;
  ab.Xor("a");
  ab.Xor("b");
  ba.Xor("b");
  ba.Xor("a");
  EXPECT_EQ(ab.Hex(), ba.Hex());
  Digest mixed_ab, mixed_ba;
  mixed_ab.Mix("a");
  mixed_ab.Mix("b");
  mixed_ba.Mix("b");
  mixed_ba.Mix("a");
  EXPECT_NE(mixed_ab.Hex(), mixed_ba.Hex());
}

// As redis-server 7.0.15 answers DEBUG DIGEST-VALUE after SET k v.
TEST(Digest, OfAStringIsWhatRedisGives) {
  const EntryPtr entry(Entry::NewString("k", "v", kNoExpiry));
  EXPECT_EQ(ValueDigest(entry), "d79ee9fe5d5ad902d7f6620efc3b07b75ddd742f");
}

TEST(Digest, AnIntegerIsItsText) {
  const EntryPtr text(Entry::NewString("k", "123", kNoExpiry));
  const EntryPtr number(Entry::NewInteger("k", 123, kNoExpiry));
  EXPECT_EQ(ValueDigest(text), ValueDigest(number));
}

TEST(Digest, ThatThereIsAnExpiryCountsButNotWhen) {
  const EntryPtr lasting(Entry::NewString("k", "v", kNoExpiry));
  const EntryPtr early(Entry::NewString("k", "v", 1));
  const EntryPtr late(Entry::NewString("k", "v", 2));
  EXPECT_NE(ValueDigest(lasting), ValueDigest(early));
  EXPECT_EQ(ValueDigest(early), ValueDigest(late));
}

}  // namespace
}  // namespace slotmesh::node
