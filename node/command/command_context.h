// All that a handler may see and touch while one command runs.
//
// Made by the dispatcher for each execution, on its stack; engine thread only. A handler parses its
// arguments, calls typed operations of the keyspace, writes exactly one reply, and says what it
// changed: MarkChanged() (the command goes into the journal as it came), or Effect() once or more
// (these go instead).
#ifndef SLOTMESH_NODE_COMMAND_COMMAND_CONTEXT_H_
#define SLOTMESH_NODE_COMMAND_COMMAND_CONTEXT_H_

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "absl/random/bit_gen_ref.h"
#include "node/command/client.h"
#include "node/command/engine.h"
#include "node/command/notify.h"
#include "node/command/registry.h"
#include "node/journal/journal.h"
#include "node/keyspace/keyspace.h"
#include "node/resp/args.h"
#include "node/resp/errors.h"
#include "node/resp/reply.h"

namespace slotmesh::node {

class CommandContext {
 public:
  CommandContext(Engine& engine, Client& client, const Command& command, Args args,
                 RequestOrigin origin)
      : engine_(engine), client_(client), command_(command), args_(args), origin_(origin) {}
  CommandContext(const CommandContext&) = delete;
  CommandContext& operator=(const CommandContext&) = delete;

  Client& client() { return client_; }
  Reply& reply() { return client_.reply(); }
  const Command& command() const { return command_; }
  RequestOrigin origin() const { return origin_; }
  Engine& engine() { return engine_; }
  Keyspace& keyspace() { return engine_.keyspace; }
  Database& db() { return engine_.keyspace.database(client_.database); }
  absl::BitGenRef random() { return engine_.random; }
  // Wall time of this command: the same for all it does (and for a whole script or transaction).
  int64_t now_ms() const { return engine_.now_ms; }
  // The state that the command's family was registered with.
  template <typename Family>
  Family& family() {
    return *static_cast<Family*>(command_.family());
  }

  // The key at word `index`, with its hash and slot (already known if the dispatcher prefetched
  // it).
  HashedKey Key(size_t index) {
    if (prefetched_ != nullptr && index == static_cast<size_t>(command_.single_key())) {
      return *prefetched_;
    }
    return Hash(args_[index]);
  }
  HashedKey Hash(std::string_view key) const { return HashKey(engine_.keyspace, key); }

  // `changes` is what INFO counts as changes since the last save.
  void MarkChanged(int64_t changes = 1) { changes_ += changes; }
  int64_t changes() const { return changes_; }
  // True if somebody reads the journal; building an effect's words can be skipped otherwise.
  bool wants_effects() const { return engine_.journal.active(); }
  // What a copy must do instead of this command: words (copied) of a command on the slot of the
  // request's keys.
  void Effect(std::initializer_list<std::string_view> words) {
    Effect(Args(words.begin(), words.size()), EffectSlot());
  }
  void Effect(Args words, int slot);
  void JournalVerbatim();
  bool has_effects() const { return has_effects_; }

  // Publishes a keyspace notification if its class is enabled.
  void Notify(NotifyFlag kind, std::string_view event, std::string_view key) {
    engine_.notifier.Notify(kind, event, key, client_.database);
  }

  // Whether the handler may let its reply come later (engine().blocked.Block): only a connection's
  // own request can wait; inside a transaction, a script or a stream it cannot.
  bool may_block() const { return origin_ == RequestOrigin::kClient && client_.host() != nullptr; }

  // In EXEC of commands that all leave data alone: it waits with them, one after the other.
  bool may_wait_in_transaction() const {
    return origin_ == RequestOrigin::kExec && client_.transaction.running;
  }

  // Word `index` of the request is a secret: logs show it as "(redacted)".
  void Redact(size_t index) { redacted_ |= uint64_t{1} << std::min<size_t>(index, 63); }
  // True for words from the 64th on if any of those is a secret.
  bool IsRedacted(size_t index) const {
    return (redacted_ >> std::min<size_t>(index, 63) & 1) != 0;
  }

  void set_prefetched(const HashedKey* key) { prefetched_ = key; }

 private:
  int EffectSlot() const;

  Engine& engine_;
  Client& client_;
  const Command& command_;
  Args args_;
  RequestOrigin origin_;
  bool has_effects_ = false;
  int64_t changes_ = 0;
  const HashedKey* prefetched_ = nullptr;
  uint64_t redacted_ = 0;  // A bit a word.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_COMMAND_CONTEXT_H_
