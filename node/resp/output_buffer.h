// What waits to be written to one connection: filled by Reply, emptied by the connection with one
// gathering write per loop turn.
//
//   std::string_view parts[OutputBuffer::kPartsMax];
//   size_t n = buffer.Peek(parts);       // -> iovecs
//   buffer.Consume(bytes_written);
//
// Thread-compatible. Owns its chunks and what AppendOwned/AppendShared were given; views from
// Peek() are valid until the next non-const call. Cost: appending copies into chunks of kChunkSize,
// no allocation per reply in the common case (one chunk is kept while the buffer is in use;
// Release() gives it back); large payloads can be attached without a copy. Invariant: size() is the
// sum of all parts. The bound on size is the connection's (client-output-buffer-limit): past
// set_limit() the content is dropped and nothing more is kept, so that a reply of any length ends
// in bounded memory; the connection sees overflowed() and closes.
#ifndef SLOTMESH_NODE_RESP_OUTPUT_BUFFER_H_
#define SLOTMESH_NODE_RESP_OUTPUT_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "node/resp/owned_bytes.h"

namespace slotmesh::node {

class OutputBuffer {
 public:
  static constexpr size_t kChunkSize = 16 * 1024;
  // What comes after an attached payload is usually just one more header; a client that has been
  // quiet starts small, too.
  static constexpr size_t kSmallChunkSize = 1024;
  // Payloads below this are copied by AppendOwned and AppendShared, which is cheaper than one more
  // part.
  static constexpr size_t kAttachMin = 16 * 1024;
  static constexpr size_t kPartsMax = 64;
  // What ReserveLength keeps free: "*<64 bit number>\r\n".
  static constexpr size_t kLengthReserve = 24;

  OutputBuffer() = default;
  OutputBuffer(OutputBuffer&& other) noexcept;
  OutputBuffer& operator=(OutputBuffer&& other) noexcept;
  ~OutputBuffer() = default;

  // At least n contiguous bytes to write to; Advance(written) makes them content. REQUIRES: n <= 1
  // GiB.
  char* Reserve(size_t n) {
    if (static_cast<size_t>(end_ - cursor_) < n) NewChunk(n);
    return cursor_;
  }
  void Advance(size_t n) { cursor_ += n; }

  void Append(std::string_view bytes) {
    if (static_cast<size_t>(end_ - cursor_) >= bytes.size()) {
      if (!bytes.empty()) std::memcpy(cursor_, bytes.data(), bytes.size());
      cursor_ += bytes.size();
    } else {
      AppendSlow(bytes);
    }
  }
  // Take ownership of the payload instead of copying it (copied if small).
  void AppendOwned(std::string&& bytes);
  void AppendOwned(OwnedBytes&& bytes);
  // `bytes` stays readable and unchanged as long as `owner` lives.
  void AppendShared(std::shared_ptr<const void> owner, std::string_view bytes);
  // Moves all of other's content to the end of this; other is empty afterwards.
  void AppendBuffer(OutputBuffer&& other);

  // A place for an aggregate's header whose length is known only later. Places nest; they are
  // filled in reverse order, before anything is consumed. FillLength: header.size() <=
  // kLengthReserve. Cost: moves at most a chunk.
  struct LengthPlace {
    size_t part;
    size_t offset;
  };
  LengthPlace ReserveLength();
  void FillLength(LengthPlace place, std::string_view header);

  // Content now; and how much was ever appended, consumed or not (a position in the connection's
  // output stream).
  size_t size() const { return sealed_size_ + static_cast<size_t>(cursor_ - tail_begin_); }
  bool empty() const { return size() == 0; }
  uint64_t end_position() const { return consumed_ + size(); }
  // Memory held; and what of it client-output-buffer-limit and CLIENT LIST's omem count: nothing as
  // long as the one chunk that every client has suffices.
  size_t memory_bytes() const { return memory_; }
  size_t limited_bytes() const { return memory_ > kChunkSize ? memory_ : 0; }
  // The size of the chunk that is in use, or of the next one.
  size_t chunk_bytes() const { return cursor_ != nullptr ? parts_.back().memory : next_chunk_; }
  // Of limited_bytes(); 0: no limit.
  void set_limit(size_t bytes) { limit_ = bytes; }
  bool limited() const { return limit_ != 0; }
  // The limit was passed: what was in the buffer is lost, and so is all that is appended.
  bool overflowed() const { return overflowed_; }
  size_t part_count() const;

  // Fills `parts` with the first parts of the content, in order; returns how many. All are
  // non-empty.
  size_t Peek(absl::Span<std::string_view> parts) const;
  // REQUIRES: n <= size().
  void Consume(size_t n);
  // Drops everything after end position `position` (CLIENT REPLY OFF, a reply that is replaced).
  // REQUIRES: consumed bytes <= position <= end_position().
  void TruncateTo(uint64_t position);
  void Clear() { Consume(size()); }
  // Gives back the spare chunk of an empty buffer; the next one will be small until that does not
  // suffice. No effect otherwise.
  void Release();
  // All content in one string, for tests and scripts.
  std::string ToString() const;

 private:
  struct Part {
    char* data = nullptr;
    size_t size = 0;        // The tail part's content is [tail_begin_, cursor_) instead.
    size_t memory = 0;      // What it counts for in memory_.
    bool attached = false;  // Not appendable.
    OwnedBytes chunk;       // The memory behind data, or
    std::shared_ptr<const void> owner;
  };
  void NewChunk(size_t min);
  void AppendSlow(std::string_view bytes);
  void SealTail();
  void RewindTail();
  Part& Attach(const char* data, size_t size);
  void Overflow();

  std::vector<Part>
      parts_;  // [first_, parts_.size()): content; the last one is the tail if cursor_ is set.
  size_t first_ = 0;
  char* tail_begin_ =
      nullptr;  // Content of the tail part: [tail_begin_, cursor_), free: [cursor_, end_).
  char* cursor_ = nullptr;
  char* end_ = nullptr;
  size_t sealed_size_ = 0;
  size_t memory_ = 0;
  uint64_t consumed_ = 0;
  size_t next_chunk_ = kChunkSize;
  size_t limit_ = 0;
  bool overflowed_ = false;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_RESP_OUTPUT_BUFFER_H_
