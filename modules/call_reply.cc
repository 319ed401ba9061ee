#include "modules/call_reply.h"

#include <cstdlib>
#include <optional>
#include <utility>

#include "absl/types/span.h"
#include "node/resp/numbers.h"

namespace {

using slotmesh::node::ParseInt64;

constexpr std::string_view kLineEnd = "\r\n";
constexpr int kDepthMax = 64;

// Length of the whole reply at the start of `bytes`, attributes in front of it included; nothing if
// it is cut short or is none.
std::optional<size_t> SkipReply(std::string_view bytes, int depth = 0) {
  const size_t line_end = bytes.find(kLineEnd);
  if (line_end == std::string_view::npos || line_end == 0 || depth > kDepthMax) {
    return std::nullopt;
  }
  const char kind = bytes[0];
  size_t at = line_end + kLineEnd.size();
  const std::optional<int64_t> number = ParseInt64(bytes.substr(1, line_end - 1));
  switch (kind) {
    case '$':
    case '=':
    case '!': {
      if (!number.has_value()) return std::nullopt;
      if (*number < 0) return at;
      at += static_cast<size_t>(*number) + kLineEnd.size();
      return at <= bytes.size() ? std::optional<size_t>(at) : std::nullopt;
    }
    case '*':
    case '~':
    case '>':
    case '%':
    case '|': {
      if (!number.has_value()) return std::nullopt;
      int64_t left = kind == '%' || kind == '|' ? *number * 2 : *number;
      if (kind == '|') ++left;  // And the reply that it belongs to.
      for (; left > 0; --left) {
        const std::optional<size_t> element = SkipReply(bytes.substr(at), depth + 1);
        if (!element.has_value()) return std::nullopt;
        at += *element;
      }
      return at;
    }
    default:
      return at;
  }
}

}  // namespace

RedisModuleCallReply::RedisModuleCallReply(std::string bytes, slotmesh::node::Protocol written_in)
    : resp3(written_in == slotmesh::node::Protocol::kResp3), root_(this), bytes_(std::move(bytes)) {
  if (!Read(bytes_)) type = REDISMODULE_REPLY_UNKNOWN;
}

RedisModuleCallReply::RedisModuleCallReply(std::unique_ptr<slotmesh::node::Client> writer)
    : resp3(writer->reply().resp3()), root_(this), writer_(std::move(writer)) {
  const slotmesh::node::OutputBuffer& output = writer_->output;
  std::string_view bytes;
  if (output.Peek(absl::MakeSpan(&bytes, 1)) != 0 && bytes.size() != output.size()) {
    bytes_ = output.ToString();
    bytes = bytes_;
  }
  if (!Read(bytes)) type = REDISMODULE_REPLY_UNKNOWN;
}

RedisModuleCallReply::RedisModuleCallReply(RedisModuleCallReply& root, std::string_view bytes)
    : resp3(root.resp3), root_(&root) {
  if (!Read(bytes)) type = REDISMODULE_REPLY_UNKNOWN;
}

bool RedisModuleCallReply::Read(std::string_view bytes) {
  whole_ = bytes;
  proto = bytes;
  if (bytes.starts_with('|')) {
    const size_t line_end = bytes.find(kLineEnd);
    if (line_end == std::string_view::npos) return false;
    const std::optional<int64_t> pairs = ParseInt64(bytes.substr(1, line_end - 1));
    if (!pairs.has_value()) return false;
    size_t at = line_end + kLineEnd.size();
    for (int64_t left = *pairs * 2; left > 0; --left) {
      const std::optional<size_t> element = SkipReply(bytes.substr(at));
      if (!element.has_value()) return false;
      at += *element;
    }
    attribute_ = std::make_unique<RedisModuleCallReply>(*root_, std::string_view());
    attribute_->type = REDISMODULE_REPLY_ATTRIBUTE;
    attribute_->proto = attribute_->whole_ = bytes.substr(0, at);
    attribute_->size = static_cast<size_t>(*pairs);
    attribute_->elements_bytes_ =
        bytes.substr(line_end + kLineEnd.size(), at - line_end - kLineEnd.size());
    proto = bytes.substr(at);
  }
  const size_t line_end = proto.find(kLineEnd);
  if (line_end == std::string_view::npos || line_end == 0) return false;
  const char kind = proto[0];
  const std::string_view line = proto.substr(1, line_end - 1);
  const std::string_view after = proto.substr(line_end + kLineEnd.size());
  switch (kind) {
    case '$':
    case '=':
    case '!':
      return ReadBulk(kind, line, after);
    case '*':
    case '~':
    case '>':
    case '%':
      return ReadAggregate(kind, line, after);
    default:
      return ReadLine(kind, line, after);
  }
}

bool RedisModuleCallReply::ReadLine(char kind, std::string_view line, std::string_view after) {
  switch (kind) {
    case '+':
      type = REDISMODULE_REPLY_STRING;
      text = line;
      return true;
    case '-':
      type = REDISMODULE_REPLY_ERROR;
      text = line;
      return true;
    case ':': {
      type = REDISMODULE_REPLY_INTEGER;
      const std::optional<int64_t> value = ParseInt64(line);
      integer = value.value_or(0);
      return value.has_value();
    }
    case '_':
      type = REDISMODULE_REPLY_NULL;
      return true;
    case '#':
      type = REDISMODULE_REPLY_BOOL;
      integer = line == "t" ? 1 : 0;
      return true;
    case ',':
      type = REDISMODULE_REPLY_DOUBLE;
      number = std::strtod(std::string(line).c_str(), nullptr);
      text = line;
      return true;
    case '(':
      type = REDISMODULE_REPLY_BIG_NUMBER;
      text = line;
      return true;
    default:
      return false;
  }
}

bool RedisModuleCallReply::ReadBulk(char kind, std::string_view line, std::string_view after) {
  const std::optional<int64_t> length = ParseInt64(line);
  if (!length.has_value()) return false;
  if (*length < 0) {
    type = REDISMODULE_REPLY_NULL;
    return true;
  }
  const auto bytes = static_cast<size_t>(*length);
  if (after.size() < bytes + kLineEnd.size()) return false;
  text = after.substr(0, bytes);
  type = kind == '!' ? REDISMODULE_REPLY_ERROR : REDISMODULE_REPLY_STRING;
  if (kind != '=') return true;
  constexpr size_t kFormatBytes = 3;
  if (text.size() <= kFormatBytes) return false;
  type = REDISMODULE_REPLY_VERBATIM_STRING;
  format = text.substr(0, kFormatBytes);
  text.remove_prefix(kFormatBytes + 1);
  return true;
}

bool RedisModuleCallReply::ReadAggregate(char kind, std::string_view line, std::string_view after) {
  const std::optional<int64_t> count = ParseInt64(line);
  if (!count.has_value()) return false;
  if (*count < 0) {
    type = REDISMODULE_REPLY_NULL;
    return true;
  }
  size = static_cast<size_t>(*count);
  elements_bytes_ = after;
  type = kind == '%'   ? REDISMODULE_REPLY_MAP
         : kind == '~' ? REDISMODULE_REPLY_SET
                       : REDISMODULE_REPLY_ARRAY;
  return true;
}

RedisModuleCallReply* RedisModuleCallReply::Element(size_t index) {
  const bool pairs = type == REDISMODULE_REPLY_MAP || type == REDISMODULE_REPLY_ATTRIBUTE;
  if (index >= size * (pairs ? 2 : 1)) return nullptr;
  if (elements_ == nullptr) elements_ = std::make_unique<std::deque<RedisModuleCallReply>>();
  while (elements_->size() <= index) {
    const std::string_view rest = elements_bytes_.substr(read_bytes_);
    const std::optional<size_t> length = SkipReply(rest);
    if (!length.has_value()) return nullptr;
    elements_->emplace_back(*root_, rest.substr(0, *length));
    read_bytes_ += *length;
  }
  return &(*elements_)[index];
}
