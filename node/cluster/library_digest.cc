#include "node/cluster/library_digest.h"

#include <openssl/sha.h>

namespace slotmesh::node {

slots::LibraryDigest LibraryDigestOf(std::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return slots::LibraryDigest::FromBytes({reinterpret_cast<const char*>(digest), 20});
}

}  // namespace slotmesh::node
