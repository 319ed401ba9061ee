// Until when which commands wait: CLIENT PAUSE, and while the node hands over its role or ends.
// Engine thread only.
#ifndef SLOTMESH_NODE_COMMAND_PAUSE_H_
#define SLOTMESH_NODE_COMMAND_PAUSE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "node/command/command_spec.h"

namespace slotmesh::node {

class Pause {
 public:
  enum class Kind : uint8_t { kNone = 0, kWrite = 1, kAll = 2 };
  // Whoever ends one pause leaves the others.
  enum class Purpose : uint8_t { kClients = 0, kFailover = 1, kShutdown = 2 };

  // A pause is only ever prolonged and widened until it ends; Lift() ends it at once.
  void Start(Purpose purpose, Kind kind, int64_t until_ms, int64_t now_ms) {
    Span& span = spans_[static_cast<size_t>(purpose)];
    const bool going_on = span.active(now_ms) != Kind::kNone;
    span = {std::max(kind, span.active(now_ms)),
            going_on ? std::max(until_ms, span.until_ms) : until_ms};
    any_ = true;
  }
  void Lift(Purpose purpose) {
    spans_[static_cast<size_t>(purpose)] = {};
    any_ = std::any_of(spans_.begin(), spans_.end(),
                       [](const Span& span) { return span.kind != Kind::kNone; });
  }

  Kind active(int64_t now_ms) const {
    Kind widest = Kind::kNone;
    for (const Span& span : spans_) widest = std::max(widest, span.active(now_ms));
    return widest;
  }
  // Of the active ones: the last one's end, and the widest one's purpose (of several, the last in
  // the order above). Meaningful while one is active.
  int64_t until_ms(int64_t now_ms) const {
    int64_t until = now_ms;
    for (const Span& span : spans_) {
      if (span.active(now_ms) != Kind::kNone) until = std::max(until, span.until_ms);
    }
    return until;
  }
  Purpose purpose(int64_t now_ms) const {
    size_t widest = 0;
    for (size_t i = 1; i < spans_.size(); ++i) {
      const Kind kind = spans_[i].active(now_ms);
      if (kind != Kind::kNone && kind >= spans_[widest].active(now_ms)) widest = i;
    }
    return static_cast<Purpose>(widest);
  }

  // True if a client's command with these flags has to wait.
  bool Holds(Flag flags, int64_t now_ms) const {
    if (!any_) return false;
    const Kind current = active(now_ms);
    if (current == Kind::kAll) return true;
    return current == Kind::kWrite && Has(flags, Flag::kWrite | Flag::kMayReplicate);
  }

 private:
  struct Span {
    Kind kind = Kind::kNone;
    int64_t until_ms = 0;

    Kind active(int64_t now_ms) const { return now_ms < until_ms ? kind : Kind::kNone; }
  };

  std::array<Span, 3> spans_;
  bool any_ = false;  // For the common case: none was begun, or all were lifted.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_PAUSE_H_
