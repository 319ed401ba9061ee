// Where the server writes what happened: one line an event, levels as in redis.conf's loglevel.
//
// Thread-safe. Implemented over spdlog in node/app; tests collect lines.
#ifndef SLOTMESH_NODE_STATS_LOG_H_
#define SLOTMESH_NODE_STATS_LOG_H_

#include <cstdint>
#include <string_view>

namespace slotmesh::node {

class Log {
 public:
  enum class Severity : uint8_t { kDebug = 0, kVerbose = 1, kNotice = 2, kWarning = 3 };

  virtual ~Log() = default;
  virtual void Write(Severity severity, std::string_view line) = 0;

  void Debug(std::string_view line) { Write(Severity::kDebug, line); }
  void Verbose(std::string_view line) { Write(Severity::kVerbose, line); }
  void Notice(std::string_view line) { Write(Severity::kNotice, line); }
  void Warning(std::string_view line) { Write(Severity::kWarning, line); }
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_LOG_H_
