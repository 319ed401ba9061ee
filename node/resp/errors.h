// Every error text that clients see and that more than one place writes, and the way between them
// and absl::Status.
//
// A wire error is "CODE text", without the leading '-' and the line end. Functions here are pure;
// safe from any thread.
#ifndef SLOTMESH_NODE_RESP_ERRORS_H_
#define SLOTMESH_NODE_RESP_ERRORS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "node/resp/args.h"

namespace slotmesh::node {

namespace errors {

// Arguments.
inline constexpr std::string_view kSyntax = "ERR syntax error";
inline constexpr std::string_view kNotInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kOutOfRange = "ERR value is out of range";
inline constexpr std::string_view kMustBePositive = "ERR value is out of range, must be positive";
inline constexpr std::string_view kNotFloat = "ERR value is not a valid float";
inline constexpr std::string_view kMinOrMaxNotFloat = "ERR min or max is not a float";
inline constexpr std::string_view kMinOrMaxNotString = "ERR min or max not valid string range item";
inline constexpr std::string_view kIndexOutOfRange = "ERR index out of range";
inline constexpr std::string_view kOffsetOutOfRange = "ERR offset is out of range";
inline constexpr std::string_view kBitOffset = "ERR bit offset is not an integer or out of range";
inline constexpr std::string_view kBitValue = "ERR bit is not an integer or out of range";
inline constexpr std::string_view kStringTooLong =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
inline constexpr std::string_view kTimeoutNotFloat = "ERR timeout is not a float or out of range";
inline constexpr std::string_view kTimeoutNotInteger =
    "ERR timeout is not an integer or out of range";
inline constexpr std::string_view kTimeoutNegative = "ERR timeout is negative";
inline constexpr std::string_view kInvalidCursor = "ERR invalid cursor";
inline constexpr std::string_view kDbIndexOutOfRange = "ERR DB index is out of range";
inline constexpr std::string_view kInvalidDbIndex = "ERR invalid DB index";
inline constexpr std::string_view kClusterDisabled =
    "ERR This instance has cluster support disabled";

// Values.
inline constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kNoSuchKey = "ERR no such key";
inline constexpr std::string_view kSameObject = "ERR source and destination objects are the same";
inline constexpr std::string_view kIncrOverflow = "ERR increment or decrement would overflow";
inline constexpr std::string_view kDecrOverflow = "ERR decrement would overflow";
inline constexpr std::string_view kIncrNan = "ERR increment would produce NaN or Infinity";
inline constexpr std::string_view kScoreNan = "ERR resulting score is not a number (NaN)";
inline constexpr std::string_view kHashNotInteger = "ERR hash value is not an integer";
inline constexpr std::string_view kHashNotFloat = "ERR hash value is not a float";
inline constexpr std::string_view kBusyKey = "BUSYKEY Target key name already exists.";
inline constexpr std::string_view kBadPayload = "ERR DUMP payload version or checksum are wrong";
inline constexpr std::string_view kBadDataFormat = "ERR Bad data format";
inline constexpr std::string_view kInvalidTtl = "ERR Invalid TTL value, must be >= 0";

// Transactions.
inline constexpr std::string_view kExecAbort =
    "EXECABORT Transaction discarded because of previous errors.";
// Followed by the reason for which EXEC itself was refused.
inline constexpr std::string_view kExecAbortBecause =
    "EXECABORT Transaction discarded because of: ";
inline constexpr std::string_view kExecWithoutMulti = "ERR EXEC without MULTI";
inline constexpr std::string_view kDiscardWithoutMulti = "ERR DISCARD without MULTI";
inline constexpr std::string_view kNotInMulti = "ERR Command not allowed inside a transaction";

// Who may.
inline constexpr std::string_view kNoAuth = "NOAUTH Authentication required.";
inline constexpr std::string_view kWrongPass =
    "WRONGPASS invalid username-password pair or user is disabled.";
inline constexpr std::string_view kAuthWithoutPassword =
    "ERR AUTH <password> called without any password configured for the default user. Are you sure "
    "your configuration is correct?";
inline constexpr std::string_view kHelloNoAuth =
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
    "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
    "protocol version at the same time";
inline constexpr std::string_view kNoProto = "NOPROTO unsupported protocol version";
inline constexpr std::string_view kProtocolNotInteger =
    "ERR Protocol version is not an integer or out of range";
// Followed by the reason.
inline constexpr std::string_view kNoPermSinceQueued =
    "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC "
    "call. This command is no longer allowed for the following reason: ";
inline constexpr std::string_view kClientNameInvalid =
    "ERR Client names cannot contain spaces, newlines or special characters.";
inline constexpr std::string_view kMaxClients = "ERR max number of clients reached";
inline constexpr std::string_view kProtectedMode =
    "DENIED slotmesh is running in protected mode because protected mode is enabled and no "
    "password is set for the default user. In this mode connections are only accepted from the "
    "loopback interface. To connect from elsewhere: bind to chosen addresses and set a password "
    "(requirepass), or disable protected mode (CONFIG SET protected-mode no, from loopback), or "
    "start the server with --protected-mode no.";

// State of the server.
inline constexpr std::string_view kReadOnly =
    "READONLY You can't write against a read only replica.";
inline constexpr std::string_view kOom = "OOM command not allowed when used memory > 'maxmemory'.";
inline constexpr std::string_view kMisconfRdb =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is configured "
    "to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error "
    "option). "
    "Please check the Redis logs for details about the RDB error.";
inline constexpr std::string_view kMisconfAof = "MISCONF Errors writing to the AOF file: ";
inline constexpr std::string_view kNoReplicas = "NOREPLICAS Not enough good replicas to write.";
inline constexpr std::string_view kNotEnoughInSync =
    "NOREPLICAS Not enough in-sync replicas for a synced write (min-in-sync).";
inline constexpr std::string_view kSyncedNeedsCluster =
    "ERR write-safety synced needs cluster mode: outside of it nobody decides who is in sync";
inline constexpr std::string_view kLoading = "LOADING Redis is loading the dataset in memory";
inline constexpr std::string_view kBusyScript =
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
inline constexpr std::string_view kMasterDown =
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
inline constexpr std::string_view kNoScript = "NOSCRIPT No matching script. Please use EVAL.";
inline constexpr std::string_view kUnblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
inline constexpr std::string_view kReplicaUnblocked =
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";

// Cluster routing.
inline constexpr std::string_view kCrossSlot =
    "CROSSSLOT Keys in request don't hash to the same slot";
inline constexpr std::string_view kClusterDown = "CLUSTERDOWN The cluster is down";
inline constexpr std::string_view kClusterDownReadOnly =
    "CLUSTERDOWN The cluster is down and only accepts read commands";
inline constexpr std::string_view kSlotNotServed = "CLUSTERDOWN Hash slot not served";
inline constexpr std::string_view kKeyHeld =
    "TRYAGAIN A key of the request is on its way to another server";
inline constexpr std::string_view kTryAgain =
    "TRYAGAIN Multiple keys request during rehashing of slot";

}  // namespace errors

// All of these are whole wire errors, with their code.
// "ERR unknown command 'x', with args beginning with: 'a' 'b' ": the name and the arguments are
// each cut at 128 bytes.
std::string UnknownCommand(Args args);
// "ERR wrong number of arguments for 'get' command"; a subcommand's name is "config|get".
std::string WrongArity(std::string_view full_name);
// "ERR unknown subcommand 'x'. Try CONFIG HELP.": `command` in any case.
std::string UnknownSubcommand(std::string_view command, std::string_view subcommand);
// "ERR unknown subcommand or wrong number of arguments for 'x'. Try CLUSTER HELP."
std::string SubcommandSyntax(std::string_view command, std::string_view subcommand);
std::string InvalidExpire(std::string_view command);  // "ERR invalid expire time in 'set' command"
// "ERR Can't execute 'get': only ... are allowed in this context"
std::string NotWhileSubscribed(std::string_view full_name);
std::string NoPermCommand(std::string_view full_name);
// "ERR Unknown node x"
std::string UnknownNode(std::string_view id);
std::string Moved(int slot, std::string_view endpoint);  // "MOVED 3999 127.0.0.1:7001"
std::string Ask(int slot, std::string_view endpoint);

// Code and text of a wire error: {"WRONGTYPE", "Operation ..."}; text without a code has "ERR".
struct WireErrorParts {
  std::string_view code;
  std::string_view text;
};
WireErrorParts SplitWireError(std::string_view wire);

// A Status that keeps its wire code in a payload; message() is the text after the code.
absl::Status WireStatus(std::string_view wire);
// "CODE text" of any error: statuses not made by WireStatus get ERR. REQUIRES: !status.ok().
std::string WireText(const absl::Status& status);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_RESP_ERRORS_H_
