// The commands that this process knows: rows of families, found by name.
//
// Built by the composition root, one AddFamily a family; modules add and remove commands later.
// Engine thread only. A lookup folds case and costs one probe of a small table, no allocation.
#ifndef SLOTMESH_NODE_COMMAND_REGISTRY_H_
#define SLOTMESH_NODE_COMMAND_REGISTRY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "node/command/acl_categories.h"
#include "node/command/command_spec.h"
#include "node/stats/latency_histogram.h"

namespace slotmesh::node {

struct CommandStats {
  uint64_t calls = 0;
  uint64_t rejected = 0;                      // Refused before the handler ran.
  uint64_t failed = 0;                        // The handler replied with an error.
  uint64_t ticks = 0;                         // Time in the handler, in CycleClock ticks.
  std::unique_ptr<LatencyHistogram> latency;  // Made at the first call.
};

// A row at work: with its family's state, its place in the tree of subcommands and its statistics.
class Command {
 public:
  Command(const CommandSpec& spec, const Command* parent, void* family);
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  const CommandSpec& spec() const { return *spec_; }
  // The same for all commands of that full name, whenever they are there; small.
  uint32_t id() const { return id_; }
  const Command* parent() const { return parent_; }
  const std::string& full_name() const { return full_name_; }  // "get", "config|get".
  // What requests call it: full_name() unless it was renamed.
  const std::string& called() const { return called_.empty() ? full_name_ : called_; }
  void* family() const { return family_; }
  Flag flags() const { return spec_->flags; }
  Acl acl() const { return acl_; }
  // The word that is the only key (a row like GET's or INCR's), 0 if the row is not that simple.
  int single_key() const { return single_key_; }
  // The word of a request that is its first key as far as that is told fast, to fetch what it
  // holds ahead; 0: none, or it takes a search.
  size_t first_key(Args args) const {
    const size_t word = static_cast<size_t>(first_key_);
    if (word >= args.size()) return 0;
    return count_word_ != 0 && args[static_cast<size_t>(count_word_)] == "0" ? 0 : word;
  }
  // Its values are, or may be, lists, sets, sorted sets, hashes or streams.
  bool works_on_objects() const { return works_on_objects_; }
  bool has_keys() const { return has_keys_; }
  // Changes keys without naming them: FLUSHALL, FLUSHDB, SWAPDB.
  bool changes_all_keys() const {
    return !has_keys_ && Has(spec_->flags, Flag::kWrite) && Has(spec_->acl, Acl::kKeyspace);
  }
  CommandStats& stats() const { return *stats_; }

  const std::vector<std::unique_ptr<Command>>& subcommands() const { return subcommands_; }
  // `name` in any case; null if there is no such subcommand.
  const Command* FindSubcommand(std::string_view name) const;

 private:
  friend class Registry;

  // Takes in what the row says now (a module completes its rows while it is loaded).
  void ReadRow();
  void ReadFirstKey();

  const CommandSpec* spec_;
  uint32_t id_ = 0;
  const Command* parent_;
  void* family_;
  std::string full_name_;
  std::string called_;  // Empty: as full_name_.
  Acl acl_;
  int single_key_ = 0;
  int first_key_ = 0;   // The first key's word, 0 if it differs from request to request.
  int count_word_ = 0;  // The word that says how many keys there are, 0 if there is none.
  bool works_on_objects_ = false;
  bool has_keys_ = false;
  std::unique_ptr<CommandStats> stats_;
  std::vector<std::unique_ptr<Command>> subcommands_;
};

class Registry {
 public:
  Registry();
  ~Registry();

  // `rows` must outlive the registry; `family` is what handlers get from CommandContext::family().
  // Already exists if a name is taken, invalid argument if a row's arguments are not in their
  // notation: then nothing was added.
  absl::Status AddFamily(absl::Span<const CommandSpec> rows, void* family);

  // One row more, of a module; errors as AddFamily's. `spec` outlives the registry,
  // removed or not.
  absl::StatusOr<const Command*> Add(const CommandSpec& spec, void* family);
  // A subcommand more of `container`, which is one of these commands.
  absl::StatusOr<const Command*> AddSubcommand(const Command& container, const CommandSpec& spec,
                                               void* family);
  // The row has changed: its keys, its categories. REQUIRES: one of these, or a subcommand.
  void Refresh(const Command& command);
  // The command is found no more. It stays as an object with its row (and so do its subcommands),
  // since transactions may have queued it and clients may have called it last.
  // REQUIRES: it is one of these, and no subcommand.
  void Remove(const Command& command);

  // The command of a name in any case, null if there is none.
  const Command* Find(std::string_view name) const;
  // The command of a request: the subcommand if args[1] names one. A container whose subcommand is
  // unknown or missing gives the container itself.
  const Command* Resolve(Args args) const;

  // The command's name is another from now on (rename-command); it is found no more if that is
  // empty. Its row, full_name() and all that is said of it keep the old one. Not found if there is
  // no such command, already exists if the new name is taken.
  absl::Status Rename(std::string_view from, std::string_view to);
  // By the names of the rows, whatever Rename() did: "config|get", in any case. Null if there is
  // none.
  const Command* FindOriginal(std::string_view full_name) const;
  // Some command was renamed or removed by Rename().
  bool any_renamed() const { return !originals_.empty(); }
  // As Resolve, of a request of the journal: that knows commands by the names of their rows.
  const Command* ResolveOriginal(Args args) const;

  // In the order of registration.
  const std::vector<std::unique_ptr<Command>>& commands() const { return commands_; }
  void ResetStats();
  // Rises whenever there are other commands or subcommands, or their rows have changed.
  uint64_t version() const { return version_; }

  // What modules add is known here before their commands name it.
  AclCategories& categories() { return categories_; }
  const AclCategories& categories() const { return categories_; }

 private:
  struct Slot {
    uint64_t prefix = 0;  // The first 8 bytes of the name, lower case, zero padded.
    const Command* command = nullptr;
  };

  static const Command* Subcommand(const Command* command, Args args);
  // Its own object behind what it has handed out. REQUIRES: one of `commands`.
  static Command* Find(const std::vector<std::unique_ptr<Command>>& commands,
                       const Command& command);
  // The command has come: it and its subcommands get their ids.
  void Number(Command& command);
  void Insert(const Command* command);
  // Puts all commands into a table of `slots`.
  void Rebuild(size_t slots);

  std::vector<std::unique_ptr<Command>> commands_;
  std::vector<std::unique_ptr<Command>> removed_;
  // What Rename() took from its name, by that.
  absl::flat_hash_map<std::string, const Command*> originals_;
  AclCategories categories_;
  absl::flat_hash_map<std::string, uint32_t> ids_;  // By full name; of commands that went, too.
  uint64_t version_ = 0;
  std::vector<Slot> slots_;  // Open addressing; a power of two, at most half full.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_REGISTRY_H_
