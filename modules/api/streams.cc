// Streams: adding, walking, trimming.
#include <cerrno>
#include <limits>

#include "absl/container/inlined_vector.h"
#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/key.h"
#include "node/types/stream.h"

namespace slotmesh::modules {
namespace {

using node::Stream;
using node::StreamId;

StreamId IdOf(const RedisModuleStreamID& id) { return {id.ms, id.seq}; }
RedisModuleStreamID IdOf(const StreamId& id) { return {id.ms, id.seq}; }

int Fail(int why) {
  errno = why;
  return REDISMODULE_ERR;
}

// --- Changing. ---

// The id of a new entry; errno says why there is none.
bool ChooseId(const RedisModuleKey* key, const Stream& stream, bool automatic, StreamId* id) {
  if (stream.last_id() == node::kStreamIdMax) return Fail(EFBIG) == REDISMODULE_OK;
  if (automatic) {
    const std::optional<StreamId> next = stream.NextId(key->now_ms());
    if (!next) return Fail(EFBIG) == REDISMODULE_OK;
    *id = *next;
  }
  if (*id <= stream.last_id()) return Fail(EDOM) == REDISMODULE_OK;
  return true;
}

int StreamAdd(RedisModuleKey* key, int flags, RedisModuleStreamID* id, RedisModuleString** argv,
              int64_t fields) noexcept {
  const bool automatic = (flags & REDISMODULE_STREAM_ADD_AUTOID) != 0;
  if (key == nullptr || fields <= 0 || argv == nullptr ||
      (flags & ~REDISMODULE_STREAM_ADD_AUTOID) != 0 || (!automatic && id == nullptr)) {
    return Fail(EINVAL);
  }
  if (key->Read() != nullptr && key->ReadOf<Stream>() == nullptr) return Fail(ENOTSUP);
  if (!key->writable()) return Fail(EBADF);
  StreamId chosen = automatic ? StreamId{} : IdOf(*id);
  if (!automatic && chosen.is_zero()) return Fail(EDOM);
  absl::InlinedVector<std::string_view, 16> pairs;
  for (int64_t i = 0; i < 2 * fields; ++i) pairs.push_back(argv[i]->view());
  if (!Stream::Fits(pairs)) return Fail(ERANGE);
  CollectionChange<Stream> change(*key);
  if (change.object() == nullptr) {
    change.Make(std::make_unique<Stream>());
  } else {
    key->wakes_readers = true;
  }
  if (!ChooseId(key, *change.object(), automatic, &chosen)) return REDISMODULE_ERR;
  change.object()->Add(chosen, pairs, key->ctx->engine().type_settings);
  change.Commit();
  if (id != nullptr) *id = IdOf(chosen);
  return REDISMODULE_OK;
}

// The stream for a change; errno says why there is none.
bool IsOpenForChange(RedisModuleKey* key) {
  if (key->ReadOf<Stream>() == nullptr) return Fail(ENOTSUP) == REDISMODULE_OK;
  if (!key->writable()) return Fail(EBADF) == REDISMODULE_OK;
  return true;
}

bool DeleteEntry(RedisModuleKey* key, StreamId id) {
  CollectionChange<Stream> change(*key);
  if (!change.object()->Delete(id)) return false;
  change.Commit(/*keep_empty=*/true);
  return true;
}

int StreamDelete(RedisModuleKey* key, RedisModuleStreamID* id) noexcept {
  if (key == nullptr || id == nullptr) return Fail(EINVAL);
  if (!IsOpenForChange(key)) return REDISMODULE_ERR;
  if (key->stream != nullptr) return Fail(EBADF);
  return DeleteEntry(key, IdOf(*id)) ? REDISMODULE_OK : Fail(ENOENT);
}

long long Trim(RedisModuleKey* key, int flags, node::StreamTrim trim) {
  constexpr uint64_t kBlocksAtOnce = 100;
  if (!IsOpenForChange(key)) return -1;
  trim.approximately = (flags & REDISMODULE_STREAM_TRIM_APPROX) != 0;
  if (trim.approximately) {
    const int64_t per_block = key->ctx->engine().type_settings.stream_node_max_entries;
    trim.limit = kBlocksAtOnce * static_cast<uint64_t>(std::max<int64_t>(per_block, 0));
  }
  CollectionChange<Stream> change(*key);
  const uint64_t removed = change.object()->Trim(trim);
  if (removed > 0) change.Commit(/*keep_empty=*/true);
  return static_cast<long long>(removed);
}
long long StreamTrimByLength(RedisModuleKey* key, int flags, long long length) noexcept {
  if (key == nullptr || (flags & ~REDISMODULE_STREAM_TRIM_APPROX) != 0 || length < 0) {
    errno = EINVAL;
    return -1;
  }
  return Trim(key, flags, {.by = node::StreamTrim::By::kLength,
                           .length_max = static_cast<uint64_t>(length)});
}
long long StreamTrimByID(RedisModuleKey* key, int flags, RedisModuleStreamID* id) noexcept {
  if (key == nullptr || (flags & ~REDISMODULE_STREAM_TRIM_APPROX) != 0 || id == nullptr) {
    errno = EINVAL;
    return -1;
  }
  return Trim(key, flags, {.by = node::StreamTrim::By::kId, .id_min = IdOf(*id)});
}

// --- Walking. ---

int StreamIteratorStart(RedisModuleKey* key, int flags, RedisModuleStreamID* start,
                        RedisModuleStreamID* end) noexcept {
  constexpr int kKnown = REDISMODULE_STREAM_ITERATOR_EXCLUSIVE | REDISMODULE_STREAM_ITERATOR_REVERSE;
  if (key == nullptr || (flags & ~kKnown) != 0) return Fail(EINVAL);
  if (key->ReadOf<Stream>() == nullptr) return Fail(ENOTSUP);
  if (key->stream != nullptr) return Fail(EBADF);
  StreamWalk walk;
  walk.first = start == nullptr ? StreamId{} : IdOf(*start);
  walk.last = end == nullptr ? node::kStreamIdMax : IdOf(*end);
  walk.backwards = (flags & REDISMODULE_STREAM_ITERATOR_REVERSE) != 0;
  if ((flags & REDISMODULE_STREAM_ITERATOR_EXCLUSIVE) != 0 &&
      ((start != nullptr && !walk.first.Increment()) ||
       (end != nullptr && !walk.last.Decrement()))) {
    return Fail(EDOM);
  }
  key->stream = std::make_unique<StreamWalk>(std::move(walk));
  return REDISMODULE_OK;
}

// The walk; null, and errno says why, if there is none.
StreamWalk* WalkOf(RedisModuleKey* key) {
  errno = 0;
  if (key == nullptr) {
    errno = EINVAL;
  } else if (key->ReadOf<Stream>() == nullptr) {
    errno = ENOTSUP;
  } else if (key->stream == nullptr) {
    errno = EBADF;
  }
  return errno == 0 ? key->stream.get() : nullptr;
}

int StreamIteratorStop(RedisModuleKey* key) noexcept {
  if (WalkOf(key) == nullptr) return REDISMODULE_ERR;
  key->stream.reset();
  return REDISMODULE_OK;
}

// Goes to the next entry, whose words are copied.
bool Step(const Stream& stream, StreamWalk& walk) {
  walk.current = {};
  walk.words.clear();
  walk.words_read = 0;
  if (walk.done) return false;
  stream.Walk(walk.first, walk.last, walk.backwards,
              [&](const node::StreamBlock& block, const node::StreamEntry& entry) {
                walk.current = entry.id;
                block.ForEachPair(entry, [&](const node::ListpackValue& field,
                                             const node::ListpackValue& value) {
                  walk.words.push_back(field.ToString());
                  walk.words.push_back(value.ToString());
                });
                return false;
              });
  if (walk.current.is_zero()) {
    walk.done = true;
    return false;
  }
  StreamId& next = walk.backwards ? walk.last : walk.first;
  next = walk.current;
  walk.done = !(walk.backwards ? next.Decrement() : next.Increment());
  return true;
}

int StreamIteratorNextID(RedisModuleKey* key, RedisModuleStreamID* id, long* fields) noexcept {
  StreamWalk* walk = WalkOf(key);
  if (walk == nullptr) return REDISMODULE_ERR;
  if (!Step(*key->ReadOf<Stream>(), *walk)) return Fail(ENOENT);
  if (id != nullptr) *id = IdOf(walk->current);
  if (fields != nullptr) *fields = static_cast<long>(walk->words.size() / 2);
  return REDISMODULE_OK;
}

int StreamIteratorNextField(RedisModuleKey* key, RedisModuleString** field,
                            RedisModuleString** value) noexcept {
  StreamWalk* walk = WalkOf(key);
  if (walk == nullptr) return REDISMODULE_ERR;
  if (walk->words_read >= walk->words.size()) return Fail(ENOENT);
  for (RedisModuleString** out : {field, value}) {
    std::string& word = walk->words[walk->words_read++];
    if (out != nullptr) *out = TrackString(key->ctx, new RedisModuleString(std::move(word)));
  }
  return REDISMODULE_OK;
}

int StreamIteratorDelete(RedisModuleKey* key) noexcept {
  StreamWalk* walk = WalkOf(key);
  if (walk == nullptr) return REDISMODULE_ERR;
  if (!key->writable()) return Fail(EBADF);
  if (walk->current.is_zero()) return Fail(ENOENT);
  const bool removed = DeleteEntry(key, walk->current);
  walk->current = {};
  walk->words.clear();
  walk->words_read = 0;
  return removed ? REDISMODULE_OK : Fail(ENOENT);
}

const ApiEntry kFunctions[] = {
    {"StreamAdd", &StreamAdd},
    {"StreamDelete", &StreamDelete},
    {"StreamTrimByLength", &StreamTrimByLength},
    {"StreamTrimByID", &StreamTrimByID},
    {"StreamIteratorStart", &StreamIteratorStart},
    {"StreamIteratorStop", &StreamIteratorStop},
    {"StreamIteratorNextID", &StreamIteratorNextID},
    {"StreamIteratorNextField", &StreamIteratorNextField},
    {"StreamIteratorDelete", &StreamIteratorDelete},
};

}  // namespace

ApiGroup StreamFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
