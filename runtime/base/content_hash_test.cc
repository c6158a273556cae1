#include "runtime/base/content_hash.h"

#include <gtest/gtest.h>

#include <fstream>

namespace mlc {
namespace {

TEST(ContentHash, IsBlake2b) {
  // Of no bytes, as b2sum --length 256 gives it.
  EXPECT_EQ(contentHashOf(""), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  std::string bytes(3'000'001, 'x');
  const std::string path = testing::TempDir() + "/hashed";
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_EQ(*contentHashOfFile(path), contentHashOf(bytes));
  bytes[2'000'000] = 'y';
  EXPECT_NE(*contentHashOfFile(path), contentHashOf(bytes));
  EXPECT_FALSE(contentHashOfFile("/dev/zero").ok());
  EXPECT_FALSE(contentHashOfFile(path + ".absent").ok());
}

TEST(ContentHash, FieldsDoNotRunIntoEachOther) {
  const auto of = [](auto... texts) {
    ContentHash hash;
    for (auto [name, value] : {std::pair<const char*, const char*>(texts)...})
      hash.field(name, value);
    return hash.hex();
  };
  using Field = std::pair<const char*, const char*>;
  const std::string one = of(Field("ab", "c"), Field("d", "ef"));
  EXPECT_EQ(one, of(Field("ab", "c"), Field("d", "ef")));
  EXPECT_NE(one, of(Field("a", "bc"), Field("d", "ef")));
  EXPECT_NE(one, of(Field("ab", "cd"), Field("", "ef")));
  EXPECT_NE(one, of(Field("ab", "c"), Field("de", "f")));
  EXPECT_NE(one, of(Field("d", "ef"), Field("ab", "c")));
}

}  // namespace
}  // namespace mlc
