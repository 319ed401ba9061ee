// What the hash commands share: the time for fields, and a hash that is being changed.
//
// Engine thread only.
#ifndef SLOTMESH_NODE_COMMANDS_HASH_CHANGE_H_
#define SLOTMESH_NODE_COMMANDS_HASH_CHANGE_H_

#include <memory>
#include <string_view>
#include <vector>

#include "node/commands/lookup.h"
#include "node/types/hash.h"

namespace slotmesh::node {

// Whoever changes a copy sees fields until their removal comes from where the change came from.
inline FieldClock FieldClockOf(CommandContext& ctx) {
  return {.now = ctx.now_ms(),
          .hide_expired = !IsFromAnotherCopy(ctx.origin()) &&
                          ctx.keyspace().expiry_mode() != ExpiryMode::kIgnore};
}

// An effect on the slot of `key`.
inline void EffectOnKey(CommandContext& ctx, const HashedKey& key,
                        const std::vector<std::string_view>& words) {
  ctx.Effect(words, ctx.keyspace().cluster() ? key.slot : kNoSlot);
}

// A hash that one command changes: Find, change it, tell others (Notify), Commit. Uses the database
// for nothing else meanwhile.
class HashChange {
 public:
  // Both outlive this.
  HashChange(CommandContext& ctx, const HashedKey& key)
      : ctx_(ctx), key_(key), clock_(FieldClockOf(ctx)) {}
  HashChange(const HashChange&) = delete;
  HashChange& operator=(const HashChange&) = delete;

  // False, with WRONGTYPE replied, if the key holds something else.
  bool Find() {
    if (!FindObjectToWrite(ctx_, key_, &ref_, &hash_)) return false;
    had_expiring_ = hash_ != nullptr && hash_->expiring() > 0;
    return true;
  }
  // Null if the key is absent and Make was not called.
  Hash* hash() const { return hash_; }
  // A new one if the key is absent; the key is made by Commit.
  Hash& Make() {
    if (hash_ == nullptr) {
      made_ = std::make_unique<Hash>();
      hash_ = made_.get();
    }
    return *hash_;
  }
  const FieldClock& clock() const { return clock_; }
  // Fields expired before the change: some may be hidden.
  bool had_expiring() const { return had_expiring_; }

  // Puts a field in. True if it is new.
  bool Put(std::string_view field, std::string_view value, const Hash::PutOptions& options) {
    return hash_->Put(field, value, options, clock_, ctx_.engine().type_settings);
  }
  // Ends the change: the key is made, marked as modified, or deleted with its last field. Nothing
  // may be done with the hash afterwards.
  void Commit() {
    if (made_ != nullptr) {
      if (!made_->empty()) InsertObject(ctx_, key_, made_.release());
      return;
    }
    ctx_.db().PartsChanged(ref_, had_expiring_);
    ctx_.db().SignalModified(key_);
    if (hash_->empty()) DeleteEmptied(ctx_, key_);
  }

 private:
  CommandContext& ctx_;
  const HashedKey& key_;
  const FieldClock clock_;
  EntryRef ref_;
  Hash* hash_ = nullptr;
  std::unique_ptr<Hash> made_;
  bool had_expiring_ = false;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_HASH_CHANGE_H_
