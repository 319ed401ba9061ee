#include "node/data/score_set.h"

#include <cmath>
#include <cstring>

#include "slots/check.h"

namespace slotmesh::node {

ScoreSet::~ScoreSet() {
  if (blocks_.plain_blocks() == 0) return;  // All members go with their chunks.
  table_.ForEach([&](ScoredMember& member) {
    const size_t size = member.size();
    if (OddBlocks::IsPlain(size)) blocks_.Free(&member, size);
  });
}

void ScoreSet::Insert(const Key& key, double score) {
  auto* member =
      static_cast<ScoredMember*>(blocks_.Allocate(ScoredMember::SizeFor(key.name.size())));
  member->Set(score, key.name);
  table_.Insert(key.hash, member);
  tree_.Insert(member);
}

bool ScoreSet::Erase(const Key& key) {
  const Table::Position at = table_.Find(key.hash, key.name);
  if (!at) return false;
  // The key's bytes may be the member's own.
  ScoredMember* const member = table_.Erase(key.hash, at);
  tree_.Erase(*member);
  blocks_.Free(member, member->size());
  if (blocks_.sparse()) {
    blocks_.Compact([&](void* from, void* to) {
      MoveMember(static_cast<ScoredMember*>(from), static_cast<ScoredMember*>(to));
    });
  }
  return true;
}

void ScoreSet::MoveMember(ScoredMember* from, ScoredMember* to) {
  std::memcpy(static_cast<void*>(to), static_cast<const void*>(from), from->size());
  const Key key = KeyOf(to->member());
  Table::Replace(table_.Find(key.hash, key.name), to);
  tree_.Replace(*from, to);
}

size_t ScoreSet::MemoryUsage() const {
  return sizeof(*this) + blocks_.MemoryUsage() + table_.MemoryUsage() + tree_.MemoryUsage();
}

void ScoreSet::CheckInvariants() const {
  blocks_.CheckInvariants();
  table_.CheckInvariants();
  tree_.CheckInvariants();
  CHECK_EQ(table_.size(), tree_.size());
  tree_.ForEach([&](const ScoredMember* member) {
    CHECK(!std::isnan(member->score));
    CHECK(Find(KeyOf(member->member())) == member);
  });
}

}  // namespace slotmesh::node
