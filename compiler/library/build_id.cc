#include "compiler/library/build_id.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace mlc {
namespace {

struct Search {
  uintptr_t address = 0;
  std::string found;
};

bool contains(const dl_phdr_info& object, uintptr_t address) {
  for (const auto* header = object.dlpi_phdr; header != object.dlpi_phdr + object.dlpi_phnum;
       ++header) {
    const uintptr_t begin = object.dlpi_addr + header->p_vaddr;
    if (header->p_type == PT_LOAD && address >= begin && address - begin < header->p_memsz) {
      return true;
    }
  }
  return false;
}

// Of a segment of notes, each a header, a name and a description, filled up to words.
std::string buildIdIn(std::string_view notes) {
  const auto filled = [](size_t size) { return (size + 3) & ~size_t{3}; };
  constexpr std::string_view kName("GNU\0", 4);
  ElfW(Nhdr) note;
  while (notes.size() >= sizeof note) {
    std::memcpy(&note, notes.data(), sizeof note);
    notes.remove_prefix(sizeof note);
    if (notes.size() < filled(note.n_namesz) + note.n_descsz) return "";
    if (note.n_type == NT_GNU_BUILD_ID && notes.substr(0, note.n_namesz) == kName) {
      std::string hex;
      for (unsigned char byte : notes.substr(filled(note.n_namesz), note.n_descsz)) {
        hex += "0123456789abcdef"[byte >> 4];
        hex += "0123456789abcdef"[byte & 15];
      }
      return hex;
    }
    notes.remove_prefix(std::min(notes.size(), filled(note.n_namesz) + filled(note.n_descsz)));
  }
  return "";
}

int visit(dl_phdr_info* object, size_t, void* data) {
  Search& search = *static_cast<Search*>(data);
  if (!contains(*object, search.address)) return 0;
  for (const auto* header = object->dlpi_phdr; header != object->dlpi_phdr + object->dlpi_phnum;
       ++header) {
    if (header->p_type != PT_NOTE || !search.found.empty()) continue;
    const uintptr_t begin = object->dlpi_addr + header->p_vaddr;
    search.found = buildIdIn({reinterpret_cast<const char*>(begin), header->p_memsz});
  }
  return 1;
}

}  // namespace

std::string buildIdOf(const void* address) {
  Search search;
  search.address = reinterpret_cast<uintptr_t>(address);
  ::dl_iterate_phdr(visit, &search);
  return search.found;
}

}  // namespace mlc
