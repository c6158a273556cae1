#include "runtime/base/json_reader.h"

#include <gtest/gtest.h>

namespace mlc {
namespace {

enum class Color { kRed, kBlue };

struct Item {
  std::string name;
  int count = 0;
};

struct File {
  bool flag = false;
  int number = 0;
  int64_t large = 0;
  double real = 0;
  Color color = Color::kRed;
  std::vector<Item> items;
  std::vector<std::vector<int>> table;
  std::map<std::string, double> speeds;
};

void readFields(JsonReader& reader, Item& item) {
  reader.read("name", item.name);
  reader.readIfThere("count", item.count);
  if (item.count < 0) reader.wrong("count", "must not be negative");
}

void readFields(JsonReader& reader, File& file) {
  constexpr std::pair<const char*, Color> kColors[] = {{"red", Color::kRed},
                                                       {"blue", Color::kBlue}};
  reader.readIfThere("flag", file.flag);
  reader.readIfThere("number", file.number);
  reader.readIfThere("large", file.large);
  reader.readIfThere("real", file.real);
  if (reader.has("color")) reader.readChoice("color", kColors, file.color);
  reader.readIfThere("items", file.items);
  reader.readIfThere("table", file.table);
  reader.readIfThere("speeds", file.speeds);
}

std::string errorOf(const std::string& text) {
  File file;
  return JsonReader::readText(text, "x.json", file).message();
}

TEST(JsonReader, ReadsWhatIsThere) {
  File file;
  ASSERT_TRUE(JsonReader::readText(
                  R"({"flag": true, "number": -2147483648, "large": 9223372036854775807, "real": 3,
                      "color": "blue", "items": [{"name": "a"}, {"name": "b", "count": 2}],
                      "table": [[1, 2], []], "speeds": {"fast": 1.5}})",
                  "x.json", file)
                  .ok());
  EXPECT_TRUE(file.flag);
  EXPECT_EQ(file.number, INT32_MIN);
  EXPECT_EQ(file.large, INT64_MAX);
  EXPECT_EQ(file.real, 3);
  EXPECT_EQ(file.color, Color::kBlue);
  ASSERT_EQ(file.items.size(), 2u);
  EXPECT_EQ(file.items[1].count, 2);
  EXPECT_EQ(file.table, (std::vector<std::vector<int>>{{1, 2}, {}}));
  EXPECT_EQ(file.speeds.at("fast"), 1.5);
}

TEST(JsonReader, ErrorsNameFileAndPlace) {
  EXPECT_EQ(errorOf("{"), "x.json is not valid JSON");
  EXPECT_EQ(errorOf("[]"), "x.json is not a JSON object");
  EXPECT_EQ(errorOf(R"({"flag": 1})"), "x.json: flag must be true or false");
  EXPECT_EQ(errorOf(R"({"number": 2147483648})"), "x.json: number must be an integer of 32 bits");
  EXPECT_EQ(errorOf(R"({"number": -2147483649})"), "x.json: number must be an integer of 32 bits");
  EXPECT_EQ(errorOf(R"({"number": 1.0})"), "x.json: number must be an integer");
  EXPECT_EQ(errorOf(R"({"large": 9223372036854775808})"),
            "x.json: large must be an integer of 64 bits");
  EXPECT_EQ(errorOf(R"({"real": null})"), "x.json: real must be a finite number");
  EXPECT_EQ(errorOf(R"({"color": "green"})"), R"(x.json: color must be one of "red", "blue")");
  EXPECT_EQ(errorOf(R"({"items": {}})"), "x.json: items must be a list");
  EXPECT_EQ(errorOf(R"({"items": [{"name": "a"}, {}]})"), "x.json: items[1].name is missing");
  EXPECT_EQ(errorOf(R"({"items": [{"name": "a", "count": -1}]})"),
            "x.json: items[0].count must not be negative");
  EXPECT_EQ(errorOf(R"({"items": [7]})"), "x.json: items[0] must be an object");
  EXPECT_EQ(errorOf(R"({"table": [[], [1, "2"]]})"), "x.json: table[1][1] must be an integer");
  EXPECT_EQ(errorOf(R"({"speeds": {"fast": "x"}})"), "x.json: speeds.fast must be a finite number");
  EXPECT_EQ(errorOf(R"({"items": [{"name": "a", "other": 1}]})"),
            "x.json: items[0].other is no key that is known here");
}

TEST(JsonReader, TheFirstErrorIsKept) {
  EXPECT_EQ(errorOf(R"({"flag": 1, "number": "x", "zzz": 1})"),
            "x.json: flag must be true or false");
}

}  // namespace
}  // namespace mlc
