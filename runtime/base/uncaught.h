// What becomes of exceptions that nobody can catch: in destructors, in threads of libraries.
#pragma once

namespace mlc {

// They end the process with a message and the exit code of their error, instead of a signal. For
// the C++ library that the caller is linked with: a shared object that has one of its own calls
// this, too.
void reportUncaughtExceptions();

}  // namespace mlc
