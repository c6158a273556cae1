// Exceptions as errors: at the edges that no exception may cross.
#pragma once

#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "runtime/base/status.h"

namespace mlc {

// To be called where something has been caught.
inline Status caughtException() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return outOfMemoryError("not enough memory");
  } catch (const std::system_error& error) {
    // Mostly a thread that cannot be started.
    return deviceError(std::string("the system refuses: ") + error.what());
  } catch (const std::exception& exception) {
    return deviceError(std::string("unexpected failure: ") + exception.what());
  } catch (...) {
    return deviceError("unexpected failure");
  }
}

// The Status that `body` returns, or what it throws as one.
template <typename Body>
[[nodiscard]] Status withoutExceptions(Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    return caughtException();
  }
}

}  // namespace mlc
