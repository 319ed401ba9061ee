// RedisModuleCallReply: the reply of a command that a module has run, read where it lies.
//
// The outermost owns the bytes and all elements; an element is valid as long as that. The bytes
// stay where the command wrote them if they lie there in one piece: the client in whose name it ran
// is the reply's until then. Elements are read when they are first asked for. Bytes that are no
// RESP (a module's own command may have written such) give REDISMODULE_REPLY_UNKNOWN, never
// anything out of bounds. Not thread-safe.
#ifndef SLOTMESH_MODULES_CALL_REPLY_H_
#define SLOTMESH_MODULES_CALL_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "modules/sdk/abi.h"
#include "node/command/client.h"
#include "node/resp/reply.h"

struct RedisModuleCallReply {
  // Takes `bytes`, one reply in RESP2 or RESP3.
  RedisModuleCallReply(std::string bytes, slotmesh::node::Protocol written_in);
  // What was written to the client, whom it takes.
  explicit RedisModuleCallReply(std::unique_ptr<slotmesh::node::Client> writer);
  // An element: reads the reply at the start of `bytes`, which its root owns.
  RedisModuleCallReply(RedisModuleCallReply& root, std::string_view bytes);
  RedisModuleCallReply(const RedisModuleCallReply&) = delete;
  RedisModuleCallReply& operator=(const RedisModuleCallReply&) = delete;

  // REDISMODULE_REPLY_*.
  int type = REDISMODULE_REPLY_UNKNOWN;
  std::string_view proto;   // Its bytes, attributes not included.
  std::string_view text;    // Of strings, errors (with their code), big numbers, verbatim strings.
  std::string_view format;  // Of verbatim strings: three characters.
  long long integer = 0;    // Also of bools: 0 or 1.
  double number = 0;
  size_t size = 0;  // Elements of an aggregate; of a map or attribute, pairs.
  // Written in RESP3, which a client of RESP2 is not to get.
  bool resp3 = false;

  // Null beyond the end, or for what has no elements.
  RedisModuleCallReply* Element(size_t index);
  // Null if there is none.
  RedisModuleCallReply* Attribute() { return attribute_.get(); }
  bool is_root() const { return root_ == this; }
  // Null if there is none. REQUIRES: the reply is not read any more.
  std::unique_ptr<slotmesh::node::Client> TakeWriter() { return std::move(writer_); }
  // What becomes of it: whose automatic memory frees it. Null: nobody's.
  RedisModuleCtx* tracked_by = nullptr;

  void WriteTo(slotmesh::node::Reply& reply) const { reply.Raw(whole_); }

 private:
  bool Read(std::string_view bytes);
  bool ReadLine(char kind, std::string_view line, std::string_view after);
  bool ReadBulk(char kind, std::string_view line, std::string_view after);
  bool ReadAggregate(char kind, std::string_view line, std::string_view after);

  RedisModuleCallReply* root_;
  std::string bytes_;  // Of the root, or else
  std::unique_ptr<slotmesh::node::Client> writer_;
  std::string_view whole_;  // Attributes included.
  std::string_view elements_bytes_;
  std::unique_ptr<std::deque<RedisModuleCallReply>> elements_;  // Read so far; null: none.
  size_t read_bytes_ = 0;
  std::unique_ptr<RedisModuleCallReply> attribute_;
};

#endif  // SLOTMESH_MODULES_CALL_REPLY_H_
