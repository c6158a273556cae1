// What libraries that are linked in ask for, and not every glibc has.
#include <stdint.h>
#include <unistd.h>

#pragma GCC visibility push(hidden)

// glibc has it since 2.36 only. For libstdc++'s random_device and LLVM's random numbers.
uint32_t arc4random(void) {
  uint32_t number;
  if (getentropy(&number, sizeof number) != 0) __builtin_trap();
  return number;
}
