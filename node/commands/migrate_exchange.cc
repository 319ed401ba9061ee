#include "node/commands/migrate_exchange.h"

#include <utility>

#include "node/resp/request_text.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// A target's replies are one line each.
constexpr ReplyLimits kReplyLimits = {
    .depth = 1, .bulk_bytes = 64 << 10, .line_bytes = 64 << 10, .elements = 16};

}  // namespace

MigrateExchange::MigrateExchange(Wish wish)
    : wish_(std::move(wish)),
      to_send_(wish_.keys.begin(), wish_.keys.end()),
      reader_(kReplyLimits) {}

void MigrateExchange::Greet(std::string* out) {
  greeted_ = true;
  if (wish_.login.has_value()) {
    std::vector<std::string_view> words = {"AUTH", wish_.login->user, wish_.login->password};
    if (wish_.login->user.empty()) words.erase(words.begin() + 1);
    AppendRequest(*out, words);
    ++greetings_;
  }
  if (wish_.select.has_value()) {
    const std::string database = StrCat(*wish_.select);
    const std::string_view words[] = {"SELECT", database};
    AppendRequest(*out, words);
    ++greetings_;
  }
}

void MigrateExchange::Fill(ReadValue read, std::string* out) {
  if (!greeted_) Greet(out);
  while (greetings_ == 0 && !to_send_.empty() && out->size() < kFillBytes) {
    std::string key = std::move(to_send_.front());
    to_send_.pop_front();
    Value value;
    if (!read(key, &value)) continue;
    const std::string ttl = StrCat(value.ttl_ms);
    const std::string_view words[] = {wish_.asking ? "RESTORE-ASKING" : "RESTORE", key, ttl,
                                      value.payload, "REPLACE"};
    AppendRequest(*out, Args(words).first(wish_.replace ? 5 : 4));
    open_.push_back(std::move(key));
  }
}

bool MigrateExchange::OnBytes(std::string_view bytes, std::vector<std::string>* taken) {
  reader_.Feed(bytes);
  while (true) {
    const absl::StatusOr<std::optional<ReplyValue>> reply = reader_.Next();
    if (!reply.ok()) return false;
    if (!reply->has_value()) return true;
    if (!OnReply(**reply, taken)) return false;
  }
}

bool MigrateExchange::OnReply(const ReplyValue& reply, std::vector<std::string>* taken) {
  if (reply.kind != ReplyKind::kSimple && !reply.is_error()) return false;
  if (greetings_ == 0 && open_.empty()) return false;
  any_reply_ = true;
  if (reply.is_error() && error_.empty()) error_ = reply.text;
  if (greetings_ > 0) {
    --greetings_;
    if (reply.is_error()) to_send_.clear();
    return true;
  }
  std::string key = std::move(open_.front());
  open_.pop_front();
  if (!reply.is_error()) taken->push_back(std::move(key));
  return true;
}

}  // namespace slotmesh::node
