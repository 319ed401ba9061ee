#include "node/config/config_store.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "slots/strings.h"

namespace slotmesh::node {
namespace {

std::string Written(const std::string& name, std::string_view text) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path) << text;
  return path;
}

std::string Message(const absl::Status& status) {
  return status.ok() ? "OK" : std::string(ToStd(status.message()));
}

std::string LoadError(std::string_view text) {
  ConfigStore store("1.0");
  return Message(store.LoadText(text, "the test"));
}

std::string SetResult(ConfigStore* store, const std::vector<std::string_view>& args) {
  return Message(store->Set(args));
}

TEST(ConfigStoreTest, LinesOfAFile) {
  ConfigStore store;
  ASSERT_EQ(
      Message(store.LoadText("# comment 'unbalanced\n\n  PORT 7000 \r\nrequirepass \"a b\\x41\"\n"
                             "maxmemory 2gb\nbind '127.0.0.1 ::1'\nsave 60 1\nsave 30 5\n"
                             "list-max-ziplist-entries 5\nunixsocket '/tmp/it\\'s'",
                             "")),
      "OK");
  EXPECT_EQ(store.config().port, 7000);
  EXPECT_EQ(store.config().requirepass, "a bA");
  EXPECT_EQ(store.config().maxmemory, 2ull << 30);
  EXPECT_EQ(store.config().bind, (std::vector<std::string>{"127.0.0.1", "::1"}));
  EXPECT_EQ(store.config().unixsocket, "/tmp/it's");
  // The first save line replaces the defaults, the next ones add.
  EXPECT_EQ(store.config().save, (std::vector<SavePoint>{{60, 1}, {30, 5}}));
}

TEST(ConfigStoreTest, ErrorsNameSourceLineAndReason) {
  EXPECT_EQ(LoadError("port 1\n\nport x"),
            "*** FATAL CONFIG FILE ERROR (slotmesh 1.0) ***\nReading the test, at line 3\n"
            ">>> 'port x'\nargument couldn't be parsed into an integer");
  EXPECT_NE(LoadError("foo bar\n").find("Bad directive or wrong number of arguments"),
            std::string::npos);
  EXPECT_NE(LoadError("port \"1\n").find("Unbalanced quotes in configuration line"),
            std::string::npos);
  EXPECT_NE(LoadError("port\n").find("wrong number of arguments"), std::string::npos);
  EXPECT_NE(LoadError("a.b\n").find("Module config specified without value"), std::string::npos);
  EXPECT_NE(LoadError("user a\nuser a\n").find("Duplicate user found"), std::string::npos);
}

TEST(ConfigStoreTest, SecretsAreNotShownInErrors) {
  const std::string error = LoadError("requirepass tell nobody\n");
  EXPECT_EQ(error.find("nobody"), std::string::npos);
  EXPECT_NE(error.find(">>> 'requirepass (value not shown)'"), std::string::npos);
}

TEST(ConfigStoreTest, ErrorInAnIncludedFileNamesThatFile) {
  const std::string inner = Written("inner.conf", "hz 20\nhz x\n");
  const std::string outer = Written("outer.conf", "include " + inner + "\n");
  ConfigStore store("1.0");
  EXPECT_EQ(Message(store.LoadFile(outer)),
            "*** FATAL CONFIG FILE ERROR (slotmesh 1.0) ***\nReading the configuration file " +
                inner + ", at line 2\n>>> 'hz x'\nargument couldn't be parsed into an integer");
}

TEST(ConfigStoreTest, IncludesTakePatternsAndMissingFilesAreErrors) {
  Written("part-1.conf", "hz 11\nport 1\n");
  Written("part-2.conf", "hz 12\n");
  ConfigStore store;
  ASSERT_EQ(Message(store.LoadText("include " + testing::TempDir() + "part-*.conf\n", "")), "OK");
  EXPECT_EQ(store.config().hz, 12);
  EXPECT_EQ(store.config().port, 1);
  EXPECT_EQ(Message(store.LoadText("include /nonexistent/*.conf\n", "")), "OK");
  EXPECT_NE(LoadError("include /nonexistent/x\n").find("No such file or directory"),
            std::string::npos);
  const std::string loop = testing::TempDir() + "loop.conf";
  Written("loop.conf", "include " + loop + "\n");
  EXPECT_NE(Message(store.LoadFile(loop)).find("include nested too deeply"), std::string::npos);
}

TEST(ConfigStoreTest, ArgumentsWinOverStandardInputOverTheFile) {
  const std::string path = Written("order.conf", "hz 1\nport 1\ntimeout 1\n");
  ConfigStore store("", [] { return std::string("hz 2\nport 2\n"); });
  ASSERT_EQ(Message(store.LoadArguments({path, "--hz", "3", "-"})), "OK");
  EXPECT_EQ(store.config().hz, 3);
  EXPECT_EQ(store.config().port, 2);
  EXPECT_EQ(store.config().timeout, 1);
  EXPECT_EQ(store.file(), path);
}

TEST(ConfigStoreTest, ArgumentErrorsAndMissingFiles) {
  ConfigStore store("1.0");
  EXPECT_EQ(Message(store.LoadArguments({"--port", "99999"})),
            "*** FATAL CONFIG FILE ERROR (slotmesh 1.0) ***\nReading the command line, at line 1\n"
            ">>> 'port \"99999\"'\nargument must be between 0 and 65535 inclusive");
  EXPECT_EQ(Message(store.LoadArguments({"/nonexistent.conf"})),
            "*** FATAL CONFIG FILE ERROR (slotmesh 1.0) ***\n"
            "Can't open the configuration file '/nonexistent.conf': No such file or directory");
  EXPECT_NE(Message(store.LoadFile("/tmp")).find("Can't open"), std::string::npos);
  ConfigStore replica("1.0");
  EXPECT_NE(Message(replica.LoadArguments({"--cluster-enabled", "yes", "--replicaof", "h", "1"}))
                .find("replicaof directive not allowed in cluster mode"),
            std::string::npos);
}

TEST(ConfigStoreTest, GetTakesPatternsAndGivesEachNameOnce) {
  ConfigStore store;
  const auto names = [&](const std::vector<std::string_view>& patterns) {
    std::vector<std::string> found;
    for (const auto& [name, value] : store.Get(patterns)) found.push_back(name);
    return found;
  };
  EXPECT_EQ(names({"hash-max-*-entries", "HASH-MAX-LISTPACK-ENTRIES"}),
            (std::vector<std::string>{"hash-max-listpack-entries", "hash-max-ziplist-entries"}));
  EXPECT_EQ(names({"key-load-*"}), std::vector<std::string>{});  // Hidden.
  EXPECT_EQ(names({"key-load-delay"}), std::vector<std::string>{"key-load-delay"});
  EXPECT_EQ(names({"user", "include", "x"}), std::vector<std::string>{});
  EXPECT_GT(names({"*"}).size(), 200u);
  EXPECT_EQ(store.Get({"maxmemory"})[0].second, "0");
  EXPECT_EQ(store.Value("SLAVEOF"), "");
  EXPECT_EQ(store.Value("port"), "6379");
  EXPECT_EQ(store.Value("dir").substr(0, 1), "/");
}

TEST(ConfigStoreTest, SetIsAllOrNothing) {
  ConfigStore store;
  EXPECT_EQ(SetResult(&store, {"timeout", "20", "MAXMEMORY", "1mb"}), "OK");
  EXPECT_EQ(store.config().timeout, 20);
  EXPECT_EQ(SetResult(&store, {"timeout", "30", "maxmemory", "1x"}),
            "CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a "
            "memory value");
  EXPECT_EQ(store.config().timeout, 20);
  EXPECT_EQ(SetResult(&store, {"timeout", "1", "nope", "2"}),
            "Unknown option or number of arguments for CONFIG SET - 'nope'");
  EXPECT_EQ(SetResult(&store, {"user", "x"}),
            "Unknown option or number of arguments for CONFIG SET - 'user'");
  EXPECT_EQ(SetResult(&store, {"timeout", "1", "timeout", "2"}),
            "CONFIG SET failed (possibly related to argument 'timeout') - duplicate parameter");
  EXPECT_EQ(SetResult(&store, {"databases", "1"}),
            "CONFIG SET failed (possibly related to argument 'databases') - can't set immutable "
            "config");
  EXPECT_EQ(SetResult(&store, {"databases", store.Value("databases")}), "OK");
  EXPECT_EQ(SetResult(&store, {"timeout"}), "syntax error");
  EXPECT_EQ(store.config().timeout, 20);
}

TEST(ConfigStoreTest, SetTakesSeveralWordsInOneText) {
  ConfigStore store;
  EXPECT_EQ(SetResult(&store, {"save", "10 1 20 2"}), "OK");
  EXPECT_EQ(store.config().save, (std::vector<SavePoint>{{10, 1}, {20, 2}}));
  EXPECT_EQ(SetResult(&store, {"save", "5 5"}), "OK");
  EXPECT_EQ(store.config().save, (std::vector<SavePoint>{{5, 5}}));
  EXPECT_EQ(SetResult(&store, {"save", ""}), "OK");
  EXPECT_TRUE(store.config().save.empty());
  EXPECT_EQ(SetResult(&store, {"client-output-buffer-limit", "replica 1mb 2k 3"}), "OK");
  EXPECT_EQ(store.config().client_output_buffer_limit[kOutputReplica],
            (OutputLimit{1 << 20, 2000, 3}));
  EXPECT_NE(SetResult(&store, {"shutdown-on-sigterm", ""}), "OK");
}

TEST(ConfigStoreTest, ProtectedOnesNeedPermission) {
  const auto set = [](const char* allowed, bool local) {
    ConfigStore store;
    store.LoadText(StrCat("enable-protected-configs ", allowed), "").IgnoreError();
    return Message(store.Set({"dbfilename", "x.rdb"}, local));
  };
  const char* const refused =
      "CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config";
  EXPECT_EQ(set("no", true), refused);
  EXPECT_EQ(set("local", false), refused);
  EXPECT_EQ(set("local", true), "OK");
  EXPECT_EQ(set("yes", false), "OK");
}

TEST(ConfigStoreTest, WhatNobodyAppliesCannotBeChanged) {
  ConfigStore store;
  EXPECT_EQ(SetResult(&store, {"port", "7000"}),
            "CONFIG SET failed (possibly related to argument 'port') - can't be changed while the "
            "server runs");
  store.OnChange({"port"}, [](const Config&) { return absl::OkStatus(); });
  EXPECT_EQ(SetResult(&store, {"port", "7000"}), "OK");
}

TEST(ConfigStoreTest, HooksRunOnceForRealChangesAndARefusalUndoesAll) {
  ConfigStore store;
  std::vector<std::string> calls;
  store.OnChange({"timeout", "maxclients"}, [&](const Config& config) {
    calls.push_back(StrCat("a", config.timeout));
    return absl::OkStatus();
  });
  store.OnChange({"slowlog-max-len"}, [&](const Config& config) {
    calls.push_back(StrCat("b", config.commandlog_slow_execution_max_len));
    return config.commandlog_slow_execution_max_len > 100 ? absl::OkStatus()
                                                          : absl::InternalError("too few");
  });
  EXPECT_EQ(SetResult(&store, {"timeout", "5", "maxclients", "50"}), "OK");
  EXPECT_EQ(calls, std::vector<std::string>{"a5"});
  EXPECT_EQ(SetResult(&store, {"timeout", "5", "maxmemory", "1"}), "OK");  // No change for it.
  EXPECT_EQ(calls.size(), 1u);
  calls.clear();
  EXPECT_EQ(SetResult(&store, {"slowlog-max-len", "1", "timeout", "9"}),
            "CONFIG SET failed (possibly related to argument 'slowlog-max-len') - too few");
  EXPECT_EQ(calls, (std::vector<std::string>{"a9", "b1", "a5", "b128"}));
  EXPECT_EQ(store.config().timeout, 5);
}

TEST(ConfigStoreTest, InertDirectivesThatWereSetAreKnown) {
  ConfigStore store;
  ASSERT_TRUE(store.Inert().empty());
  ASSERT_EQ(Message(store.LoadText("port 1\nio-threads-do-reads yes\nsocket-mark-id 7\n", "")),
            "OK");
  std::vector<std::string> names;
  for (const Directive* directive : store.Inert()) names.emplace_back(directive->name);
  EXPECT_EQ(names, (std::vector<std::string>{"socket-mark-id", "io-threads-do-reads"}));
}

// Settings "x.a" and "x.b", of which b takes numbers only.
class FakeExtension : public ConfigExtension {
 public:
  std::vector<Setting> Settings() const override {
    return {{"x.a", a, /*hidden=*/true, a == "1"}, {"x.b", b, /*hidden=*/false, b == "2"}};
  }
  bool Has(std::string_view name) const override { return name == "x.a" || name == "x.b"; }
  absl::Status CheckSettable(std::string_view name, bool) const override {
    if (name == "x.a" && a == "fixed") return absl::FailedPreconditionError("it is fixed");
    return absl::OkStatus();
  }
  absl::Status Set(absl::Span<const NameValue> changes, std::string* failed) override {
    const auto before = std::make_pair(a, b);
    for (const auto& [name, value] : changes) {
      (name == "x.a" ? a : b) = value;
      if (name == "x.b" && value.find_first_not_of("0123456789") != std::string::npos) {
        std::tie(a, b) = before;
        *failed = name;
        return absl::InvalidArgumentError("no number");
      }
    }
    return absl::OkStatus();
  }
  std::vector<std::string> LoadLines() const override { return {"loadmodule m.so one"}; }

  std::string a = "1";
  std::string b = "2";
};

TEST(ConfigExtensionTest, IsSetWithTheStoresOwnOrNotAtAll) {
  ConfigStore store;
  FakeExtension extension;
  store.set_extension(&extension);
  std::vector<std::string> told;
  store.set_on_set(
      [&](absl::Span<const std::string_view> names) { told.assign(names.begin(), names.end()); });
  EXPECT_TRUE(store.Set({"timeout", "7", "x.a", "new", "x.b", "3"}).ok());
  EXPECT_EQ(told, (std::vector<std::string>{"timeout", "x.a", "x.b"}));
  EXPECT_EQ(extension.a, "new");
  EXPECT_EQ(store.Set({"timeout", "8", "x.a", "newer", "x.b", "y"}).message(),
            "CONFIG SET failed (possibly related to argument 'x.b') - no number");
  EXPECT_EQ(store.config().timeout, 7);
  EXPECT_EQ(extension.a, "new");
  store.OnChange({"timeout"}, [](const Config&) { return absl::UnavailableError("not now"); });
  EXPECT_FALSE(store.Set({"timeout", "8", "x.a", "newer"}).ok());
  EXPECT_EQ(extension.a, "new");
  extension.a = "fixed";
  EXPECT_FALSE(store.Set({"x.a", "1"}).ok());
  EXPECT_FALSE(store.Set({"x.b", "1", "x.b", "2"}).ok()) << "twice";
}

TEST(ConfigExtensionTest, IsShownUnlessHidden) {
  ConfigStore store;
  FakeExtension extension;
  store.set_extension(&extension);
  using Found = std::vector<ConfigStore::NameValue>;
  EXPECT_EQ(store.Get({"x.*"}), (Found{{"x.b", "2"}}));
  EXPECT_EQ(store.Get({"x.a"}), (Found{{"x.a", "1"}}));
}

TEST(ConfigExtensionTest, LinesOfFilesWaitForWhoeverTakesThem) {
  ConfigStore store;
  EXPECT_TRUE(store.LoadText("x.a one\n", "").ok());
  EXPECT_EQ(store.unclaimed(), (std::vector<ConfigStore::NameValue>{{"x.a", "one"}}));
}

TEST(ConfigExtensionTest, RewriteKeepsPlacesAndAppendsWhatIsNotDefault) {
  ConfigStore store;
  FakeExtension extension;
  store.set_extension(&extension);
  extension.b = "3";
  const std::string text =
      store.RewriteText("loadmodule old.so\n# note\nx.a 9\nloadmodule other.so\n");
  // In between stands what is the store's own.
  EXPECT_TRUE(text.starts_with("loadmodule m.so one\n# note\nx.a \"1\"\n")) << text;
  EXPECT_TRUE(text.ends_with("x.b \"3\"\n")) << text;
  EXPECT_EQ(text.find(".so", text.find("m.so") + 4), std::string::npos) << text;
}

}  // namespace
}  // namespace slotmesh::node
