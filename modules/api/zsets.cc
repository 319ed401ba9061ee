// Sorted sets. A range is walked by ranks: members may come and go meanwhile.
#include <cmath>
#include <optional>

#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/key.h"
#include "node/commands/zsets_common.h"

namespace slotmesh::modules {
namespace {

using node::RankInterval;
using node::Zset;

bool MayHoldZset(RedisModuleKey* key) {
  return key->writable() && (key->Read() == nullptr || key->ReadOf<Zset>() != nullptr);
}

struct Addition {
  double score = 0;
  bool increment = false;
  int flags = 0;  // REDISMODULE_ZADD_*, which it may have.

  bool Has(int flag) const { return (flags & flag) != 0; }
};

// REDISMODULE_ZADD_*, what was done; nothing if the score is no number. *score is the new one.
std::optional<int> Add(RedisModuleKey* key, std::string_view member, const Addition& wish,
                       double* score) {
  if (std::isnan(wish.score)) return std::nullopt;
  CollectionChange<Zset> change(*key);
  *score = wish.score;
  const node::TypeSettings& settings = key->ctx->engine().type_settings;
  if (change.object() == nullptr) {
    if (wish.Has(REDISMODULE_ZADD_XX)) return REDISMODULE_ZADD_NOP;
    change.Make(std::make_unique<Zset>(settings, 1, member.size()));
  }
  Zset& zset = *change.object();
  const Zset::Spot spot = zset.Find(member);
  if (!spot.found()) {
    if (wish.Has(REDISMODULE_ZADD_XX)) return REDISMODULE_ZADD_NOP;
    zset.Insert(spot, wish.score, settings);
    change.Commit();
    return REDISMODULE_ZADD_ADDED;
  }
  if (wish.Has(REDISMODULE_ZADD_NX)) return REDISMODULE_ZADD_NOP;
  if (wish.increment) *score += spot.score();
  if (std::isnan(*score)) return std::nullopt;
  if ((wish.Has(REDISMODULE_ZADD_LT) && *score >= spot.score()) ||
      (wish.Has(REDISMODULE_ZADD_GT) && *score <= spot.score())) {
    return REDISMODULE_ZADD_NOP;
  }
  if (*score == spot.score()) return 0;
  zset.SetScore(spot, *score);
  change.Commit();
  return REDISMODULE_ZADD_UPDATED;
}

int AddOrIncrement(RedisModuleKey* key, RedisModuleString* member, Addition wish, int* flags,
                   double* score) {
  if (!MayHoldZset(key)) return REDISMODULE_ERR;
  if (flags != nullptr) wish.flags = *flags;
  double result = 0;
  const std::optional<int> done = Add(key, member->view(), wish, &result);
  if (flags != nullptr) *flags = done.value_or(0);
  if (done && score != nullptr && *done != REDISMODULE_ZADD_NOP) *score = result;
  return done ? REDISMODULE_OK : REDISMODULE_ERR;
}

int ZsetAdd(RedisModuleKey* key, double score, RedisModuleString* member, int* flags) noexcept {
  return AddOrIncrement(key, member, {.score = score}, flags, nullptr);
}
int ZsetIncrby(RedisModuleKey* key, double by, RedisModuleString* member, int* flags,
               double* score) noexcept {
  return AddOrIncrement(key, member, {.score = by, .increment = true}, flags, score);
}

int ZsetRem(RedisModuleKey* key, RedisModuleString* member, int* deleted) noexcept {
  if (!MayHoldZset(key)) return REDISMODULE_ERR;
  bool removed = false;
  if (key->Read() != nullptr) {
    CollectionChange<Zset> change(*key);
    removed = change.object()->Remove(member->view());
    if (removed) change.Commit();
  }
  if (deleted != nullptr) *deleted = removed ? 1 : 0;
  return REDISMODULE_OK;
}

int ZsetScore(RedisModuleKey* key, RedisModuleString* member, double* score) noexcept {
  const Zset* zset = key->ReadOf<Zset>();
  if (zset == nullptr) return REDISMODULE_ERR;
  const Zset::Spot spot = zset->Find(member->view());
  if (!spot.found()) return REDISMODULE_ERR;
  *score = spot.score();
  return REDISMODULE_OK;
}

// --- Ranges. ---

void ZsetRangeStop(RedisModuleKey* key) noexcept { key->zset = {}; }
int ZsetRangeEndReached(RedisModuleKey* key) noexcept {
  return key->ReadOf<Zset>() == nullptr || key->zset.at_end ? 1 : 0;
}

// Stands at the interval's first or last member.
int Start(RedisModuleKey* key, RankInterval range, bool from_last) {
  key->zset = {.active = !range.empty(), .at_end = range.empty(), .range = range};
  if (!range.empty()) key->zset.rank = from_last ? range.end - 1 : range.begin;
  return REDISMODULE_OK;
}

int StartInScores(RedisModuleKey* key, const node::ScoreRange& scores, bool from_last) {
  const Zset* zset = key->ReadOf<Zset>();
  if (zset == nullptr) return REDISMODULE_ERR;
  return Start(key, zset->Within(scores), from_last);
}
int ZsetFirstInScoreRange(RedisModuleKey* key, double min, double max, int min_exclusive,
                          int max_exclusive) noexcept {
  return StartInScores(key, {min, max, min_exclusive != 0, max_exclusive != 0}, false);
}
int ZsetLastInScoreRange(RedisModuleKey* key, double min, double max, int min_exclusive,
                         int max_exclusive) noexcept {
  return StartInScores(key, {min, max, min_exclusive != 0, max_exclusive != 0}, true);
}

int StartInNames(RedisModuleKey* key, RedisModuleString* min, RedisModuleString* max,
                 bool from_last) {
  const Zset* zset = key->ReadOf<Zset>();
  if (zset == nullptr) return REDISMODULE_ERR;
  const std::optional<node::LexRange> names = node::ParseLexRange(min->view(), max->view());
  if (!names) return REDISMODULE_ERR;
  return Start(key, zset->Within(*names), from_last);
}
int ZsetFirstInLexRange(RedisModuleKey* key, RedisModuleString* min,
                        RedisModuleString* max) noexcept {
  return StartInNames(key, min, max, false);
}
int ZsetLastInLexRange(RedisModuleKey* key, RedisModuleString* min,
                       RedisModuleString* max) noexcept {
  return StartInNames(key, min, max, true);
}

RedisModuleString* ZsetRangeCurrentElement(RedisModuleKey* key, double* score) noexcept {
  const Zset* zset = key->ReadOf<Zset>();
  if (zset == nullptr || !key->zset.active || key->zset.rank >= zset->size()) return nullptr;
  RedisModuleString* element = nullptr;
  zset->Visit({key->zset.rank, key->zset.rank + 1}, false,
              [&](std::string_view member, double member_score) {
                element = new RedisModuleString(member);
                if (score != nullptr) *score = member_score;
              });
  return TrackString(key->ctx, element);
}

// True if there is such a member to go to.
int Go(RedisModuleKey* key, bool backwards) {
  const Zset* zset = key->ReadOf<Zset>();
  ZsetPlace& place = key->zset;
  if (zset == nullptr || !place.active) return 0;
  const uint64_t end = std::min(place.range.end, zset->size());
  const bool more = backwards ? place.rank > place.range.begin : place.rank + 1 < end;
  if (!more) {
    place.at_end = true;
    return 0;
  }
  place.rank = backwards ? place.rank - 1 : place.rank + 1;
  return 1;
}
int ZsetRangeNext(RedisModuleKey* key) noexcept { return Go(key, false); }
int ZsetRangePrev(RedisModuleKey* key) noexcept { return Go(key, true); }

const ApiEntry kFunctions[] = {
    {"ZsetAdd", &ZsetAdd},
    {"ZsetIncrby", &ZsetIncrby},
    {"ZsetRem", &ZsetRem},
    {"ZsetScore", &ZsetScore},
    {"ZsetRangeStop", &ZsetRangeStop},
    {"ZsetRangeEndReached", &ZsetRangeEndReached},
    {"ZsetFirstInScoreRange", &ZsetFirstInScoreRange},
    {"ZsetLastInScoreRange", &ZsetLastInScoreRange},
    {"ZsetFirstInLexRange", &ZsetFirstInLexRange},
    {"ZsetLastInLexRange", &ZsetLastInLexRange},
    {"ZsetRangeCurrentElement", &ZsetRangeCurrentElement},
    {"ZsetRangeNext", &ZsetRangeNext},
    {"ZsetRangePrev", &ZsetRangePrev},
};

}  // namespace

ApiGroup ZsetFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
