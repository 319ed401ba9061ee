#include "node/resp/parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "node/resp/numbers.h"
#include "node/resp/split_args.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// A batch that once held a huge request does not keep its memory.
constexpr size_t kBatchArgsKept = 16 * 1024;

// White space before a word is more than what ends one, as in SplitArgs.
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool EndsWord(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Reads "<kind><up to 9 digits>\r?" at *p and steps over it. False if that is not what stands
// there, whole: then the slow path finds out what does.
bool FastLength(const char** p, const char* end, char kind, uint32_t* value) {
  const char* q = *p;
  if (end - q < 4 || *q != kind) return false;
  uint32_t number = static_cast<unsigned char>(q[1]) - '0';
  if (number > 9) return false;
  q += 2;
  if (*q != '\r') {
    if (number == 0) return false;
    const char* limit = std::min(end, q + 8);
    uint32_t digit;
    while (q < limit && (digit = static_cast<unsigned char>(*q) - '0') <= 9) {
      number = number * 10 + digit;
      ++q;
    }
    if (end - q < 2 || *q != '\r') return false;
  }
  *p = q + 2;
  *value = number;
  return true;
}

}  // namespace

std::optional<OwnedBytes> RequestBatch::TakeOver(std::string_view arg) {
  for (OwnedBytes& owned : owned_) {
    if (owned.data() == arg.data() && owned.size() == arg.size() && owned.size() >= kBigArgument) {
      return std::move(owned);
    }
  }
  return std::nullopt;
}

size_t RequestBatch::owned_bytes() const {
  size_t bytes = 0;
  for (const OwnedBytes& owned : owned_) bytes += owned.capacity();
  return bytes;
}

void RequestBatch::Clear() {
  requests_.clear();
  args_.clear();
  owned_.clear();
  if (args_.capacity() > kBatchArgsKept) args_.shrink_to_fit();
}

absl::Span<char> RequestParser::PrepareRead() {
  if (!big_incomplete()) return buffer_.PrepareTail(kReadChunk);
  if (big_filled_ == big_.capacity()) big_.Reallocate(std::min(big_size(), big_.capacity() * 2));
  return absl::Span<char>(big_.data() + big_filled_, big_.capacity() - big_filled_);
}

void RequestParser::CommitRead(size_t n) {
  if (big_incomplete()) {
    big_filled_ += n;
    CHECK_LE(big_filled_, big_.capacity());
  } else {
    buffer_.CommitTail(n);
  }
}

void RequestParser::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const absl::Span<char> space = PrepareRead();
    const size_t n = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), n);
    CommitRead(n);
    bytes.remove_prefix(n);
  }
}

ParseStatus RequestParser::Parse(RequestBatch* batch, size_t max_requests) {
  batch->Clear();
  if (failed_ != ParseStatus::kNeedMore) return failed_;
  if (!limits_.authenticated) max_requests = std::min<size_t>(max_requests, 1);
  while (batch->size() < max_requests) {
    switch (ParseOne(batch)) {
      case Step::kDone:
        break;
      case Step::kFailed:
        return failed_;
      case Step::kIncomplete:
        if (pending_bytes() > limits_.query_buffer) failed_ = ParseStatus::kBufferLimit;
        return failed_;
    }
  }
  return pending_bytes() == 0 ? ParseStatus::kNeedMore : ParseStatus::kBatchFull;
}

size_t RequestParser::memory_bytes() const {
  return buffer_.capacity() + big_.capacity() + pending_owned_bytes_ +
         pending_.capacity() * sizeof(PendingArg);
}

bool RequestParser::Borrow(QueryBuffer& spare) {
  if (buffer_.owns_memory() || args_left_ != 0) return false;
  std::swap(buffer_, spare);
  return true;
}

bool RequestParser::GiveBack(QueryBuffer& spare) {
  if (pending_bytes() != 0 || args_left_ != 0) return false;
  std::swap(buffer_, spare);
  return true;
}

void RequestParser::ReleaseIdle() {
  // PrepareRead makes it larger again as bytes come.
  if (big_incomplete()) {
    const size_t kept = std::max(big_filled_, kReadChunk);
    if (kept < big_.capacity()) big_.Reallocate(kept);
  }
  if (pending_bytes() == 0 && args_left_ == 0) {
    buffer_.Release();
    pending_ = std::vector<PendingArg>();
    pending_owned_ = std::vector<OwnedBytes>();
  }
}

RequestParser::Step RequestParser::ParseOne(RequestBatch* batch) {
  if (args_left_ != 0) return ParseMultibulk(batch);
  if (buffer_.size() == 0) return Step::kIncomplete;
  if (*buffer_.data() != '*') return ParseInline(batch);
  if (ParseWhole(batch)) return Step::kDone;
  return ParseMultibulk(batch);
}

// The common case: a request that has arrived whole, with nothing to object to.
bool RequestParser::ParseWhole(RequestBatch* batch) {
  const char* const begin = buffer_.data();
  const char* const end = begin + buffer_.size();
  const char* p = begin;
  const bool known = limits_.authenticated;
  const uint64_t count_max =
      known ? limits_.multibulk_length : limits_.unauthenticated_multibulk_length;
  const uint64_t size_max =
      known ? limits_.bulk_length
            : std::min(limits_.bulk_length, limits_.unauthenticated_bulk_length);
  uint32_t count;
  if (!FastLength(&p, end, '*', &count) || count == 0 || count > count_max) return false;
  std::vector<std::string_view>& args = batch->args_;
  const size_t first = args.size();
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t size;
    if (!FastLength(&p, end, '$', &size) || size > size_max ||
        static_cast<size_t>(end - p) < size_t{size} + 2) {
      args.resize(first);
      return false;
    }
    args.emplace_back(p, size);
    p += size_t{size} + 2;
  }
  pos_ = static_cast<size_t>(p - begin);
  Emit(batch, first, /*is_inline=*/false);
  return true;
}

RequestParser::Step RequestParser::ParseMultibulk(RequestBatch* batch) {
  if (args_left_ == 0) {
    const Step step = ReadMultibulkLength();
    if (step != Step::kDone) return step;
    if (args_left_ == 0) {  // "*0" or "*-1": no request.
      Skip();
      return Step::kDone;
    }
  }
  while (args_left_ > 0) {
    if (bulk_left_ < 0) {
      const Step step = ReadBulkLength();
      if (step != Step::kDone) return step;
    }
    const Step step = ReadBulk();
    if (step != Step::kDone) return step;
    bulk_left_ = -1;
    --args_left_;
  }
  TakePending(batch);
  return Step::kDone;
}

// The line at pos_ without its end, which is '\r' and any byte after it.
RequestParser::Step RequestParser::FindLine(std::string_view too_big, std::string_view* line) {
  const char* const begin = buffer_.data() + pos_;
  const size_t size = buffer_.size() - pos_;
  const size_t from = std::max(scanned_, pos_) - pos_;
  const void* found = from == size ? nullptr : std::memchr(begin + from, '\r', size - from);
  const size_t length =
      found == nullptr ? size : static_cast<size_t>(static_cast<const char*>(found) - begin);
  if (length > kInlineMax) return Fail(StrCat("Protocol error: ", too_big));
  scanned_ = pos_ + length;
  if (found == nullptr || length + 2 > size) return Step::kIncomplete;
  *line = std::string_view(begin, length);
  return Step::kDone;
}

RequestParser::Step RequestParser::ReadMultibulkLength() {
  std::string_view line;
  const Step step = FindLine("too big mbulk count string", &line);
  if (step != Step::kDone) return step;
  const std::optional<int64_t> count = ParseInt64(line.substr(1));
  if (!count.has_value() || *count > limits_.multibulk_length) {
    return Fail("Protocol error: invalid multibulk length");
  }
  if (!limits_.authenticated && *count > limits_.unauthenticated_multibulk_length) {
    return Fail("Protocol error: unauthenticated multibulk length");
  }
  pos_ += line.size() + 2;
  args_left_ = std::max<int64_t>(*count, 0);
  return Step::kDone;
}

RequestParser::Step RequestParser::ReadBulkLength() {
  std::string_view line;
  const Step step = FindLine("too big bulk count string", &line);
  if (step != Step::kDone) return step;
  if (line.empty() || line[0] != '$') {
    const char got = line.empty() ? '\r' : line[0];
    return Fail(StrCat("Protocol error: expected '$', got '", std::string(1, got), "'"));
  }
  const std::optional<int64_t> size = ParseInt64(line.substr(1));
  if (!size.has_value() || *size < 0 || *size > limits_.bulk_length) {
    return Fail("Protocol error: invalid bulk length");
  }
  if (!limits_.authenticated && *size > limits_.unauthenticated_bulk_length) {
    return Fail("Protocol error: unauthenticated bulk length");
  }
  pos_ += line.size() + 2;
  bulk_left_ = *size;
  if (static_cast<size_t>(*size) >= kBigArgument && buffer_.size() - pos_ < big_size()) StartBig();
  return Step::kDone;
}

RequestParser::Step RequestParser::ReadBulk() {
  const size_t size = static_cast<size_t>(bulk_left_);
  if (reading_big_) {
    if (big_filled_ < big_size()) return Step::kIncomplete;
    if (pending_bytes() > limits_.query_buffer) {
      failed_ = ParseStatus::kBufferLimit;
      return Step::kFailed;
    }
    big_.set_size(size);
    pending_.push_back({pending_owned_.size(), size, true});
    pending_owned_.push_back(std::move(big_));
    pending_owned_bytes_ += size;
    request_bytes_ += size + 2;
    reading_big_ = false;
    big_filled_ = 0;
    return Step::kDone;
  }
  if (buffer_.size() - pos_ < size + 2) return Step::kIncomplete;
  pending_.push_back({pos_, size, false});
  pos_ += size + 2;
  return Step::kDone;
}

// What has come of the argument moves to its own buffer, where reads go from now on.
void RequestParser::StartBig() {
  const size_t have = buffer_.size() - pos_;
  big_ = OwnedBytes::Allocate(std::min(big_size(), std::max(kEagerAllocationMax, have)));
  if (have != 0) std::memcpy(big_.data(), buffer_.data() + pos_, have);
  // The buffer may become empty only if the request's earlier bytes are gone, which they are not:
  // its header is there.
  buffer_.DropTail(have);
  big_filled_ = have;
  reading_big_ = true;
}

void RequestParser::TakePending(RequestBatch* batch) {
  const size_t first = batch->args_.size();
  const char* const begin = buffer_.data();
  for (const PendingArg& arg : pending_) {
    const char* data = arg.owned ? pending_owned_[arg.offset].data() : begin + arg.offset;
    batch->args_.emplace_back(data, arg.size);
  }
  for (OwnedBytes& owned : pending_owned_) batch->owned_.push_back(std::move(owned));
  pending_.clear();
  if (pending_.capacity() > kBatchArgsKept) pending_.shrink_to_fit();
  pending_owned_.clear();
  pending_owned_bytes_ = 0;
  Emit(batch, first, /*is_inline=*/false);
}

RequestParser::Step RequestParser::ParseInline(RequestBatch* batch) {
  const char* const begin = buffer_.data();
  const size_t size = buffer_.size();
  const size_t from = scanned_;
  const void* found = from == size ? nullptr : std::memchr(begin + from, '\n', size - from);
  size_t length =
      found == nullptr ? size : static_cast<size_t>(static_cast<const char*>(found) - begin);
  // As for C strings, nothing is found behind a NUL: such a line never ends, but in the limit.
  const void* nul = from == length ? nullptr : std::memchr(begin + from, '\0', length - from);
  if (nul != nullptr) {
    found = nullptr;
    scanned_ = static_cast<size_t>(static_cast<const char*>(nul) - begin);
    length = size;
  } else {
    scanned_ = length;
  }
  if (length > kInlineMax) return Fail("Protocol error: too big inline request");
  if (found == nullptr) return Step::kIncomplete;
  pos_ = length + 1;
  std::string_view line(begin, length);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) ++empty_lines_;
  const size_t first = batch->args_.size();
  SplitInline(line, batch);
  if (failed_ != ParseStatus::kNeedMore) return Step::kFailed;
  if (batch->args_.size() == first) {
    Skip();
  } else {
    Emit(batch, first, /*is_inline=*/true);
  }
  return Step::kDone;
}

void RequestParser::SplitInline(std::string_view line, RequestBatch* batch) {
  const bool quoted =
      line.find('"') != std::string_view::npos || line.find('\'') != std::string_view::npos;
  if (!quoted) {
    const char* p = line.data();
    const char* const end = p + line.size();
    while (true) {
      while (p != end && IsSpace(*p)) ++p;
      if (p == end) return;
      const char* const word = p;
      while (p != end && !EndsWord(*p)) ++p;
      batch->args_.emplace_back(word, static_cast<size_t>(p - word));
    }
  }
  const std::optional<std::vector<std::string>> words = SplitArgs(line);
  if (!words.has_value()) {
    Fail("Protocol error: unbalanced quotes in request");
    return;
  }
  // Unquoted words are never longer than the line.
  OwnedBytes block = OwnedBytes::Allocate(line.size());
  char* p = block.data();
  for (const std::string& word : *words) {
    std::memcpy(p, word.data(), word.size());
    batch->args_.emplace_back(p, word.size());
    p += word.size();
  }
  batch->owned_.push_back(std::move(block));
}

void RequestParser::Emit(RequestBatch* batch, size_t first_arg, bool is_inline) {
  const uint64_t wire = request_bytes_ + pos_;
  batch->requests_.push_back({static_cast<uint32_t>(first_arg),
                              static_cast<uint32_t>(batch->args_.size() - first_arg), wire,
                              is_inline});
  consumed_ += wire;
  request_bytes_ = 0;
  buffer_.Consume(pos_);
  pos_ = 0;
  scanned_ = 0;
}

// Steps over a request without arguments; its bytes count with the next one.
void RequestParser::Skip() {
  request_bytes_ += pos_;
  buffer_.Consume(pos_);
  pos_ = 0;
  scanned_ = 0;
}

RequestParser::Step RequestParser::Fail(std::string text) {
  error_text_ = std::move(text);
  failed_ = ParseStatus::kProtocolError;
  return Step::kFailed;
}

}  // namespace slotmesh::node
