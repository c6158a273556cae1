#include "tools/job/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <system_error>

namespace mlc::tools {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr auto kDelay = std::chrono::milliseconds(500);  // before anything is drawn
constexpr auto kLong = std::chrono::seconds(2);          // a phase that is worth a line
constexpr size_t kBarWidth = 24;
constexpr const char* kClearLine = "\r\x1b[2K";

std::string bar(size_t done, size_t total) {
  const size_t full = std::min(kBarWidth, kBarWidth * done / total);
  return "[" + std::string(full, '=') + std::string(kBarWidth - full, ' ') + "] " +
         std::to_string(done) + " of " + std::to_string(total) + ", ";
}

}  // namespace

ProgressLine::ProgressLine(std::string tool)
    : tool_(std::move(tool)), onTerminal_(::isatty(STDERR_FILENO) != 0) {
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    // Without a thread nothing is shown, and the work goes on.
  }
}

void ProgressLine::show(const std::string& phase, size_t done, size_t total) {
  const std::lock_guard lock(mutex_);
  if (phase != phase_) {
    phase_ = phase;
    phaseBegin_ = Clock::now();
    isSaid_ = false;
    done_ = 0;
  }
  // Steps of several threads may come out of order.
  done_ = std::max(done_, done);
  total_ = total;
}

void ProgressLine::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ProgressLine::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kInterval, [this] { return ended_; })) draw();
  if (isDrawn_) std::cerr << kClearLine << std::flush;
}

void ProgressLine::draw() {
  const Clock::time_point now = Clock::now();
  if (phase_.empty()) return;
  if (onTerminal_ && now - begin_ >= kDelay) {
    const double seconds = std::chrono::duration<double>(now - phaseBegin_).count();
    std::cerr << kClearLine << phase_ << " " << (total_ ? bar(done_, total_) : "")
              << fmt::format("{:.1f} s", seconds) << std::flush;
    isDrawn_ = true;
  } else if (!onTerminal_ && !isSaid_ && now - phaseBegin_ >= kLong) {
    std::cerr << tool_ << ": " << phase_ << " ..." << std::endl;
    isSaid_ = true;
  }
}

void clearProgressLine() {
  if (::isatty(STDERR_FILENO) != 0) std::cerr << kClearLine;
}

std::string stageInWords(const std::string& stage) {
  static const std::map<std::string, std::string> kWords = {{"import", "importing the model"},
                                                            {"optimize", "optimizing"},
                                                            {"plan", "planning"},
                                                            {"partition", "partitioning"},
                                                            {"codegen", "compiling the kernels"},
                                                            {"package", "writing the package"}};
  const auto words = kWords.find(stage);
  return words == kWords.end() ? stage : words->second;
}

}  // namespace mlc::tools
