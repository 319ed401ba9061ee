// The scripts of EVAL and SCRIPT LOAD, by the hash of their text.
//
// Scripts that came by EVAL alone are kept up to a number, the ones used last; those of SCRIPT LOAD
// stay until SCRIPT FLUSH. Engine thread only. Pointers are valid until the next Load or Flush.
// Finding costs one probe; nothing for the script that was found last.
#ifndef SLOTMESH_FUNCTIONS_SCRIPT_CACHE_H_
#define SLOTMESH_FUNCTIONS_SCRIPT_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "functions/engine.h"
#include "functions/flags.h"
#include "functions/sha1_hex.h"

namespace slotmesh::functions {

struct Script {
  Sha1Text hash;
  std::string text;
  ScriptFlag flags = ScriptFlag::kUndeclared;
  Callable code;
  bool pinned = false;  // By SCRIPT LOAD.
  std::list<Script*>::iterator place;

  std::string_view name() const { return {hash.data(), hash.size()}; }
};

class ScriptCache {
 public:
  // Of those that came by EVAL alone.
  static constexpr size_t kEvalScriptsMax = 500;

  explicit ScriptCache(ScriptEngine& engine) : engine_(engine) {}

  // By 40 hexadecimal digits in any case; null if there is none.
  Script* Find(std::string_view hash);
  // The script of this text, compiled if it is new. `pin`: it stays until Flush. An error's message
  // is ready for the client, without a code.
  absl::StatusOr<Script*> Load(std::string_view text, bool pin);
  // It has been run.
  void Touch(Script& script);
  void Flush();

  size_t size() const { return scripts_.size(); }
  // Of texts and what keeps them.
  size_t memory_bytes() const { return memory_bytes_; }
  uint64_t evicted() const { return evicted_; }
  void ResetStats() { evicted_ = 0; }

 private:
  void EvictOldest();

  ScriptEngine& engine_;
  absl::flat_hash_map<std::string, std::unique_ptr<Script>> scripts_;
  std::list<Script*> by_use_;  // Not pinned ones, the one used last at the end.
  Script* found_last_ = nullptr;
  size_t memory_bytes_ = 0;
  uint64_t evicted_ = 0;
};

}  // namespace slotmesh::functions

#endif  // SLOTMESH_FUNCTIONS_SCRIPT_CACHE_H_
