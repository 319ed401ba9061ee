// Reader of ziplists: the compact form in which files of Redis 2 to 6.2 hold lists, hashes and
// sorted sets.
//
// A pure function that checks every byte it follows: any input gives either all elements or false.
// O(n). Nothing is allocated; what is visited borrows from the bytes.
#ifndef SLOTMESH_NODE_DATA_ZIPLIST_READER_H_
#define SLOTMESH_NODE_DATA_ZIPLIST_READER_H_

#include <string_view>

#include "absl/functional/function_ref.h"
#include "node/data/listpack.h"

namespace slotmesh::node {

// Visits the elements in their order. False if the bytes are no ziplist (elements before the fault
// have been visited then) or as soon as `visit` says false.
bool ReadZiplist(std::string_view bytes, absl::FunctionRef<bool(const ListpackValue&)> visit);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_ZIPLIST_READER_H_
