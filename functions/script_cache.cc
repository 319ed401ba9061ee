#include "functions/script_cache.h"

#include <utility>

#include "slots/strings.h"

namespace slotmesh::functions {
namespace {

size_t CostOf(const Script& script) { return sizeof(Script) + kSha1HexSize + script.text.size(); }

}  // namespace

Script* ScriptCache::Find(std::string_view hash) {
  if (hash.size() != kSha1HexSize) return nullptr;
  if (found_last_ != nullptr && found_last_->name() == hash) return found_last_;
  Sha1Text lower;
  for (size_t i = 0; i < kSha1HexSize; ++i) {
    lower[i] = hash[i] >= 'A' && hash[i] <= 'Z' ? static_cast<char>(hash[i] + 32) : hash[i];
  }
  const auto found = scripts_.find(absl::string_view(lower.data(), lower.size()));
  if (found == scripts_.end()) return nullptr;
  found_last_ = found->second.get();
  return found_last_;
}

absl::StatusOr<Script*> ScriptCache::Load(std::string_view text, bool pin) {
  const Sha1Text hash = Sha1Hex(text);
  Script* known = Find({hash.data(), hash.size()});
  if (known == nullptr) {
    const absl::StatusOr<ScriptHead> head = ParseScript(text);
    if (!head.ok()) return head.status();
    absl::StatusOr<Callable> code = engine_.Compile(head->body);
    if (!code.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Error compiling script (new function): ", code.status().message()));
    }
    if (!pin && by_use_.size() >= kEvalScriptsMax) EvictOldest();
    auto script = std::make_unique<Script>();
    known = script.get();
    *known = {.hash = hash, .text = std::string(text), .flags = head->flags};
    known->code = *std::move(code);
    known->place = by_use_.insert(by_use_.end(), known);
    memory_bytes_ += CostOf(*known);
    scripts_.emplace(std::string(known->name()), std::move(script));
  }
  if (pin && !known->pinned) {
    known->pinned = true;
    by_use_.erase(known->place);
  }
  return known;
}

void ScriptCache::Touch(Script& script) {
  if (!script.pinned) by_use_.splice(by_use_.end(), by_use_, script.place);
}

void ScriptCache::EvictOldest() {
  Script* oldest = by_use_.front();
  by_use_.pop_front();
  found_last_ = nullptr;
  memory_bytes_ -= CostOf(*oldest);
  ++evicted_;
  scripts_.erase(ToAbsl(oldest->name()));
}

void ScriptCache::Flush() {
  found_last_ = nullptr;
  by_use_.clear();
  scripts_.clear();
  memory_bytes_ = 0;
  engine_.Collect();
}

}  // namespace slotmesh::functions
