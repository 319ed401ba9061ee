// Words of a command as a module writes them: a name, a format and arguments (RM_Call,
// RM_Replicate, RM_EmitAOF).
//
//   b  buffer and size_t       c  C string      l  long long      s  RedisModuleString
//   v  array of RedisModuleString and size_t
// and marks, anywhere: see Marks. `long` and `size_t` are 64 bits.
#ifndef SLOTMESH_MODULES_WORDS_H_
#define SLOTMESH_MODULES_WORDS_H_

#include <cstdarg>
#include <forward_list>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "node/journal/journal.h"
#include "node/resp/args.h"

namespace slotmesh::modules {

struct Marks {
  bool replicate = false;          // !
  bool not_to_aof = false;         // A
  bool not_to_replicas = false;    // R
  bool resp3 = false;              // 3
  bool callers_protocol = false;   // 0
  bool as_user = false;            // C
  bool script_rules = false;       // S
  bool no_writes = false;          // W
  bool respect_memory = false;     // M
  bool errors_as_replies = false;  // E
  bool dry_run = false;            // D, E included
  bool may_block = false;          // K
  // Who hears of it, if it is replicated.
  node::Audience audience() const {
    return node::Both(not_to_aof ? node::Audience::kReplicas : node::Audience::kAll,
                      not_to_replicas ? node::Audience::kFiles : node::Audience::kAll);
  }
};

// Views of what the module gave (and of texts of its own): valid while that is.
class FormattedWords {
 public:
  // False for a format that is none.
  bool Read(const char* name, const char* format, va_list args);

  node::Args words() const { return words_; }
  const Marks& marks() const { return marks_; }

 private:
  bool ReadMark(char mark);

  absl::InlinedVector<std::string_view, 16> words_;
  std::forward_list<std::string> numbers_;
  Marks marks_;
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_WORDS_H_
