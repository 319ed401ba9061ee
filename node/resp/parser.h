// Incremental parser of client requests: RESP multibulk and inline commands, from one connection's
// bytes to batches of argument views.
//
//   absl::Span<char> space = parser.PrepareRead();     // read(2) straight into it
//   parser.CommitRead(n);
//   while (true) {
//     ParseStatus status = parser.Parse(&batch);       // everything that is complete, no copies
//     for (size_t i = 0; i < batch.size(); ++i) Execute(batch.args(i));
//     ...                                              // see ParseStatus
//   }
//
// Thread-compatible. The parser owns the bytes; argument views point into them and stay valid until
// the next PrepareRead(), Parse(), ReleaseIdle() or destruction, so a batch may be executed bit by
// bit, but it must be finished (or copied) before more is read. A bulk string of at least
// kBigArgument bytes that has not arrived whole is read straight into a buffer of its own, which a
// handler may keep (RequestBatch::TakeOver). Cost: no allocation per request once buffers and batch
// have grown to their working size; nothing is scanned twice, however the bytes are cut. Memory:
// what was read and not yet executed, the announced size of at most one big argument (grown in
// steps above kEagerAllocationMax), bounded by ParserLimits::query_buffer. Any bytes at all are
// fine as input: they give requests or an error, never a crash.
#ifndef SLOTMESH_NODE_RESP_PARSER_H_
#define SLOTMESH_NODE_RESP_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "node/resp/args.h"
#include "node/resp/owned_bytes.h"
#include "node/resp/query_buffer.h"

namespace slotmesh::node {

// Bulk strings from this size on are read into a buffer of their own.
inline constexpr size_t kBigArgument = 32 * 1024;
inline constexpr size_t kInlineMax = 64 * 1024;
inline constexpr size_t kReadChunk = 16 * 1024;
inline constexpr size_t kEagerAllocationMax = 64 * 1024 * 1024;

struct ParserLimits {
  int64_t bulk_length = 512ll * 1024 * 1024;      // proto-max-bulk-len
  int64_t multibulk_length = 1024 * 1024;         // elements of one request
  uint64_t query_buffer = 1024ull * 1024 * 1024;  // client-query-buffer-limit
  // Before a client has authenticated. Then a batch also holds one request only, because that one
  // may be AUTH.
  bool authenticated = true;
  int64_t unauthenticated_multibulk_length = 10;
  int64_t unauthenticated_bulk_length = 16 * 1024;
};

enum class ParseStatus : uint8_t {
  kNeedMore = 0,       // The batch holds all that was complete (perhaps nothing): read more.
  kBatchFull = 1,      // The batch is full; call Parse again after executing it.
  kProtocolError = 2,  // After executing the batch: reply error_text(), close.
  kBufferLimit =
      3,  // After executing the batch: close without a reply (query buffer limit reached).
};

// Requests in the order of arrival. Owned by the caller and reused, so that it stops allocating.
class RequestBatch {
 public:
  static constexpr size_t kRequestsMax = 512;  // Bounds what one loop turn executes for one client.

  size_t size() const { return requests_.size(); }
  bool empty() const { return requests_.empty(); }
  // Never empty: requests without any argument are skipped, as Redis does.
  Args args(size_t i) const { return Args(args_.data() + requests_[i].first, requests_[i].count); }
  // Bytes of the stream that this request took, with empty requests just before it.
  uint64_t wire_bytes(size_t i) const { return requests_[i].wire_bytes; }
  // True if the request came as an inline command (which a primary never sends).
  bool is_inline(size_t i) const { return requests_[i].is_inline; }
  // All arguments of all requests, in order.
  absl::Span<const std::string_view> all_args() const { return args_; }

  // Memory of big arguments.
  size_t owned_bytes() const;

  // Gives away the buffer behind an argument that was read into one of its own; nothing otherwise
  // (then copy). The view stays valid as long as the new owner keeps the buffer. Cost: O(big
  // arguments in the batch).
  std::optional<OwnedBytes> TakeOver(std::string_view arg);

  void Clear();

 private:
  friend class RequestParser;
  struct Request {
    uint32_t first;
    uint32_t count;
    uint64_t wire_bytes;
    bool is_inline;
  };
  std::vector<Request> requests_;
  std::vector<std::string_view> args_;
  std::vector<OwnedBytes> owned_;  // Big and unquoted inline arguments that args_ points to.
};

class RequestParser {
 public:
  explicit RequestParser(const ParserLimits& limits = {}) : limits_(limits) {}

  // Limits may change between calls (CONFIG SET, AUTH); they hold from the next length on.
  ParserLimits& limits() { return limits_; }

  // Space for the next read: at least one byte, normally at least kReadChunk; less where a big
  // argument's rest is read in place. Valid until CommitRead().
  absl::Span<char> PrepareRead();
  // REQUIRES: n <= the size of the space.
  void CommitRead(size_t n);
  // For bytes that come from elsewhere (tests, a replication backlog): copies.
  void Feed(std::string_view bytes);

  // Clears *batch and fills it with what is complete, at most max_requests. After an error the
  // parser stays in it.
  ParseStatus Parse(RequestBatch* batch, size_t max_requests = RequestBatch::kRequestsMax);

  // "Protocol error: ..." as Redis words it; the wire adds "-ERR ". Empty without an error.
  const std::string& error_text() const { return error_text_; }

  // Bytes read and not yet given out as requests; the whole buffers' memory (CLIENT LIST's qbuf and
  // more).
  size_t pending_bytes() const { return buffer_.size() + big_filled_ + pending_owned_bytes_; }
  size_t memory_bytes() const;
  // Those of them that are not yet parsed.
  size_t unparsed_bytes() const { return buffer_.size() - pos_ + big_filled_; }
  // Stream position: bytes given out as requests so far.
  uint64_t consumed_bytes() const { return consumed_; }
  // Lines that held nothing (a replica's keep-alive newlines).
  uint64_t empty_lines() const { return empty_lines_; }
  // Gives memory back where no request is half read; for idle connections. A big argument that is
  // half read keeps what it has.
  void ReleaseIdle();
  // Parsers without memory of their own may share one buffer, as long as they read whole requests:
  // Borrow() before PrepareRead(), GiveBack() once what was parsed has been executed. What is left
  // over of a read stays, and the parser keeps the buffer: then `spare` becomes empty. Both give
  // true if the buffer changed hands.
  bool Borrow(QueryBuffer& spare);
  bool GiveBack(QueryBuffer& spare);

 private:
  enum class Step : uint8_t { kDone, kIncomplete, kFailed };
  // An argument of the request that is not yet complete.
  struct PendingArg {
    size_t offset;  // From the request's start in buffer_; or index into pending_owned_.
    size_t size;
    bool owned;
  };

  Step ParseOne(RequestBatch* batch);
  Step ParseInline(RequestBatch* batch);
  void SplitInline(std::string_view line, RequestBatch* batch);
  Step ParseMultibulk(RequestBatch* batch);
  bool ParseWhole(RequestBatch* batch);
  Step ReadMultibulkLength();
  Step ReadBulkLength();
  Step ReadBulk();
  void StartBig();
  Step FindLine(std::string_view too_big, std::string_view* line);
  void TakePending(RequestBatch* batch);
  void Emit(RequestBatch* batch, size_t first_arg, bool is_inline);
  void Skip();
  Step Fail(std::string text);
  size_t big_size() const { return static_cast<size_t>(bulk_left_) + 2; }
  bool big_incomplete() const { return reading_big_ && big_filled_ < big_size(); }

  ParserLimits limits_;
  QueryBuffer buffer_;      // From the start of the request that is not complete.
  size_t pos_ = 0;          // In buffer_: what is parsed of it.
  size_t scanned_ = 0;      // In buffer_: no line end before this.
  int64_t args_left_ = 0;   // Of a multibulk request in progress; 0: between requests.
  int64_t bulk_left_ = -1;  // Length of the bulk string that comes next; -1: its header comes next.
  std::vector<PendingArg> pending_;
  std::vector<OwnedBytes> pending_owned_;
  size_t pending_owned_bytes_ = 0;
  bool reading_big_ = false;
  OwnedBytes big_;  // Being read: bulk_left_ + 2 bytes in all.
  size_t big_filled_ = 0;
  uint64_t request_bytes_ = 0;  // Of the request in progress that are no longer counted in pos_.
  uint64_t consumed_ = 0;
  uint64_t empty_lines_ = 0;
  ParseStatus failed_ = ParseStatus::kNeedMore;
  std::string error_text_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_RESP_PARSER_H_
