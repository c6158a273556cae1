#include "tools/run/npz.h"

#include <minizip/unzip.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include "runtime/base/file_kind.h"
#include "runtime/base/npy.h"

namespace mlc::tools {
namespace {

struct CloseArchive {
  void operator()(void* archive) const { unzClose(archive); }
};
using Archive = std::unique_ptr<void, CloseArchive>;

// What minizip says of a size that is in a 64-bit field, where it does not look; it cannot read
// such arrays. Python writes them so from 2 GB on.
constexpr uint64_t kUnknownBytes = 0xffffffff, kMostKnownBytes = 0x7fffffff;

struct Array {
  std::string name;  // the file's without its ending
  unz64_file_pos position;
  ZPOS64_T bytes;
};

StatusOr<std::vector<Array>> arraysOf(unzFile archive, const std::string& path) {
  std::vector<Array> arrays;
  std::vector<char> name(1 << 16);  // the longest of the format
  int code = unzGoToFirstFile(archive);
  for (; code == UNZ_OK; code = unzGoToNextFile(archive)) {
    unz_file_info64 info;
    Array array;
    if (unzGetCurrentFileInfo64(archive, &info, name.data(), name.size(), nullptr, 0, nullptr, 0) !=
            UNZ_OK ||
        unzGetFilePos64(archive, &array.position) != UNZ_OK) {
      break;
    }
    array.name.assign(name.data(), info.size_filename);
    if (array.name.ends_with(".npy")) array.name.resize(array.name.size() - 4);
    array.bytes = info.uncompressed_size;
    arrays.push_back(std::move(array));
  }
  if (code != UNZ_END_OF_LIST_OF_FILE) {
    return invalidError(path + " is not a good .npz file: its list of arrays is damaged");
  }
  std::set<std::string> names;
  for (const Array& array : arrays) {
    if (!names.insert(array.name).second)
      return invalidError(path + " has more than one array '" + array.name + "'");
  }
  return arrays;
}

// Appends up to `most` bytes; fewer where the array ends. As they come: what an archive says of its
// sizes may be wrong.
bool inflate(unzFile archive, std::string& bytes, uint64_t most) {
  std::vector<char> block(1 << 16);
  while (most > 0) {
    const int got = unzReadCurrentFile(
        archive, block.data(), static_cast<unsigned>(std::min<uint64_t>(block.size(), most)));
    if (got < 0) return false;
    if (got == 0) break;
    bytes.append(block.data(), static_cast<size_t>(got));
    most -= static_cast<uint64_t>(got);
  }
  return true;
}

// `name` stands for it in messages.
StatusOr<HostTensor> readArray(unzFile archive, Array array, const std::string& name) {
  const Status damaged = invalidError(name + " is damaged");
  if (unzGoToFilePos64(archive, &array.position) != UNZ_OK ||
      unzOpenCurrentFile(archive) != UNZ_OK) {
    return damaged;
  }
  // A small archive may hold any number of bytes: no more are taken than the array has.
  std::string bytes;
  if (!inflate(archive, bytes, kMostNpyHeaderBytes)) return damaged;
  MLC_ASSIGN_OR_RETURN(const int64_t all, npyBytes(bytes, name));
  const auto most = static_cast<uint64_t>(all);
  if (array.bytes == kUnknownBytes && most >= kMostKnownBytes)
    return unsupportedError(name + " has 2 GB or more: give it as .npy");
  if (array.bytes != most) {
    return invalidError(name + " is damaged: it does not have the " + std::to_string(all) +
                        " bytes that its header says");
  }
  if (!inflate(archive, bytes, most - bytes.size())) return damaged;
  // Closing it compares the checksum, of an array that was read to its end.
  if (unzCloseCurrentFile(archive) != UNZ_OK || bytes.size() != most) return damaged;
  return parseNpy(bytes, name);
}

}  // namespace

StatusOr<HostTensor> readNpz(const std::string& path, const std::string& member) {
  MLC_ASSIGN_OR_RETURN(const FileKind kind, fileKind(path));
  if (kind == FileKind::kOther) return invalidError("cannot read " + path + ": not a regular file");
  if (::access(path.c_str(), R_OK) != 0) {
    return invalidError("cannot read " + path + ": " + std::strerror(errno));
  }
  const Archive archive(unzOpen64(path.c_str()));
  if (!archive) return invalidError(path + " is not a good .npz file: it is not a zip archive");
  MLC_ASSIGN_OR_RETURN(std::vector<Array> arrays, arraysOf(archive.get(), path));
  size_t index = 0;
  while (index < arrays.size() && arrays[index].name != member) ++index;
  if (member.empty() && arrays.size() == 1) index = 0;
  if (index == arrays.size()) {
    std::string known;
    for (const Array& array : arrays) known += " " + array.name;
    return invalidError(path + " has no array '" + member + "'; it has" +
                        (known.empty() ? " none" : known));
  }
  return readArray(archive.get(), arrays[index], path + ": '" + arrays[index].name + "'");
}

}  // namespace mlc::tools
