#include "node/resp/reply.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// kind, 20 digits, CRLF, and some air.
constexpr size_t kHeaderMax = 32;
// Above this a bulk string is appended in pieces rather than into one reserved stretch.
constexpr size_t kContiguousMax = 8 * 1024;

char* PutCrlf(char* p) {
  p[0] = '\r';
  p[1] = '\n';
  return p + 2;
}

char* PutHeader(char* p, char kind, int64_t n) {
  *p++ = kind;
  if (n >= 0 && n <= 9) {
    *p++ = static_cast<char>('0' + n);
  } else {
    p += FormatInt64(n, p);
  }
  return PutCrlf(p);
}

// Line ends at the end are cut, others become spaces.
void AppendLine(std::string_view text, OutputBuffer* out) {
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  while (true) {
    const size_t at = text.find_first_of("\r\n");
    out->Append(text.substr(0, at));
    if (at == std::string_view::npos) return;
    out->Append(" ");
    text.remove_prefix(at + 1);
  }
}

}  // namespace

void Reply::Header(char kind, int64_t n) {
  char* const begin = out_->Reserve(kHeaderMax);
  out_->Advance(static_cast<size_t>(PutHeader(begin, kind, n) - begin));
}

void Reply::Simple(std::string_view text) {
  out_->Append("+");
  AppendLine(text, out_);
  out_->Append("\r\n");
}

void Reply::Error(std::string_view text) {
  const WireErrorParts parts = SplitWireError(text);
  WriteError(parts.code, parts.text);
}

void Reply::Error(const absl::Status& status) { Error(StrCat("-", WireText(status))); }

void Reply::WriteError(std::string_view code, std::string_view text) {
  ++error_count_;
  error_code_size_ = static_cast<uint8_t>(std::min(code.size(), sizeof(error_code_)));
  std::memcpy(error_code_, code.data(), error_code_size_);
  out_->Append("-");
  out_->Append(code);
  if (!text.empty()) {
    out_->Append(" ");
    AppendLine(text, out_);
  }
  out_->Append("\r\n");
}

void Reply::Integer(int64_t value) { Header(':', value); }

void Reply::Bulk(std::string_view bytes) {
  if (bytes.size() > kContiguousMax) {
    Header('$', static_cast<int64_t>(bytes.size()));
    out_->Append(bytes);
    out_->Append("\r\n");
    return;
  }
  char* const begin = out_->Reserve(bytes.size() + kHeaderMax);
  char* p = PutHeader(begin, '$', static_cast<int64_t>(bytes.size()));
  if (!bytes.empty()) std::memcpy(p, bytes.data(), bytes.size());
  p = PutCrlf(p + bytes.size());
  out_->Advance(static_cast<size_t>(p - begin));
}

void Reply::BulkOwned(std::string&& bytes) {
  Header('$', static_cast<int64_t>(bytes.size()));
  out_->AppendOwned(std::move(bytes));
  out_->Append("\r\n");
}

void Reply::BulkOwned(OwnedBytes&& bytes) {
  Header('$', static_cast<int64_t>(bytes.size()));
  out_->AppendOwned(std::move(bytes));
  out_->Append("\r\n");
}

void Reply::BulkShared(std::shared_ptr<const void> owner, std::string_view bytes) {
  Header('$', static_cast<int64_t>(bytes.size()));
  out_->AppendShared(std::move(owner), bytes);
  out_->Append("\r\n");
}

void Reply::BulkInt(int64_t value) {
  char text[kInt64TextMax];
  Bulk({text, FormatInt64(value, text)});
}

void Reply::BulkDouble(double value) {
  char text[kDoubleTextMax];
  Bulk({text, FormatDouble(value, text)});
}

void Reply::BulkLongDouble(long double value) {
  char text[kLongDoubleTextMax];
  Bulk({text, FormatLongDouble(value, text)});
}

void Reply::Null() { out_->Append(resp3() ? "_\r\n" : "$-1\r\n"); }
void Reply::NullArray() { out_->Append(resp3() ? "_\r\n" : "*-1\r\n"); }
void Reply::Array(size_t n) { Header('*', static_cast<int64_t>(n)); }
void Reply::Set(size_t n) { Header(resp3() ? '~' : '*', static_cast<int64_t>(n)); }
void Reply::Push(size_t n) { Header(resp3() ? '>' : '*', static_cast<int64_t>(n)); }

void Reply::Map(size_t n) {
  if (resp3()) {
    Header('%', static_cast<int64_t>(n));
  } else {
    Header('*', static_cast<int64_t>(2 * n));
  }
}

bool Reply::Attribute(size_t n) {
  if (resp3()) Header('|', static_cast<int64_t>(n));
  return resp3();
}

void Reply::DoubleText(std::string_view text) {
  if (!resp3()) return Bulk(text);
  out_->Append(",");
  out_->Append(text);
  out_->Append("\r\n");
}

void Reply::Double(double value) {
  char text[kDoubleTextMax];
  DoubleText({text, FormatDouble(value, text)});
}

void Reply::HumanDouble(long double value) {
  char text[kLongDoubleTextMax];
  DoubleText({text, FormatLongDouble(value, text)});
}

void Reply::Bool(bool value) {
  if (resp3()) {
    out_->Append(value ? "#t\r\n" : "#f\r\n");
  } else {
    out_->Append(value ? ":1\r\n" : ":0\r\n");
  }
}

void Reply::BigNumber(std::string_view digits) {
  if (!resp3()) return Bulk(digits);
  out_->Append("(");
  AppendLine(digits, out_);
  out_->Append("\r\n");
}

void Reply::Verbatim(std::string_view format, std::string_view text) {
  if (!resp3()) return Bulk(text);
  char padded[4] = {' ', ' ', ' ', ':'};
  std::memcpy(padded, format.data(), std::min<size_t>(format.size(), 3));
  Header('=', static_cast<int64_t>(text.size() + sizeof(padded)));
  out_->Append({padded, sizeof(padded)});
  out_->Append(text);
  out_->Append("\r\n");
}

void Reply::BulkStrings(absl::Span<const std::string_view> items) {
  Array(items.size());
  for (const std::string_view item : items) Bulk(item);
}

Reply::Deferred Reply::Defer(char kind) {
  Deferred deferred;
  deferred.place = out_->ReserveLength();
  deferred.kind = kind;
  return deferred;
}

Reply::Deferred Reply::DeferArray() { return Defer('*'); }
Reply::Deferred Reply::DeferMap() { return Defer('%'); }
Reply::Deferred Reply::DeferSet() { return Defer(resp3() ? '~' : '*'); }
Reply::Deferred Reply::DeferPush() { return Defer(resp3() ? '>' : '*'); }
Reply::Deferred Reply::DeferAttribute() { return Defer('|'); }

void Reply::Finish(Deferred deferred, size_t n) {
  char kind = deferred.kind;
  if (kind == '%' && !resp3()) {
    kind = '*';
    n *= 2;
  }
  char header[kHeaderMax];
  const char* end = PutHeader(header, kind, static_cast<int64_t>(n));
  out_->FillLength(deferred.place, {header, static_cast<size_t>(end - header)});
}

}  // namespace slotmesh::node
