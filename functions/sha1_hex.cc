#include "functions/sha1_hex.h"

#include <openssl/sha.h>

namespace slotmesh::functions {

Sha1Text Sha1Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  Sha1Text text;
  for (size_t i = 0; i < sizeof(digest); ++i) {
    text[2 * i] = kDigits[digest[i] >> 4];
    text[2 * i + 1] = kDigits[digest[i] & 15];
  }
  return text;
}

}  // namespace slotmesh::functions
