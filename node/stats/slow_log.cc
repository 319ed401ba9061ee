#include "node/stats/slow_log.h"

#include "slots/strings.h"

namespace slotmesh::node {
namespace {

std::string CutWord(std::string_view word) {
  if (word.size() <= SlowLog::kWordMax) return std::string(word);
  return StrCat(word.substr(0, SlowLog::kWordMax), "... (", word.size() - SlowLog::kWordMax,
                " more bytes)");
}

}  // namespace

void SlowLog::set_max_entries(size_t entries) {
  max_entries_ = entries;
  if (entries_.size() > max_entries_) entries_.resize(max_entries_);
}

void SlowLog::Add(Args words, int64_t amount, int64_t unix_seconds, std::string_view client_address,
                  std::string_view client_name) {
  if (max_entries_ == 0) return;
  Entry entry;
  entry.id = next_id_++;
  entry.unix_seconds = unix_seconds;
  entry.amount = amount;
  const bool cut = words.size() > kArgumentsMax;
  const size_t whole = cut ? kArgumentsMax - 1 : words.size();
  for (size_t i = 0; i < whole; ++i) entry.words.push_back(CutWord(words[i]));
  if (cut) entry.words.push_back(StrCat("... (", words.size() - whole, " more arguments)"));
  entry.client_address = std::string(client_address);
  entry.client_name = std::string(client_name);
  entries_.push_front(std::move(entry));
  if (entries_.size() > max_entries_) entries_.pop_back();
}

}  // namespace slotmesh::node
