#include "gossip/bus/auth.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace slotmesh::bus {
namespace {

using testing::HasSubstr;

constexpr char kSecret[] = "0123456789abcdef";
constexpr std::string_view kElsewhere = "ipv4:192.0.2.7:4000";

class AuthTest : public testing::Test {
 protected:
  std::unique_ptr<Authenticator> Make(std::string_view secret, std::string bind = "0.0.0.0:17000") {
    auto made = Authenticator::Create({.secret = std::string(secret)}, {bind}, Sources());
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }
  Authenticator::Sources Sources() {
    return {.now = [this] { return now_; }, .random = [this] { return ++random_; }};
  }
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  uint64_t random_ = 0;
};

TEST(IsLoopback, KnowsTheFormsOfAddresses) {
  for (const char* yes : {"127.0.0.1", "127.0.0.1:80", "127.9.9.9:1", "localhost:7000", "::1",
                          "[::1]:80", "ipv4:127.0.0.1:5", "ipv6:%5B::1%5D:5", "unix:/tmp/x",
                          "::ffff:127.0.0.1", "ipv6:[::1]:5", "ipv6:%5B::ffff:127.0.0.1%5D:5"}) {
    EXPECT_TRUE(IsLoopback(yes)) << yes;
  }
  for (const char* no :
       {"", "0.0.0.0:80", "10.0.0.1", "[::]:80", "::", "ipv4:192.0.2.1:5", "127.0.0.1.evil.com:80",
        "127.0.0.999", "ipv6:%5B2001:db8::1%5D:5", "%5B::1", "[::1", "128.0.0.1:80"}) {
    EXPECT_FALSE(IsLoopback(no)) << no;
  }
}

TEST_F(AuthTest, OpenAddressWithoutSecretIsRefusedAndSaysWhatToDo) {
  for (const char* bind : {"0.0.0.0:17000", "[::]:17000", "10.1.2.3:17000"}) {
    auto made = Authenticator::Create({}, {"127.0.0.1:17000", bind}, Sources());
    EXPECT_EQ(made.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(made.status().message()), HasSubstr("cluster-secret"));
    EXPECT_THAT(std::string(made.status().message()), HasSubstr(bind));
  }
}

TEST_F(AuthTest, ShortSecretAndMissingTlsFilesAreRefused) {
  EXPECT_EQ(Authenticator::Create({.secret = "short"}, {}, Sources()).status().code(),
            absl::StatusCode::kInvalidArgument);
  auto no_key = Authenticator::Create({.certificate_file = "/dev/null"}, {}, Sources());
  EXPECT_THAT(std::string(no_key.status().message()), HasSubstr("no key is set"));
  auto unreadable = Authenticator::Create(
      {.certificate_file = "/does/not/exist", .key_file = "/dev/null", .ca_file = "/dev/null"}, {},
      Sources());
  EXPECT_THAT(std::string(unreadable.status().message()), HasSubstr("/does/not/exist"));
}

TEST_F(AuthTest, LoopbackBusTakesLoopbackCallersOnly) {
  auto auth = Make("", "127.0.0.1:17000");
  EXPECT_EQ(auth->Prove("m", "s"), "");
  EXPECT_TRUE(auth->Check("m", "s", "", "ipv4:127.0.0.1:40000").ok());
  EXPECT_EQ(auth->Check("m", "s", "", kElsewhere).code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(AuthTest, ProofPassesOnceAndOnlyForItsMethodAndSubject) {
  auto caller = Make(kSecret), node = Make(kSecret);
  const std::string proof = caller->Prove("m", "s");
  EXPECT_EQ(proof.find(kSecret), std::string::npos);
  EXPECT_FALSE(node->Check("other", "s", proof, kElsewhere).ok());
  EXPECT_FALSE(node->Check("m", "other", proof, kElsewhere).ok());
  EXPECT_FALSE(node->Check("ms", "", proof, kElsewhere).ok());
  EXPECT_TRUE(node->Check("m", "s", proof, kElsewhere).ok());
  EXPECT_THAT(std::string(node->Check("m", "s", proof, kElsewhere).message()),
              HasSubstr("already used"));
}

TEST_F(AuthTest, WrongSecretAndNoSecretAreRefusedEvenOnLoopback) {
  auto node = Make(kSecret), stranger = Make("another secret");
  EXPECT_THAT(
      std::string(node->Check("m", "s", stranger->Prove("m", "s"), "127.0.0.1:1").message()),
      HasSubstr("wrong cluster secret"));
  EXPECT_THAT(std::string(node->Check("m", "s", "", "127.0.0.1:1").message()),
              HasSubstr("asks for the cluster secret"));
}

TEST_F(AuthTest, EveryDamagedProofIsRefused) {
  auto caller = Make(kSecret), node = Make(kSecret);
  const std::string proof = caller->Prove("m", "s");
  for (size_t i = 0; i < proof.size(); ++i) {
    std::string damaged = proof;
    damaged[i] ^= 1;
    EXPECT_FALSE(node->Check("m", "s", damaged, kElsewhere).ok()) << damaged;
    EXPECT_FALSE(node->Check("m", "s", proof.substr(0, i), kElsewhere).ok());
  }
  for (const char* junk : {":", ":::", "::::", "v1:::", "v1:99999999999999999999:x:y"}) {
    EXPECT_FALSE(node->Check("m", "s", junk, kElsewhere).ok()) << junk;
  }
}

TEST_F(AuthTest, OldProofsAndWrongClocksAreRefused) {
  auto caller = Make(kSecret), node = Make(kSecret);
  const std::string proof = caller->Prove("m", "s");
  now_ += kProofAgeMax + absl::Seconds(1);
  EXPECT_THAT(std::string(node->Check("m", "s", proof, kElsewhere).message()),
              HasSubstr("clock differs"));
  const std::string future = caller->Prove("m", "s");
  now_ -= 2 * kProofAgeMax;
  EXPECT_THAT(std::string(node->Check("m", "s", future, kElsewhere).message()),
              HasSubstr("clock differs"));
}

TEST_F(AuthTest, NoncesAreBoundedAndFreedWithTime) {
  auto caller = Make(kSecret), node = Make(kSecret);
  for (size_t i = 0; i < kNoncesMax; ++i) {
    ASSERT_TRUE(node->Check("m", "s", caller->Prove("m", "s"), kElsewhere).ok());
  }
  EXPECT_EQ(node->Check("m", "s", caller->Prove("m", "s"), kElsewhere).code(),
            absl::StatusCode::kResourceExhausted);
  now_ += 2 * kProofAgeMax + absl::Seconds(1);
  EXPECT_TRUE(node->Check("m", "s", caller->Prove("m", "s"), kElsewhere).ok());
}

TEST_F(AuthTest, AnswerProvesTheSecretForThisCallAlone) {
  auto caller = Make(kSecret), node = Make(kSecret), stranger = Make("another secret");
  const std::string proof = caller->Prove("m", "s");
  EXPECT_TRUE(caller->CheckAnswer(proof, "node", node->Answer(proof, "node")).ok());
  EXPECT_FALSE(caller->CheckAnswer(proof, "other", node->Answer(proof, "node")).ok());
  EXPECT_FALSE(
      caller->CheckAnswer(caller->Prove("m", "s"), "node", node->Answer(proof, "node")).ok());
  EXPECT_FALSE(caller->CheckAnswer(proof, "node", stranger->Answer(proof, "node")).ok());
  EXPECT_FALSE(caller->CheckAnswer(proof, "node", "").ok());
  // The caller's own MAC is no answer.
  EXPECT_FALSE(caller->CheckAnswer(proof, "node", proof.substr(proof.size() - 64)).ok());
}

}  // namespace
}  // namespace slotmesh::bus
