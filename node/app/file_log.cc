#include "node/app/file_log.h"

#include "slots/strings.h"
#include "spdlog/pattern_formatter.h"
#include "spdlog/sinks/basic_file_sink.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace slotmesh::node {
namespace {

constexpr char kMarks[] = {'.', '-', '*', '#'};  // By severity.

constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::trace, spdlog::level::debug,
                                                 spdlog::level::info, spdlog::level::warn};

// The severity's mark, %*.
class MarkFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    for (size_t i = 0; i < std::size(kLevels); ++i) {
      if (kLevels[i] == message.level) out.push_back(kMarks[i]);
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<MarkFlag>();
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<FileLog>> FileLog::Open(const std::string& path) {
  spdlog::sink_ptr sink;
  if (path.empty()) {
    sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
  } else {
    try {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    } catch (const spdlog::spdlog_ex& error) {
      return absl::NotFoundError(StrCat("Can't open the log file: ", std::string(error.what())));
    }
  }
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<MarkFlag>('*').set_pattern("%P:M %d %b %Y %H:%M:%S.%e %* %v");
  sink->set_formatter(std::move(formatter));
  auto logger = std::make_shared<spdlog::logger>("slotmesh", std::move(sink));
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  return std::unique_ptr<FileLog>(new FileLog(std::move(logger)));
}

FileLog::FileLog(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) {}
FileLog::~FileLog() = default;

void FileLog::Write(Severity severity, std::string_view line) {
  if (severity < threshold_) return;
  logger_->log(kLevels[static_cast<int>(severity)], "{}", line);
}

}  // namespace slotmesh::node
