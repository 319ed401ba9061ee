// Writes RESP replies into an OutputBuffer, in the protocol version of the client: one call, both
// protocols.
//
// RESP2 clients get Redis' fallbacks: maps and attributes as flat arrays, sets and pushes as
// arrays, doubles and big numbers as bulk strings, booleans as 1 and 0, nulls as $-1, verbatim
// strings as bulk strings. Thread-compatible; borrows the buffer. A handler writes exactly one
// reply, which may be an aggregate followed by its elements (a map of n: n keys and n values,
// alternately). Errors written are remembered for INFO's errorstats: the dispatcher reads and
// clears them after each command. Cost: a copy into the buffer; no allocation but for long error
// texts.
#ifndef SLOTMESH_NODE_RESP_REPLY_H_
#define SLOTMESH_NODE_RESP_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "node/resp/output_buffer.h"
#include "node/resp/owned_bytes.h"

namespace slotmesh::node {

enum class Protocol : uint8_t { kResp2 = 2, kResp3 = 3 };

class Reply {
 public:
  explicit Reply(OutputBuffer* out, Protocol protocol = Protocol::kResp2)
      : out_(out), protocol_(protocol) {}

  Protocol protocol() const { return protocol_; }
  bool resp3() const { return protocol_ == Protocol::kResp3; }
  void set_protocol(Protocol protocol) { protocol_ = protocol; }
  OutputBuffer& buffer() { return *out_; }

  // +OK, +QUEUED, +<text>. CR and LF in a text become spaces.
  void Ok() { out_->Append("+OK\r\n"); }
  void Queued() { out_->Append("+QUEUED\r\n"); }
  void Simple(std::string_view text);

  // An error: "-CODE text". A text that starts with '-' or with a word of at least three capitals,
  // digits and underscores has its code; any other gets ERR. CR and LF at the end are cut, others
  // become spaces. A Status made by WireStatus() (errors.h) keeps its code. REQUIRES: !status.ok().
  void Error(std::string_view text);
  void Error(const absl::Status& status);

  void Integer(int64_t value);
  void Bulk(std::string_view bytes);
  // Bulk strings that are handed over instead of copied (if large). Shared: `bytes` lives as long
  // as `owner`.
  void BulkOwned(std::string&& bytes);
  void BulkOwned(OwnedBytes&& bytes);
  void BulkShared(std::shared_ptr<const void> owner, std::string_view bytes);
  void BulkInt(int64_t value);             // Its decimal text.
  void BulkDouble(double value);           // Its %.17g text, in both protocols.
  void BulkLongDouble(long double value);  // As INCRBYFLOAT writes: %.17Lf, trailing zeros cut.

  void Null();       // $-1 | _
  void NullArray();  // *-1 | _
  void Array(size_t n);
  void EmptyArray() { out_->Append("*0\r\n"); }
  void Map(size_t n);  // n pairs follow.
  void Set(size_t n);
  void Push(size_t n);
  // An attribute of n pairs, to be followed by the pairs and then the reply proper. False for
  // RESP2, which knows none: then write no pairs.
  [[nodiscard]] bool Attribute(size_t n);

  void Double(double value);            // $..%.17g | ,%.17g; inf, -inf, nan by name
  void HumanDouble(long double value);  // $..%.17Lf trimmed | ,..
  void Bool(bool value);                // :1 :0 | #t #f
  void BigNumber(std::string_view digits);
  // `format` has three characters, such as "txt".
  void Verbatim(std::string_view format, std::string_view text);
  void BulkStrings(absl::Span<const std::string_view> items);  // An array of bulk strings.

  // An aggregate whose length is known only at the end. Deferred lengths nest; each must be
  // finished, inner ones first.
  class Deferred {
   private:
    friend class Reply;
    OutputBuffer::LengthPlace place;
    char kind;
  };
  Deferred DeferArray();
  Deferred DeferMap();
  Deferred DeferSet();
  Deferred DeferPush();
  Deferred DeferAttribute();  // REQUIRES: resp3().
  void Finish(Deferred deferred, size_t n);

  // Bytes that are RESP already, in this client's protocol.
  void Raw(std::string_view resp) { out_->Append(resp); }

  // Errors written since the last ClearErrors(): how many, and the last one's code ("ERR",
  // "WRONGTYPE"; cut at 31 characters).
  uint32_t error_count() const { return error_count_; }
  std::string_view last_error_code() const { return {error_code_, error_code_size_}; }
  void ClearErrors() { error_count_ = 0; }

 private:
  void Header(char kind, int64_t n);
  void DoubleText(std::string_view text);
  void WriteError(std::string_view code, std::string_view text);
  Deferred Defer(char kind);

  OutputBuffer* out_;
  Protocol protocol_;
  uint8_t error_code_size_ = 0;
  char error_code_[31];
  uint32_t error_count_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_RESP_REPLY_H_
