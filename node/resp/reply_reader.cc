#include "node/resp/reply_reader.h"

#include <algorithm>
#include <utility>

#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// Bytes used up stay in front until there are this many.
constexpr size_t kUsedMax = 64 * 1024;

void AppendDebug(const ReplyValue& value, std::string* out);

void AppendList(const std::vector<ReplyValue>& items, const char* open, const char* close,
                bool pairs, std::string* out) {
  *out += open;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i != 0) *out += pairs && i % 2 == 1 ? ": " : ", ";
    AppendDebug(items[i], out);
  }
  *out += close;
}

void AppendDebug(const ReplyValue& value, std::string* out) {
  switch (value.kind) {
    case ReplyKind::kSimple:
    case ReplyKind::kBigNumber:
    case ReplyKind::kDouble:
      *out += value.text;
      break;
    case ReplyKind::kError:
      *out += "(error) " + value.text;
      break;
    case ReplyKind::kInteger:
      *out += std::to_string(value.integer);
      break;
    case ReplyKind::kBulk:
    case ReplyKind::kVerbatim:
      *out += "\"" + value.text + "\"";
      break;
    case ReplyKind::kNull:
      *out += "nil";
      break;
    case ReplyKind::kBool:
      *out += value.integer != 0 ? "true" : "false";
      break;
    case ReplyKind::kArray:
      AppendList(value.elements, "[", "]", false, out);
      break;
    case ReplyKind::kPush:
      AppendList(value.elements, ">[", "]", false, out);
      break;
    case ReplyKind::kSet:
      AppendList(value.elements, "~{", "}", false, out);
      break;
    case ReplyKind::kMap:
      AppendList(value.elements, "{", "}", true, out);
      break;
  }
}

}  // namespace

std::string ReplyValue::DebugString() const {
  std::string text;
  AppendDebug(*this, &text);
  return text;
}

void ReplyReader::Feed(std::string_view bytes) {
  if (pos_ > kUsedMax || pos_ == buffer_.size()) {
    buffer_.erase(0, pos_);
    scanned_ -= std::min(scanned_, pos_);
    pos_ = 0;
  }
  buffer_.append(bytes);
}

absl::Status ReplyReader::Fail(std::string_view what) {
  failed_ = absl::DataLossError(StrCat("bad reply: ", what));
  return failed_;
}

absl::StatusOr<std::optional<ReplyValue>> ReplyReader::Next() {
  if (!failed_.ok()) return failed_;
  while (true) {
    ReplyValue value;
    const absl::StatusOr<Outcome> outcome = Read(&value);
    if (!outcome.ok()) return outcome.status();
    if (*outcome == Outcome::kNeedMore) return std::optional<ReplyValue>();
    if (*outcome == Outcome::kOpened) continue;
    value.attributes = std::exchange(attributes_, {});
    if (Place(&value)) {
      elements_ = 0;
      return std::optional<ReplyValue>(std::move(value));
    }
  }
}

absl::StatusOr<ReplyReader::Outcome> ReplyReader::Read(ReplyValue* value) {
  const size_t line_end = buffer_.find("\r\n", std::max(pos_, scanned_));
  if (std::min(line_end, buffer_.size()) - pos_ > limits_.line_bytes) return Fail("line too long");
  if (line_end == std::string::npos) {
    scanned_ = buffer_.empty() ? 0 : buffer_.size() - 1;  // Perhaps its '\r' is there.
    return Outcome::kNeedMore;
  }
  if (line_end == pos_) return Fail("empty line");
  scanned_ = line_end;
  const char kind = buffer_[pos_];
  const std::string_view rest = std::string_view(buffer_).substr(pos_ + 1, line_end - pos_ - 1);
  absl::StatusOr<Outcome> outcome = Outcome::kNeedMore;
  switch (kind) {
    case '$':
    case '=':
    case '!':
      return ReadSized(kind, rest, line_end, value);
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
      outcome = ReadAggregate(kind, rest, value);
      break;
    default:
      outcome = ReadScalar(kind, rest, value);
  }
  if (outcome.ok()) pos_ = line_end + 2;
  return outcome;
}

absl::StatusOr<ReplyReader::Outcome> ReplyReader::ReadSized(char kind, std::string_view number,
                                                            size_t line_end, ReplyValue* value) {
  const std::optional<int64_t> size = ParseInt64(number);
  if (!size.has_value() || *size < -1 || *size > static_cast<int64_t>(limits_.bulk_bytes)) {
    return Fail("invalid bulk length");
  }
  const size_t begin = line_end + 2;
  if (*size == -1) {
    pos_ = begin;
    return Outcome::kWhole;  // kNull.
  }
  const size_t n = static_cast<size_t>(*size);
  if (buffer_.size() - begin < n + 2) return Outcome::kNeedMore;
  if (buffer_.compare(begin + n, 2, "\r\n") != 0) return Fail("bulk string without its end");
  value->text = buffer_.substr(begin, n);
  value->kind = kind == '!'   ? ReplyKind::kError
                : kind == '=' ? ReplyKind::kVerbatim
                              : ReplyKind::kBulk;
  if (kind == '=') {
    if (n < 4 || value->text[3] != ':') return Fail("verbatim string without a format");
    value->format = value->text.substr(0, 3);
    value->text.erase(0, 4);
  }
  pos_ = begin + n + 2;
  return Outcome::kWhole;
}

absl::StatusOr<ReplyReader::Outcome> ReplyReader::ReadAggregate(char kind, std::string_view number,
                                                                ReplyValue* value) {
  const std::optional<int64_t> count = ParseInt64(number);
  if (kind == '*' && count == -1) return Outcome::kWhole;  // kNull.
  const size_t each = kind == '%' || kind == '|' ? 2 : 1;
  if (!count.has_value() || *count < 0 ||
      static_cast<uint64_t>(*count) > (limits_.elements - elements_) / each) {
    return Fail("invalid aggregate length");
  }
  const size_t values = static_cast<size_t>(*count) * each;
  value->kind = static_cast<ReplyKind>(kind);
  const bool is_attribute = kind == '|';
  if (*count == 0 && !is_attribute) return Outcome::kWhole;
  if (*count == 0) return Outcome::kOpened;  // No attributes: as if it were not there.
  if (open_.size() >= static_cast<size_t>(limits_.depth)) return Fail("nested too deeply");
  if (!is_attribute) value->attributes = std::exchange(attributes_, {});
  elements_ += values;
  open_.push_back({std::move(*value), values, is_attribute});
  return Outcome::kOpened;
}

absl::StatusOr<ReplyReader::Outcome> ReplyReader::ReadScalar(char kind, std::string_view text,
                                                             ReplyValue* value) {
  switch (kind) {
    case '+':
    case '-':
    case '(':
      value->text = std::string(text);
      break;
    case ':': {
      // RESP allows what Redis never writes: a plus sign.
      const std::optional<int64_t> number =
          ParseInt64(text.substr(!text.empty() && text[0] == '+' ? 1 : 0));
      if (!number.has_value()) return Fail("invalid integer");
      value->integer = *number;
      break;
    }
    case ',': {
      const std::optional<double> number = ParseDouble(text);
      if (!number.has_value() && text != "nan" && text != "-nan") return Fail("invalid double");
      value->number = number.value_or(__builtin_nan(""));
      value->text = std::string(text);
      break;
    }
    case '#':
      if (text != "t" && text != "f") return Fail("invalid boolean");
      value->integer = text == "t" ? 1 : 0;
      break;
    case '_':
      if (!text.empty()) return Fail("invalid null");
      break;
    default:
      return Fail("unknown type");
  }
  value->kind = static_cast<ReplyKind>(kind);
  return Outcome::kWhole;
}

bool ReplyReader::Place(ReplyValue* value) {
  while (!open_.empty()) {
    Open& top = open_.back();
    top.value.elements.push_back(std::move(*value));
    if (--top.left > 0) return false;
    if (top.is_attribute) {
      attributes_ = std::move(top.value.elements);
      open_.pop_back();
      return false;
    }
    *value = std::move(top.value);
    open_.pop_back();
  }
  return true;
}

}  // namespace slotmesh::node
