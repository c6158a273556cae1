#include "runtime/base/npy.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "runtime/base/element.h"

namespace mlc {
namespace {

std::string pathOf(const std::string& name) { return testing::TempDir() + "/" + name; }

void writeText(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string readText(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// A file as numpy writes it, put together by hand.
std::string npyFile(int version, const std::string& header, const std::string& payload) {
  std::string file = std::string("\x93NUMPY", 6) + static_cast<char>(version) + '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    file += static_cast<char>(header.size() >> (8 * i));
  return file + header + payload;
}

TEST(Npy, EveryTypeOfNumbersSurvivesAWriteAndARead) {
  const std::string path = pathOf("round.npy");
  for (int type = 0; type < kDTypeCount; ++type) {
    if (isReference(static_cast<DType>(type))) continue;
    for (const std::vector<int64_t>& shape :
         {std::vector<int64_t>{}, {3}, {2, 3}, {0, 4}, {2, 1, 3, 2}}) {
      HostTensor tensor = HostTensor::zeros(static_cast<DType>(type), shape);
      for (int64_t i = 0; i < tensor.numElements(); ++i)
        storeNumber(tensor, i, static_cast<double>(i % 2));
      ASSERT_TRUE(writeNpy(path, tensor).ok());
      StatusOr<HostTensor> read = readNpy(path);
      ASSERT_TRUE(read.ok()) << read.status().message();
      EXPECT_EQ(read->dtype(), tensor.dtype());
      EXPECT_EQ(read->shape(), shape);
      EXPECT_EQ(std::memcmp(read->raw(), tensor.raw(), tensor.bytes()), 0);
    }
  }
}

TEST(Npy, WritesWhatNumpyWrites) {
  const std::string path = pathOf("exact.npy");
  HostTensor tensor = HostTensor::zeros(DType::kU8, {2, 1});
  tensor.data<uint8_t>()[0] = 'x';
  tensor.data<uint8_t>()[1] = 'y';
  ASSERT_TRUE(writeNpy(path, tensor).ok());
  std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1), }";
  header.resize(117, ' ');
  EXPECT_EQ(readText(path), npyFile(1, header + "\n", "xy"));
}

// np.save(file, np.array([[-1, 2, 3]], np.int8).view([("i4", "i1")])) writes this.
TEST(Npy, TypesThatNumpyLacksAreRecordsOfOneByte) {
  const std::string path = pathOf("nibbles.npy");
  HostTensor tensor = HostTensor::zeros(DType::kI4, {1, 3});
  for (int i = 0; i < 3; ++i) storeInteger(tensor, i, i == 0 ? -1 : i + 1);
  ASSERT_TRUE(writeNpy(path, tensor).ok());
  std::string header = "{'descr': [('i4', '|i1')], 'fortran_order': False, 'shape': (1, 3), }";
  header.resize(117, ' ');
  EXPECT_EQ(readText(path), npyFile(1, header + "\n", "\xff\x02\x03"));
}

TEST(Npy, FortranOrderIsPutIntoRowOrder) {
  const std::string path = pathOf("fortran.npy");
  writeText(path,
            npyFile(2, "{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }\n", "adbecf"));
  StatusOr<HostTensor> read = readNpy(path);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(std::string(read->data<char>(), 6), "abcdef");
}

TEST(Npy, DamagedFilesAreErrorsThatNameTheFile) {
  const std::string path = pathOf("damaged.npy");
  const std::string good =
      npyFile(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", "abcdefgh");
  writeText(path, good);
  ASSERT_TRUE(readNpy(path).ok());
  for (size_t length = 0; length < good.size(); ++length) {
    writeText(path, good.substr(0, length));
    StatusOr<HostTensor> read = readNpy(path);
    ASSERT_FALSE(read.ok()) << length;
    EXPECT_NE(read.status().message().find(path), std::string::npos);
  }
  for (const char* header :
       {"{'descr': '<f3', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (x,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9999999999, 9999999999), }",
        "{'descr': '<U0', 'fortran_order': False, 'shape': (1152921504606846976,), }",
        "{'descr': '<f4', 'fortran_order': False}"}) {
    writeText(path, npyFile(1, header, "abcdefgh"));
    EXPECT_FALSE(readNpy(path).ok()) << header;
  }
  EXPECT_FALSE(readNpy(pathOf("absent.npy")).ok());
}

TEST(Npy, TheHeaderSaysHowManyBytesThereAre) {
  const std::string good =
      npyFile(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", "");
  StatusOr<int64_t> bytes = npyBytes(good, "x.npy");
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  EXPECT_EQ(*bytes, static_cast<int64_t>(good.size()) + 24);
  EXPECT_EQ(*npyBytes(good + std::string(1000, 'x'), "x.npy"), *bytes);
  EXPECT_FALSE(npyBytes(good.substr(0, good.size() - 1), "x.npy").ok());
  // Almost as many as 64 bits count.
  EXPECT_FALSE(npyBytes(npyFile(1,
                                "{'descr': '<i8', 'fortran_order': False, 'shape': "
                                "(1152921504606846975,), }\n",
                                ""),
                        "x.npy")
                   .ok());
  // A header of gigabytes is not waited for.
  const std::string endless = std::string("\x93NUMPY\x02\x00", 8) + "\xff\xff\xff\x7f";
  EXPECT_NE(npyBytes(endless, "x.npy").status().message().find("too long"), std::string::npos);
}

}  // namespace
}  // namespace mlc
