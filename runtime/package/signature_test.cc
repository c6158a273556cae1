#include "runtime/package/signature.h"

#include <gtest/gtest.h>

#include <fstream>

namespace mlc::package {
namespace {

std::string fileOf(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path) << text;
  return path;
}

// The first test vector of RFC 8032, section 7.1, as openssl writes such keys.
constexpr char kPrivate[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
constexpr char kPublic[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";

TEST(Signature, IsThatOfTheRfc) {
  const StatusOr<std::string> signature = signatureOf("", fileOf("key", kPrivate));
  ASSERT_TRUE(signature.ok()) << signature.status().message();
  EXPECT_EQ(signature->substr(0, 4), std::string("\xe5\x56\x43\x00", 4));
  const auto keys = readPublicKeys(fileOf("keys", kPublic));
  ASSERT_TRUE(keys.ok()) << keys.status().message();
  ASSERT_EQ(keys->size(), 1u);
  EXPECT_TRUE(isSignedBy("", *signature, *keys));
  EXPECT_FALSE(isSignedBy("x", *signature, *keys));
  EXPECT_FALSE(isSignedBy("", *signature, {}));
  EXPECT_FALSE(isSignedBy("", signature->substr(1), *keys));
  EXPECT_FALSE(isSignedBy("", "", *keys));
  for (size_t i = 0; i < signature->size(); ++i) {
    std::string changed = *signature;
    changed[i] ^= 1;
    EXPECT_FALSE(isSignedBy("", changed, *keys)) << i;
  }
}

TEST(Signature, SeveralKeysInAFile) {
  std::string other = kPublic;
  other.replace(other.find("11q"), 3, "22q");
  const auto keys = readPublicKeys(fileOf("keys", "# mine\n" + other + "# theirs\n" + kPublic));
  ASSERT_TRUE(keys.ok());
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_TRUE(isSignedBy("", *signatureOf("", fileOf("key", kPrivate)), *keys));
}

TEST(Signature, BadKeys) {
  std::string rsa = kPublic, cut = kPublic;
  rsa.replace(rsa.find("K2Vw"), 4, "K2Vx");
  cut.replace(cut.find("MCow"), 4, "");
  for (const std::string& text : {std::string(), std::string("x"), rsa, cut, std::string(kPrivate)})
    EXPECT_FALSE(readPublicKeys(fileOf("keys", text)).ok()) << text;
  for (const std::string& text : {std::string(), std::string(kPublic), std::string("x")})
    EXPECT_FALSE(signatureOf("", fileOf("key", text)).ok()) << text;
  EXPECT_FALSE(readPublicKeys("/dev/zero").ok());
}

}  // namespace
}  // namespace mlc::package
