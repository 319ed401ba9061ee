#include "node/types/value_type.h"

namespace slotmesh::node {

std::string_view KindName(ValueKind kind) {
  switch (kind) {
    case ValueKind::kString:
      return "string";
    case ValueKind::kList:
      return "list";
    case ValueKind::kSet:
      return "set";
    case ValueKind::kZset:
      return "zset";
    case ValueKind::kHash:
      return "hash";
    case ValueKind::kModule:
      return "module";
    case ValueKind::kStream:
      return "stream";
  }
  return "unknown";
}

std::string_view EncodingName(Encoding encoding) {
  switch (encoding) {
    case Encoding::kRaw:
      return "raw";
    case Encoding::kInt:
      return "int";
    case Encoding::kHashtable:
      return "hashtable";
    case Encoding::kIntset:
      return "intset";
    case Encoding::kSkiplist:
      return "skiplist";
    case Encoding::kEmbstr:
      return "embstr";
    case Encoding::kQuicklist:
      return "quicklist";
    case Encoding::kStream:
      return "stream";
    case Encoding::kListpack:
      return "listpack";
  }
  return "unknown";
}

bool ValueType::SerialisePart(const Object& object, SerialPlace*, size_t, RdbWriter& writer) const {
  Serialise(object, writer);
  return true;
}

}  // namespace slotmesh::node
