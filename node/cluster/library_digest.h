// Which text a function library has, told by 20 bytes. Pure.
#ifndef SLOTMESH_NODE_CLUSTER_LIBRARY_DIGEST_H_
#define SLOTMESH_NODE_CLUSTER_LIBRARY_DIGEST_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "slots/ids.h"

namespace slotmesh::node {

// The first 160 bits of the text's SHA-256.
slots::LibraryDigest LibraryDigestOf(std::string_view text);

// Texts by their digests; shared, never changed.
using LibraryText = std::shared_ptr<const std::string>;
using LibraryTexts = std::map<slots::LibraryDigest, LibraryText>;

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_LIBRARY_DIGEST_H_
