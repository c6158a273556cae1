// Says on standard error what a tool is at, where that takes long.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace mlc::tools {

// On a terminal one line, drawn anew as the work goes on, from half a second on; it is gone when
// this is. Elsewhere a line for each phase that takes longer than two seconds: "TOOL: PHASE ...".
// Thread-safe.
class ProgressLine {
 public:
  explicit ProgressLine(std::string tool);
  ~ProgressLine() { end(); }

  // What is being done from now on, and how much of it is done; of 0 steps: nobody knows.
  void show(const std::string& phase, size_t done = 0, size_t total = 0);

  // Nothing is shown any more: something else is to be written.
  void end();

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  void draw();

  const std::string tool_;
  const bool onTerminal_;
  const Clock::time_point begin_ = Clock::now();
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  std::string phase_;
  size_t done_ = 0, total_ = 0;
  Clock::time_point phaseBegin_;
  bool isSaid_ = false;  // the phase, where there is no terminal
  bool isDrawn_ = false;
  std::thread thread_;
};

// Removes what is drawn on a terminal: before a message of another thread.
void clearProgressLine();

// A stage of the compiler (CompileOptions::progress) in words.
std::string stageInWords(const std::string& stage);

}  // namespace mlc::tools
