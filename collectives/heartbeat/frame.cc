#include "collectives/heartbeat/frame.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace mlc::collectives {
namespace {

constexpr uint32_t kLongestText = 1 << 16;

}  // namespace

bool isValid(const Frame& frame) {
  if (frame.kind > FrameKind::kGoodbye || frame.bytes > kLongestText) return false;
  const auto code = static_cast<StatusCode>(frame.code);
  return frame.kind != FrameKind::kFailure ||
         (code > StatusCode::kOk && code <= StatusCode::kDeviceFailed);
}

void sendBytes(int socket, const void* data, size_t bytes) {
  (void)!::send(socket, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void sendFrame(int socket, FrameKind kind, const Status& failure) {
  const std::string text = failure.message().substr(0, kLongestText);
  const Frame frame = {kind, static_cast<uint8_t>(failure.code()), 0,
                       static_cast<uint32_t>(text.size())};
  const std::string bytes(reinterpret_cast<const char*>(&frame), sizeof frame);
  sendBytes(socket, (bytes + text).data(), bytes.size() + text.size());
}

bool waitFor(std::vector<pollfd>& entries, HeartbeatClock::time_point end) {
  while (true) {
    const int ready = ::poll(entries.data(), entries.size(), millisecondsUntil(end));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

bool waitFor(int socket, short events, HeartbeatClock::time_point end) {
  std::vector<pollfd> entries = {{socket, events, 0}};
  return waitFor(entries, end);
}

int millisecondsUntil(HeartbeatClock::time_point end) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(end - HeartbeatClock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1 << 30));
}

}  // namespace mlc::collectives
