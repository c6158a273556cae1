#include "runtime/base/uncaught.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "runtime/base/exceptions.h"

namespace mlc {
namespace {

void say(const char* text) { (void)!::write(STDERR_FILENO, text, std::strlen(text)); }

[[noreturn]] void end(const char* message, StatusCode code) {
  say(program_invocation_short_name);
  say(": ");
  say(message);
  say("\n");
  ::_exit(static_cast<int>(code));
}

void endUncaught() {
  if (!std::current_exception()) std::abort();
  try {
    throw;
  } catch (const std::bad_alloc&) {
    // There is none for a text either.
    end("not enough memory", StatusCode::kOutOfMemory);
  } catch (...) {
    const Status status = caughtException();
    end(status.message().c_str(), status.code());
  }
}

}  // namespace

void reportUncaughtExceptions() { std::set_terminate(endUncaught); }

}  // namespace mlc
