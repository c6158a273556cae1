// Reads JSON files that anybody may have written into structs: manifests, plans, device files.
//
// A struct is read by a function `void readFields(JsonReader&, T&)` beside it, which asks for its
// keys. The first thing that is wrong is kept as the error, and names the file, the place and what
// is wrong: "plan: shardings[0].ops[2].factor must be an integer". What is read behind it stays as
// it was.
#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/status.h"

namespace mlc {

// One object of the file.
class JsonReader {
 public:
  // Reads all of `text`, which is one object. `file`: its name in errors.
  template <typename T>
  static Status readText(const std::string& text, const std::string& file, T& value) {
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) return invalidError(file + " is not valid JSON");
    if (!json.is_object()) return invalidError(file + " is not a JSON object");
    Status status;
    JsonReader reader(json, file + ": ", status);
    reader.readObject(value);
    return status;
  }

  // Integers must fit T, doubles be finite, an object have no keys that nothing asks for.
  template <typename T>
  void read(const char* key, T& value) {
    if (const nlohmann::json* found = find(key)) {
      convert(*found, where_ + key, value);
    } else {
      wrong(key, "is missing");
    }
  }

  // Leaves the value as it is where the key is missing.
  template <typename T>
  void readIfThere(const char* key, T& value) {
    if (const nlohmann::json* found = find(key)) convert(*found, where_ + key, value);
  }

  // A string that is one of these.
  template <typename T, size_t N>
  void readChoice(const char* key, const std::pair<const char*, T> (&choices)[N], T& value) {
    std::string text;
    read(key, text);
    for (const auto& [name, choice] : choices) {
      if (text != name) continue;
      value = choice;
      return;
    }
    std::string known;
    for (const auto& [name, choice] : choices)
      known += (known.empty() ? "\"" : ", \"") + std::string(name) + "\"";
    wrong(key, "must be one of " + known);
  }

  bool has(const char* key) const { return json_.contains(key); }

  // What a struct's readFields finds wrong with a key that it has read: "must be positive".
  void wrong(const std::string& key, const std::string& what) {
    if (status_.ok()) status_ = invalidError(where_ + key + " " + what);
  }

 private:
  using Json = nlohmann::json;

  JsonReader(const Json& json, std::string where, Status& status)
      : json_(json), where_(std::move(where)), status_(status) {}

  const Json* find(const char* key) {
    asked_.push_back(key);
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }

  template <typename T>
  void readObject(T& value) {
    readFields(*this, value);
    refuseUnknownKeys();
  }
  void refuseUnknownKeys();

  void mustBe(const std::string& place, const std::string& what) {
    if (status_.ok()) status_ = invalidError(place + " must be " + what);
  }

  void convert(const Json& json, const std::string& place, bool& value) {
    if (!json.is_boolean()) return mustBe(place, "true or false");
    value = json.get<bool>();
  }

  template <std::signed_integral T>
  void convert(const Json& json, const std::string& place, T& value) {
    if (!json.is_number_integer()) return mustBe(place, "an integer");
    using Limits = std::numeric_limits<T>;
    const bool fits = json.is_number_unsigned()
                          ? json.get<uint64_t>() <= static_cast<uint64_t>(Limits::max())
                          : json.get<int64_t>() >= Limits::min();
    if (!fits)
      return mustBe(place, "an integer of " + std::to_string(Limits::digits + 1) + " bits");
    value = json.get<T>();
  }

  void convert(const Json& json, const std::string& place, double& value) {
    if (!json.is_number() || !std::isfinite(json.get<double>()))
      return mustBe(place, "a finite number");
    value = json.get<double>();
  }

  void convert(const Json& json, const std::string& place, std::string& value) {
    if (!json.is_string()) return mustBe(place, "a string");
    value = json.get<std::string>();
  }

  template <typename T>
  void convert(const Json& json, const std::string& place, std::vector<T>& values) {
    if (!json.is_array()) return mustBe(place, "a list");
    for (size_t i = 0; i < json.size() && status_.ok(); ++i) {
      T value{};
      convert(json[i], place + "[" + std::to_string(i) + "]", value);
      values.push_back(std::move(value));
    }
  }

  // An object of any keys.
  template <typename T>
  void convert(const Json& json, const std::string& place, std::map<std::string, T>& values) {
    if (!json.is_object()) return mustBe(place, "an object");
    for (const auto& [key, value] : json.items()) convert(value, place + "." + key, values[key]);
  }

  template <typename T>
  void convert(const Json& json, const std::string& place, T& value) {
    if (!json.is_object()) return mustBe(place, "an object");
    JsonReader(json, place + ".", status_).readObject(value);
  }

  const Json& json_;
  std::string where_;
  Status& status_;
  std::vector<std::string> asked_;
};

}  // namespace mlc
