// What ranks send each other over the heartbeat's connections.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "runtime/base/status.h"

namespace mlc::collectives {

using HeartbeatClock = std::chrono::steady_clock;

enum class FrameKind : uint8_t { kBeat, kFailure, kGoodbye };

// Before the text of a failure.
struct Frame {
  FrameKind kind;
  uint8_t code;  // of a failure
  uint16_t unused;
  uint32_t bytes;  // of the text
};

// Whether a rank may have sent it.
bool isValid(const Frame& frame);

// What the peer's socket does not take will not be sent again: it is gone or stopped.
void sendBytes(int socket, const void* data, size_t bytes);
void sendFrame(int socket, FrameKind kind, const Status& failure = {});

// Waits until one of them is ready or the time is over, whatever signals come. Whether one is.
bool waitFor(std::vector<pollfd>& entries, HeartbeatClock::time_point end);
bool waitFor(int socket, short events, HeartbeatClock::time_point end);

// For poll().
int millisecondsUntil(HeartbeatClock::time_point end);

}  // namespace mlc::collectives
