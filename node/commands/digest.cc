#include "node/commands/digest.h"

#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using Hash = std::array<uint8_t, Digest::kSize>;
static_assert(Digest::kSize == SHA_DIGEST_LENGTH);

Hash HashOf(std::string_view bytes) {
  Hash hash;
  SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data());
  return hash;
}

// Of kinds that have no digest of their own: the serialised form, in its order.
class MixingSink : public ByteSink {
 public:
  explicit MixingSink(Digest* digest) : digest_(digest) {}
  void Write(std::string_view bytes) override { digest_->Mix(bytes); }

 private:
  Digest* digest_;
};

}  // namespace

void Digest::Xor(std::string_view bytes) {
  const Hash hash = HashOf(bytes);
  for (size_t i = 0; i < kSize; ++i) bytes_[i] ^= hash[i];
}

void Digest::Mix(std::string_view part) {
  Xor(part);
  bytes_ = HashOf(bytes());
}

std::string Digest::Hex() const { return absl::BytesToHexString(ToAbsl(bytes())); }

void MixValue(const Entry& entry, Digest* digest) {
  const char type[4] = {0, 0, 0, static_cast<char>(entry.kind())};
  digest->Mix({type, sizeof(type)});
  if (entry.is_string()) {
    IntText scratch;
    digest->Mix(entry.string_bytes(scratch));
  } else {
    MixingSink sink(digest);
    entry.object()->type->Serialise(*entry.object(), sink);
  }
  if (entry.has_expiry()) digest->Xor("!!expire!!");
}

}  // namespace slotmesh::node
