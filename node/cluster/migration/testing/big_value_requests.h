// Requests on lists, sets, hashes, sorted sets and streams of some dozens of elements: big ones by
// the measure of a MoveWorld.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_TESTING_BIG_VALUE_REQUESTS_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_TESTING_BIG_VALUE_REQUESTS_H_

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "node/types/unix_millis.h"
#include "slots/strings.h"

namespace slotmesh::node {

class BigValueRequests {
 public:
  explicit BigValueRequests(std::mt19937_64& random) : random_(random) {}

  // One on keys of this tag, which may be refused.
  std::vector<std::string> Next(std::string_view tag, UnixMillis now_ms) {
    tag_ = tag;
    const char type = AnyType();
    switch (Below(20)) {
      case 0:
        return {"DEL", AnyKey()};
      case 1:
        return Below(2) == 0 ? Words{"RENAME", Key(type), Key(type)}
                             : Words{"COPY", Key(type), Key(type), "REPLACE"};
      case 2:
        return {"PERSIST", AnyKey()};
      case 3:
        return {"PEXPIREAT", AnyKey(), StrCat(now_ms + Below(4000) - 50)};
      case 4:
      case 5:
      case 6:
        return OfAList();
      case 7:
      case 8:
      case 9:
        return OfASet();
      case 10:
      case 11:
      case 12:
        return OfAStream();
      case 13:
      case 14:
      case 15:
        return OfASortedSet();
      default:
        return OfAHash(now_ms);
    }
  }

 private:
  using Words = std::vector<std::string>;

  uint32_t Below(uint64_t n) { return static_cast<uint32_t>(random_() % n); }
  std::string Key(char type) { return StrCat("{", tag_, "}", std::string(1, type), Below(2)); }
  char AnyType() { return "lshzx"[Below(5)]; }
  std::string AnyKey() { return Key(AnyType()); }
  std::string Number(uint64_t below) { return StrCat(Below(below)); }
  // Some of them.
  Words Many(Words words, auto element) {
    for (uint32_t i = 1 + Below(12); i > 0; --i) {
      for (std::string& word : element()) words.push_back(std::move(word));
    }
    return words;
  }

  Words OfAList() {
    if (Below(3) == 0) return {Below(2) == 0 ? "LPOP" : "RPOP", Key('l'), Number(6)};
    return Many({Below(2) == 0 ? "LPUSH" : "RPUSH", Key('l')},
                [&] { return Words{StrCat("element", Below(1000))}; });
  }
  Words OfASet() {
    if (Below(3) == 0) return {"SPOP", Key('s'), Number(6)};
    return Many({"SADD", Key('s')}, [&] { return Words{StrCat("member", Below(300))}; });
  }
  Words OfASortedSet() {
    if (Below(3) == 0) return {"ZREM", Key('z'), StrCat("member", Below(100))};
    return Many({"ZADD", Key('z')}, [&] {
      return Words{Number(50), StrCat("member", Below(100))};
    });
  }
  Words OfAHash(UnixMillis now_ms) {
    const std::string field = StrCat("field", Below(100));
    switch (Below(5)) {
      case 0:
        return {"HDEL", Key('h'), field};
      case 1:
        return {"HPEXPIREAT", Key('h'), StrCat(now_ms + Below(4000)), "FIELDS", "1", field};
      default:
        return Many({"HSET", Key('h')}, [&] {
          return Words{StrCat("field", Below(100)), Number(1000)};
        });
    }
  }
  Words OfAStream() {
    const std::string group = StrCat("group", Below(2));
    switch (Below(8)) {
      case 0:
        return {"XTRIM", Key('x'), "MAXLEN", Number(40)};
      case 1:
        return {"XGROUP", "CREATE", Key('x'), group, "0"};
      case 2:
        return {"XREADGROUP", "GROUP",
                group,        StrCat("consumer", Below(3)),
                "COUNT",      Number(6).append("1"),
                "STREAMS",    Key('x'),
                ">"};
      default:
        return {"XADD", Key('x'), "*", "field", Number(1000)};
    }
  }

  std::mt19937_64& random_;
  std::string_view tag_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_TESTING_BIG_VALUE_REQUESTS_H_
