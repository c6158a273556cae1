// A manifest is refused, or holds what the loader and the executor take from it.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "runtime/package/manifest.h"
#include "runtime/package/program_interface.h"
#include "runtime/package/validate_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mlc::package;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const mlc::StatusOr<Manifest> manifest = parseManifest(text);
  if (!manifest.ok() || !validateManifest(*manifest).ok()) return 0;
  for (size_t rank = 0; rank < manifest->ranks.size(); ++rank) {
    const int program = manifest->ranks[rank].program;
    if (program < 0) continue;
    (void)interfaceOf(manifest->programs[static_cast<size_t>(program)], *manifest,
                      static_cast<int>(rank) % manifest->tp);
  }
  const std::string printed = printManifest(*manifest);
  const mlc::StatusOr<Manifest> again = parseManifest(printed);
  if (!again.ok() || printManifest(*again) != printed) std::abort();
  return 0;
}
