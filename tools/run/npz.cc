#include "tools/run/npz.h"

#include <zip.h>

#include <memory>
#include <vector>

#include "runtime/base/file_kind.h"
#include "runtime/base/npy.h"

namespace mlc::tools {
namespace {

struct CloseArchive {
  // Nothing was changed that would have to be written.
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

// The arrays' names: those of the files without their ending.
std::vector<std::string> arraysOf(zip_t* archive) {
  std::vector<std::string> names;
  for (zip_int64_t i = 0; i < zip_get_num_entries(archive, 0); ++i) {
    const char* text = zip_get_name(archive, static_cast<zip_uint64_t>(i), 0);
    std::string name = text ? text : "";
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

StatusOr<HostTensor> readNpz(const std::string& path, const std::string& member) {
  MLC_ASSIGN_OR_RETURN(const FileKind kind, fileKind(path));
  if (kind == FileKind::kOther) return invalidError("cannot read " + path + ": not a regular file");
  int code = 0;
  const std::unique_ptr<zip_t, CloseArchive> archive(
      zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    return invalidError(path + " is not a good .npz file: " + reason);
  }
  const std::vector<std::string> names = arraysOf(archive.get());
  zip_uint64_t index = 0;
  while (index < names.size() && names[index] != member) ++index;
  if (member.empty() && names.size() == 1) index = 0;
  if (index == names.size()) {
    std::string known;
    for (const std::string& name : names) known += " " + name;
    return invalidError(path + " has no array '" + member + "'; it has" +
                        (known.empty() ? " none" : known));
  }
  zip_stat_t stat;
  const std::unique_ptr<zip_file_t, CloseFile> file(zip_fopen_index(archive.get(), index, 0));
  if (!file || zip_stat_index(archive.get(), index, 0, &stat) != 0 ||
      !(stat.valid & ZIP_STAT_SIZE)) {
    return invalidError(path + ": cannot read '" + names[index] +
                        "': " + zip_strerror(archive.get()));
  }
  // Read as it comes: the size that the archive states may be wrong.
  std::string bytes;
  std::vector<char> block(1 << 16);
  while (bytes.size() <= stat.size) {
    const zip_int64_t got = zip_fread(file.get(), block.data(), block.size());
    if (got < 0) return invalidError(path + ": '" + names[index] + "' is damaged");
    if (got == 0) break;
    bytes.append(block.data(), static_cast<size_t>(got));
  }
  return parseNpy(bytes, path + ": '" + names[index] + "'");
}

}  // namespace mlc::tools
