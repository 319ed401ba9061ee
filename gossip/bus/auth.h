// Who may speak on the bus: the shared secret's proofs, and the rule that an open bus needs one.
//
// Closed by default. Bound to loopback addresses only, with neither secret nor certificates, a node
// takes callers from loopback. Bound to anything else it needs `cluster-secret` or certificates (or
// both), else Create() refuses and says what to do. With a secret every caller must prove it,
// loopback or not.
//
// The secret itself never travels. A caller sends "v1:<ms>:<nonce>:<mac>": the wall clock, 16
// random bytes and HMAC-SHA256 under the secret of these, the method and who it says it is. The
// answering side checks the clock (within kProofAgeMax), that the nonce is new, and the MAC in
// constant time; then proves itself with a MAC over the caller's proof and its own identity. Each
// side's MACs start with another word, so that one cannot be played back as the other.
//
// This keeps strangers out. It does not hide or seal what follows: against somebody who can read or
// change the traffic between nodes, use certificates (mutual TLS; whoever has a certificate of
// `ca_file` is a member, so that authority must sign for this cluster alone).
//
// Thread-safe. Remembers at most kNoncesMax nonces, each for twice kProofAgeMax.
#ifndef SLOTMESH_GOSSIP_BUS_AUTH_H_
#define SLOTMESH_GOSSIP_BUS_AUTH_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace slotmesh::bus {

inline constexpr absl::Duration kProofAgeMax = absl::Minutes(2);
inline constexpr size_t kNoncesMax = 200'000;
inline constexpr size_t kSecretBytesMin = 8;

struct SecurityOptions {
  std::string secret;
  // Mutual TLS: all three or none. PEM files.
  std::string certificate_file;
  std::string key_file;
  std::string ca_file;

  bool tls() const { return !certificate_file.empty() || !key_file.empty() || !ca_file.empty(); }
};

// True for 127.0.0.0/8, ::1, "localhost" and unix sockets; `address` with or without a port, in the
// forms "127.0.0.1:80", "[::1]:80", "ipv4:127.0.0.1:80" and "ipv6:%5B::1%5D:80".
bool IsLoopback(std::string_view address);

class Authenticator {
 public:
  struct Sources {
    std::function<absl::Time()> now;
    std::function<uint64_t()> random;  // Must be unpredictable: it makes the nonces.
  };

  // For a node that listens on `binds` ("host:port"). FAILED_PRECONDITION if that would leave the
  // bus open; INVALID_ARGUMENT for a short secret or incomplete or unreadable TLS files.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Create(
      SecurityOptions options, const std::vector<std::string>& binds, Sources sources);
  // For a caller that does not listen, such as the command line.
  static absl::StatusOr<std::unique_ptr<Authenticator>> CreateForCaller(SecurityOptions options,
                                                                        Sources sources);

  // The caller's proof for `method`, `subject` being all that it says about itself. Empty without a
  // secret.
  std::string Prove(std::string_view method, std::string_view subject);
  // UNAUTHENTICATED, saying what the caller lacks, or RESOURCE_EXHAUSTED.
  absl::Status Check(std::string_view method, std::string_view subject, std::string_view proof,
                     std::string_view caller_address);
  // The answering side's proof; empty without a secret.
  std::string Answer(std::string_view proof, std::string_view subject) const;
  // UNAUTHENTICATED unless `answer` is the Answer() of someone who has the secret.
  absl::Status CheckAnswer(std::string_view proof, std::string_view subject,
                           std::string_view answer) const;

  const SecurityOptions& options() const { return options_; }

 private:
  Authenticator(SecurityOptions options, Sources sources)
      : options_(std::move(options)), sources_(std::move(sources)) {}

  std::string Mac(std::string_view role, std::string_view a, std::string_view b,
                  std::string_view c) const;
  absl::Status RememberNonce(std::string_view nonce, absl::Time now);

  const SecurityOptions options_;
  const Sources sources_;
  absl::Mutex mu_;
  absl::flat_hash_set<std::string> nonces_ ABSL_GUARDED_BY(mu_);
  std::deque<std::pair<absl::Time, std::string>> nonce_ends_ ABSL_GUARDED_BY(mu_);
};

}  // namespace slotmesh::bus

#endif  // SLOTMESH_GOSSIP_BUS_AUTH_H_
