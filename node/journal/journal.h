// The one stream of effects: what every write did, as commands that give the same result on any
// copy.
//
// Commands, expiry and eviction append effects; sinks (AOF, replicas, slot migrations) receive them
// in order. Effects of one transaction, script or module call form a unit, opened with BeginUnit
// and closed with EndUnit (they nest; the outermost counts). A unit reaches the sinks when it is
// closed, whole; if it has more than one effect the RESP stream wraps it in MULTI and EXEC. An
// effect outside a unit is a unit of its own.
//
// The offset counts the bytes of that RESP stream, SELECT, MULTI and EXEC included, as PSYNC does.
// It advances while somebody needs the stream: a sink that wants RESP is attached, or
// keep_stream(true) was called.
//
// Engine thread only. Borrows sinks; they unsubscribe before they go. Cost without sinks: one
// branch in Append (callers can skip building argv with `if (journal.active())`). With sinks: argv
// is copied once.
#ifndef SLOTMESH_NODE_JOURNAL_JOURNAL_H_
#define SLOTMESH_NODE_JOURNAL_JOURNAL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"

namespace slotmesh::node {

// Why an effect came about. Sinks filter by it (a migration's target does not send back what it
// received).
enum class Origin : uint8_t {
  kClient = 0,
  kScript = 1,
  kModule = 2,
  kReplicaLink = 3,  // From this node's primary.
  kAofLoad = 4,
  kExpiry = 5,
  kEviction = 6,
  kMigration = 7,  // Slots being received or trimmed.
  kControl = 8,    // For replicas, which are asked or told something: PING, REPLCONF GETACK.
  kMessage = 9,    // A published message, for replicas to pass on.
};

// Who hears of an effect. A script may leave one or both out (redis.set_repl).
enum class Audience : uint8_t {
  kNobody = 0,
  kFiles = 1,
  kReplicas = 2,  // And the slots' next owners.
  kAll = kFiles | kReplicas,
};
constexpr Audience Both(Audience a, Audience b) {
  return static_cast<Audience>(static_cast<uint8_t>(a) & static_cast<uint8_t>(b));
}
constexpr bool Includes(Audience all, Audience one) {
  return (static_cast<uint8_t>(all) & static_cast<uint8_t>(one)) != 0;
}

// No slot: the effect concerns all (FLUSHALL, SWAPDB, SCRIPT, FUNCTION) or none (kControl).
inline constexpr int kNoSlot = -1;

// One command with its arguments. Views are valid during the call that passes them.
struct Effect {
  int database = 0;
  int slot = kNoSlot;
  Origin origin = Origin::kClient;
  absl::Span<const std::string_view> argv;
  Audience audience = Audience::kAll;  // Set by the journal.

  // It changes data: files keep it.
  bool changes_data() const { return origin != Origin::kControl && origin != Origin::kMessage; }
};

// What sinks receive.
struct JournalUnit {
  absl::Span<const Effect> effects;  // Never empty.
  // The unit in the RESP stream, with SELECT, MULTI and EXEC where needed; empty if nobody wants
  // the stream.
  std::string_view resp;
  // Offsets of the stream before and after the unit.
  uint64_t begin_offset = 0;
  uint64_t end_offset = 0;
};

class JournalSink {
 public:
  virtual ~JournalSink() = default;
  // Asked once, when the sink subscribes.
  virtual bool wants_resp() const = 0;
  // Which of the two it belongs to.
  virtual Audience audience() const { return Audience::kReplicas; }
  // Must not append to the journal or subscribe.
  virtual void OnUnit(const JournalUnit& unit) = 0;
};

class Journal {
 public:
  Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // A sink sees units that are closed after it subscribed. REQUIRES: no unit with effects is open;
  // subscribed once.
  void Subscribe(JournalSink& sink);
  void Unsubscribe(JournalSink& sink);
  // Count the stream's bytes though no sink wants them (a primary whose last replica has left).
  void keep_stream(bool keep) { keep_stream_ = keep; }

  // Somebody listens: worth building effects for.
  bool active() const {
    return (!sinks_.empty() || keep_stream_) && audience_ != Audience::kNobody;
  }
  // Somebody wants the RESP stream: files, replicas.
  bool streams() const { return !resp_sinks_.empty() || keep_stream_; }
  // Who hears of what happens now, for a script that says so. All hear of keys that expire. What
  // files alone hear of counts for no offset.
  void set_audience(Audience audience) { audience_ = audience; }
  Audience audience() const { return audience_; }
  void Append(const Effect& effect) {
    if (active() || effect.origin == Origin::kExpiry) AppendActive(effect);
  }

  void BeginUnit() { ++depth_; }
  // REQUIRES: as many as BeginUnit before.
  void EndUnit();
  bool in_unit() const { return depth_ > 0; }
  // Units that are open, one within the other.
  int depth() const { return depth_; }
  // What the open unit has so far, if one is open, is a unit of its own: who listens changes within
  // it.
  void CutUnit() {
    if (!pending_.empty()) FlushUnit();
  }
  // Forgets the effects of the open unit: the process ends within it. REQUIRES: within a unit.
  void AbandonUnit();

  uint64_t offset() const { return offset_; }
  // Behind the last unit that changed data: who has the stream up to there has all data, whatever
  // was said to replicas since.
  uint64_t data_offset() const { return data_offset_; }
  // A replica takes its primary's numbers. REQUIRES: no unit with effects is open.
  void set_offset(uint64_t offset);
  // On: this node passes a primary's stream on, whose bytes are counted with set_offset; sinks get
  // what it does here, which counts for nothing.
  void set_relaying(bool on) {
    relaying_ = on;
    ForceSelect();
  }
  // A copy of the data begins here: who takes it reads what comes from now on, and nothing of what
  // was said before. copies() counts them.
  void NoteCopy() {
    ++copies_;
    ForceSelect();
  }
  uint64_t copies() const { return copies_; }
  // The next unit starts with SELECT, whatever database came last (a reader joins the stream here).
  void ForceSelect() { stream_database_ = -1; }
  // That the stream is in; -1: the next unit says.
  int stream_database() const { return stream_database_; }

 private:
  // An effect of the open unit; its arguments are in pending_bytes_.
  struct Pending {
    int database;
    int slot;
    Origin origin;
    Audience audience;
    size_t first_arg;
    size_t arg_count;
  };

  void AppendActive(const Effect& effect);
  void Emit(absl::Span<const Effect> effects);
  // Some of them are not for all.
  void EmitApart(absl::Span<const Effect> effects);
  void EmitTo(Audience audience, absl::Span<const Effect> effects);
  void FlushUnit();
  void EncodeUnit(absl::Span<const Effect> effects);

  std::vector<JournalSink*> sinks_;
  std::vector<JournalSink*> resp_sinks_;
  bool keep_stream_ = false;
  Audience audience_ = Audience::kAll;
  bool relaying_ = false;
  bool emitting_ = false;
  int depth_ = 0;
  uint64_t offset_ = 0;
  uint64_t data_offset_ = 0;
  uint64_t copies_ = 0;
  int stream_database_ = -1;
  // The open unit: effects, lengths of all arguments, bytes of all arguments.
  std::vector<Pending> pending_;
  std::vector<size_t> pending_lengths_;
  std::string pending_bytes_;
  // Views of the above while the unit is handed out; kept for their capacity.
  std::vector<std::string_view> pending_args_;
  std::vector<Effect> pending_effects_;
  std::string resp_;  // Reused buffer of EncodeUnit.
};

// Opens a unit for a scope: a transaction, a script, a module call.
class JournalScope {
 public:
  explicit JournalScope(Journal& journal) : journal_(journal) { journal_.BeginUnit(); }
  ~JournalScope() { journal_.EndUnit(); }
  JournalScope(const JournalScope&) = delete;
  JournalScope& operator=(const JournalScope&) = delete;

 private:
  Journal& journal_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_JOURNAL_JOURNAL_H_
