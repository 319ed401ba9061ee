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

class MixingSink : public DigestSink {
 public:
  explicit MixingSink(Digest* digest) : digest_(digest) {}
  void Ordered(std::string_view part) override { digest_->Mix(part); }
  void Unordered(std::initializer_list<std::string_view> parts) override {
    // As Redis has it: a set's member counts as it is, what has parts as a digest of these.
    if (parts.size() == 1) return digest_->Xor(*parts.begin());
    Digest element;
    for (const std::string_view part : parts) element.Mix(part);
    digest_->Xor(element.bytes());
  }
  void Sequence(absl::Span<const std::string_view> parts) override {
    Digest element;
    for (const std::string_view part : parts) element.Mix(part);
    digest_->Xor(element.bytes());
  }

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

void MixValue(const Entry& entry, Digest* digest, int database) {
  const char type[4] = {0, 0, 0, static_cast<char>(entry.kind())};
  digest->Mix({type, sizeof(type)});
  if (entry.is_string()) {
    IntText scratch;
    digest->Mix(entry.string_bytes(scratch));
  } else {
    MixingSink sink(digest);
    sink.place = {entry.key(), database};
    entry.object()->type->Digest(*entry.object(), sink);
  }
  if (entry.has_expiry()) digest->Xor("!!expire!!");
}

}  // namespace slotmesh::node
