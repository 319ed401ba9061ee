#include "gossip/bus/auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "slots/strings.h"

namespace slotmesh::bus {
namespace {

constexpr std::string_view kVersion = "v1";
constexpr size_t kMacHexLength = 64;
constexpr size_t kNonceHexLength = 32;

bool ConsumePrefix(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

bool SameInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

absl::Status CheckReadable(std::string_view what, const std::string& path) {
  if (path.empty()) {
    return absl::InvalidArgumentError(
        StrCat("TLS on the bus needs a certificate, its key and the authority's certificate: no ",
               what, " is set"));
  }
  if (!std::ifstream(path).good()) {
    return absl::InvalidArgumentError(StrCat("cannot read the ", what, " ", path));
  }
  return absl::OkStatus();
}

absl::Status CheckOptions(const SecurityOptions& options) {
  if (!options.secret.empty() && options.secret.size() < kSecretBytesMin) {
    return absl::InvalidArgumentError(
        StrCat("cluster-secret is too short: at least ", kSecretBytesMin,
               " characters, better 32 random ones (openssl rand -hex 16)"));
  }
  if (!options.tls()) return absl::OkStatus();
  if (auto status = CheckReadable("certificate", options.certificate_file); !status.ok())
    return status;
  if (auto status = CheckReadable("key", options.key_file); !status.ok()) return status;
  return CheckReadable("authority's certificate (ca)", options.ca_file);
}

}  // namespace

bool IsLoopback(std::string_view address) {
  if (address.starts_with("unix:")) return true;
  if (!ConsumePrefix(&address, "ipv4:")) ConsumePrefix(&address, "ipv6:");
  if (address.starts_with("%5B")) {
    const size_t end = address.find("%5D");
    return end != std::string_view::npos && IsLoopback(address.substr(3, end - 3));
  }
  if (address.starts_with("[")) {
    const size_t end = address.find(']');
    return end != std::string_view::npos && IsLoopback(address.substr(1, end - 1));
  }
  const size_t first_colon = address.find(':');
  if (first_colon != std::string_view::npos &&
      address.find(':', first_colon + 1) == std::string_view::npos) {
    address =
        address.substr(0, first_colon);  // host:port; two colons and more are a bare IPv6 address.
  }
  ConsumePrefix(&address, "::ffff:");
  if (address == "::1" || address == "localhost") return true;
  const std::vector<std::string> parts = absl::StrSplit(ToAbsl(address), '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  for (const std::string& part : parts) {
    uint32_t number = 0;
    if (!absl::SimpleAtoi(part, &number) || number > 255) return false;
  }
  return true;
}

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Create(
    SecurityOptions options, const std::vector<std::string>& binds, Sources sources) {
  for (const std::string& bind : binds) {
    if (IsLoopback(bind) || !options.secret.empty() || options.tls()) continue;
    return absl::FailedPreconditionError(StrCat(
        "the cluster bus would be open to anybody: it is bound to ", bind,
        ", which is not a loopback address. Set cluster-secret to the same random text on every "
        "node "
        "(for example from `openssl rand -hex 16`), or set certificates for the bus, or bind it to "
        "127.0.0.1"));
  }
  return CreateForCaller(std::move(options), std::move(sources));
}

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::CreateForCaller(
    SecurityOptions options, Sources sources) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  return std::unique_ptr<Authenticator>(new Authenticator(std::move(options), std::move(sources)));
}

std::string Authenticator::Mac(std::string_view role, std::string_view a, std::string_view b,
                               std::string_view c) const {
  // Lengths stand before the parts, so that no two different inputs give the same text.
  const std::string text =
      StrCat("slotmesh-bus ", role, " ", a.size(), ",", b.size(), ",", c.size(), ":", a, b, c);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned int size = 0;
  HMAC(EVP_sha256(), options_.secret.data(), static_cast<int>(options_.secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  return absl::BytesToHexString({reinterpret_cast<const char*>(mac.data()), size});
}

std::string Authenticator::Prove(std::string_view method, std::string_view subject) {
  if (options_.secret.empty()) return "";
  const std::string fresh = StrCat(kVersion, ":", absl::ToUnixMillis(sources_.now()), ":",
                                   absl::Hex(sources_.random(), absl::kZeroPad16),
                                   absl::Hex(sources_.random(), absl::kZeroPad16));
  return StrCat(fresh, ":", Mac("caller", fresh, method, subject));
}

absl::Status Authenticator::Check(std::string_view method, std::string_view subject,
                                  std::string_view proof, std::string_view caller_address) {
  if (options_.secret.empty()) {
    if (options_.tls() || IsLoopback(caller_address)) return absl::OkStatus();
    return absl::UnauthenticatedError(
        "without cluster-secret or certificates this node's bus takes callers from loopback only");
  }
  if (proof.empty()) {
    return absl::UnauthenticatedError(
        "this node's bus asks for the cluster secret: set the same cluster-secret here as there "
        "(slotmesh: --secret-file, or the environment's SLOTMESH_SECRET)");
  }
  const std::vector<std::string> parts = absl::StrSplit(ToAbsl(proof), ':');
  int64_t millis = 0;
  if (parts.size() != 4 || parts[0] != kVersion || !absl::SimpleAtoi(parts[1], &millis) ||
      parts[2].size() != kNonceHexLength || parts[3].size() != kMacHexLength) {
    return absl::UnauthenticatedError("the proof of the cluster secret is malformed");
  }
  const std::string_view fresh = proof.substr(0, proof.size() - kMacHexLength - 1);
  if (!SameInConstantTime(Mac("caller", fresh, method, subject), parts[3])) {
    return absl::UnauthenticatedError(
        "wrong cluster secret: it differs from this node's cluster-secret");
  }
  const absl::Time now = sources_.now();
  const absl::Duration age = now - absl::FromUnixMillis(millis);
  if (age > kProofAgeMax || age < -kProofAgeMax) {
    return absl::UnauthenticatedError(
        StrCat("the caller's clock differs by ", absl::FormatDuration(absl::AbsDuration(age)),
               " from this node's; at most ", absl::FormatDuration(kProofAgeMax), " is accepted"));
  }
  return RememberNonce(parts[2], now);
}

absl::Status Authenticator::RememberNonce(std::string_view nonce, absl::Time now) {
  absl::MutexLock lock(&mu_);
  while (!nonce_ends_.empty() && nonce_ends_.front().first < now) {
    nonces_.erase(nonce_ends_.front().second);
    nonce_ends_.pop_front();
  }
  if (nonces_.size() >= kNoncesMax) {
    return absl::ResourceExhaustedError(
        "too many calls with the cluster secret in the last minutes");
  }
  if (!nonces_.emplace(nonce).second) {
    return absl::UnauthenticatedError("this proof of the cluster secret was already used");
  }
  nonce_ends_.emplace_back(now + 2 * kProofAgeMax, nonce);
  return absl::OkStatus();
}

std::string Authenticator::Answer(std::string_view proof, std::string_view subject) const {
  if (options_.secret.empty()) return "";
  return Mac("answer", proof, subject, "");
}

absl::Status Authenticator::CheckAnswer(std::string_view proof, std::string_view subject,
                                        std::string_view answer) const {
  if (options_.secret.empty()) return absl::OkStatus();
  if (SameInConstantTime(Mac("answer", proof, subject, ""), answer)) return absl::OkStatus();
  return absl::UnauthenticatedError(
      "the node that answered did not prove that it knows the cluster secret");
}

}  // namespace slotmesh::bus
