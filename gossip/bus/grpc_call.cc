#include "gossip/bus/grpc_call.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "slots/strings.h"

namespace slotmesh::bus {
namespace {

constexpr char kNodeKey[] = "slotmesh-node";
constexpr char kBootKey[] = "slotmesh-boot";
constexpr char kLogKey[] = "slotmesh-log";
constexpr char kProtocolKey[] = "slotmesh-protocol";
constexpr char kChannelKey[] = "slotmesh-channel";
constexpr char kAuthKey[] = "slotmesh-auth";

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

std::string_view Get(const Metadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

// All that a side says about itself, as one text under its MAC.
std::string Subject(std::string_view node, std::string_view boot, std::string_view log,
                    std::string_view protocol, std::string_view channel) {
  return StrCat(node, "|", boot, "|", log, "|", protocol, "|", channel);
}

std::string Subject(const Sender& self, std::string_view channel) {
  return Subject(self.node.ToHex(), StrCat(self.boot), self.log.ToHex(), StrCat(self.protocol),
                 channel);
}

std::string SubjectOf(const Metadata& metadata) {
  return Subject(Get(metadata, kNodeKey), Get(metadata, kBootKey), Get(metadata, kLogKey),
                 Get(metadata, kProtocolKey), Get(metadata, kChannelKey));
}

template <typename Add>
void AddSender(const Sender& self, Add add) {
  add(kNodeKey, self.node.ToHex());
  add(kBootKey, StrCat(self.boot));
  add(kLogKey, self.log.ToHex());
  add(kProtocolKey, StrCat(self.protocol));
}

absl::Status CheckProtocol(const Metadata& metadata, uint32_t ours, uint32_t* theirs) {
  if (!absl::SimpleAtoi(ToAbsl(Get(metadata, kProtocolKey)), theirs)) {
    return absl::InvalidArgumentError("slotmesh-protocol is missing or no number");
  }
  if (*theirs == ours) return absl::OkStatus();
  return absl::FailedPreconditionError(
      StrCat("the other side speaks bus protocol ", *theirs, ", this one ", ours,
             ": bring both to a version of slotmesh with the same protocol"));
}

absl::StatusOr<Sender> ParseSender(const Metadata& metadata, uint32_t ours) {
  Sender sender;
  if (auto status = CheckProtocol(metadata, ours, &sender.protocol); !status.ok()) return status;
  const auto node = slots::NodeId::FromHex(Get(metadata, kNodeKey));
  const auto log = slots::LogId::FromHex(Get(metadata, kLogKey));
  if (!node || !log || !absl::SimpleAtoi(ToAbsl(Get(metadata, kBootKey)), &sender.boot)) {
    return absl::InvalidArgumentError("the call's slotmesh-node, -boot or -log is malformed");
  }
  sender.node = *node;
  sender.log = *log;
  return sender;
}

std::optional<Channel> ParseChannel(std::string_view name) {
  for (const Channel channel : {Channel::kControl, Channel::kBulk, Channel::kPubSub}) {
    if (name == Name(channel)) return channel;
  }
  return std::nullopt;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.good() && !file.eof()) return absl::InvalidArgumentError("cannot read " + path);
  if (text.empty()) return absl::InvalidArgumentError(path + " is empty");
  return text;
}

absl::StatusOr<std::shared_ptr<grpc::experimental::CertificateProviderInterface>> MakeProvider(
    const SecurityOptions& options) {
  auto ca = ReadFile(options.ca_file);
  auto key = ReadFile(options.key_file);
  auto certificate = ReadFile(options.certificate_file);
  for (const auto* text : {&ca, &key, &certificate}) {
    if (!text->ok()) return text->status();
  }
  const std::vector<grpc::experimental::IdentityKeyCertPair> pairs = {{*key, *certificate}};
  return std::make_shared<grpc::experimental::StaticDataCertificateProvider>(*ca, pairs);
}

}  // namespace

std::string AddCaller(Authenticator& auth, const char* method, const Sender& self, Channel channel,
                      grpc::ClientContext* context) {
  AddSender(self,
            [&](const char* key, const std::string& value) { context->AddMetadata(key, value); });
  context->AddMetadata(kChannelKey, Name(channel));
  std::string proof = auth.Prove(method, Subject(self, Name(channel)));
  if (!proof.empty()) context->AddMetadata(kAuthKey, proof);
  return proof;
}

absl::StatusOr<Caller> CheckCaller(Authenticator& auth, const char* method, uint32_t protocol,
                                   const grpc::ServerContextBase& context) {
  const Metadata& metadata = context.client_metadata();
  Caller caller;
  caller.proof = std::string(Get(metadata, kAuthKey));
  if (auto status = auth.Check(method, SubjectOf(metadata), caller.proof, context.peer());
      !status.ok()) {
    return status;
  }
  auto sender = ParseSender(metadata, protocol);
  if (!sender.ok()) return sender.status();
  const auto channel = ParseChannel(Get(metadata, kChannelKey));
  if (!channel) return absl::InvalidArgumentError("slotmesh-channel is missing or unknown");
  caller.sender = *sender;
  caller.channel = *channel;
  return caller;
}

void AddAnswerer(const Authenticator& auth, const Sender& self, const Caller& caller,
                 grpc::ServerContextBase* context) {
  AddSender(self, [&](const char* key, const std::string& value) {
    context->AddInitialMetadata(key, value);
  });
  const std::string answer = auth.Answer(caller.proof, Subject(self, ""));
  if (!answer.empty()) context->AddInitialMetadata(kAuthKey, answer);
}

absl::StatusOr<Sender> CheckAnswerer(const Authenticator& auth, uint32_t protocol,
                                     const std::string& proof, const grpc::ClientContext& context) {
  const Metadata& metadata = context.GetServerInitialMetadata();
  if (metadata.find(kNodeKey) == metadata.end()) {
    return absl::NotFoundError("what answered there is no slotmesh node");
  }
  const std::string_view answer = Get(metadata, kAuthKey);
  if (auto status = auth.CheckAnswer(proof, SubjectOf(metadata), answer); !status.ok())
    return status;
  return ParseSender(metadata, protocol);
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

absl::Status FromGrpc(const grpc::Status& status) {
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const SecurityOptions& options) {
  if (!options.tls()) return grpc::InsecureServerCredentials();
  auto provider = MakeProvider(options);
  if (!provider.ok()) return provider.status();
  grpc::experimental::TlsServerCredentialsOptions tls(*provider);
  tls.watch_root_certs();
  tls.watch_identity_key_cert_pairs();
  tls.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(tls);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const SecurityOptions& options) {
  if (!options.tls()) return grpc::InsecureChannelCredentials();
  auto provider = MakeProvider(options);
  if (!provider.ok()) return provider.status();
  grpc::experimental::TlsChannelCredentialsOptions tls;
  tls.set_certificate_provider(*provider);
  tls.watch_root_certs();
  tls.watch_identity_key_cert_pairs();
  tls.set_verify_server_certs(true);
  // Members are known by their authority: nodes move between addresses, so host names prove
  // nothing.
  tls.set_check_call_host(false);
  tls.set_certificate_verifier(std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
  return grpc::experimental::TlsCredentials(tls);
}

}  // namespace slotmesh::bus
