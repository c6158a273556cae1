// Errors as values: Status and StatusOr<T>. A code says which exit code a tool ends with; the
// message is in the user's terms (node, tensor, file, rank names).
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace mlc {

// The values are the tools' exit codes.
enum class StatusCode : int {
  kOk = 0,
  kWrongResult = 1,
  kUsage = 2,
  kInvalid = 3,  // bad model, package, plan or input
  kUnsupported = 4,
  kOutOfMemory = 5,
  kDeviceFailed = 6,  // a device, rank or link failed
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same error with "context: " in front.
  Status withContext(const std::string& context) const {
    return ok() ? *this : Status(code_, context + ": " + message_);
  }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status okStatus() { return {}; }
inline Status invalidError(std::string message) {
  return {StatusCode::kInvalid, std::move(message)};
}
inline Status usageError(std::string message) { return {StatusCode::kUsage, std::move(message)}; }
inline Status unsupportedError(std::string message) {
  return {StatusCode::kUnsupported, std::move(message)};
}
inline Status outOfMemoryError(std::string message) {
  return {StatusCode::kOutOfMemory, std::move(message)};
}
inline Status deviceError(std::string message) {
  return {StatusCode::kDeviceFailed, std::move(message)};
}

template <typename T>
class [[nodiscard]] StatusOr {
 public:
  StatusOr(T value) : value_(std::move(value)) {}
  StatusOr(Status status) : status_(std::move(status)) { assert(!status_.ok()); }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& operator*() & {
    assert(ok());
    return *value_;
  }
  const T& operator*() const& {
    assert(ok());
    return *value_;
  }
  T&& operator*() && {
    assert(ok());
    return *std::move(value_);
  }
  T* operator->() {
    assert(ok());
    return &*value_;
  }
  const T* operator->() const {
    assert(ok());
    return &*value_;
  }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace mlc

#define MLC_CONCAT_(a, b) a##b
#define MLC_CONCAT(a, b) MLC_CONCAT_(a, b)

// Returns the error of a Status expression, if it is one.
#define MLC_RETURN_IF_ERROR(expression)                                            \
  do {                                                                             \
    if (::mlc::Status mlcStatus = (expression); !mlcStatus.ok()) return mlcStatus; \
  } while (false)

// MLC_ASSIGN_OR_RETURN(auto x, f()): x = the value of f(), or returns its error.
#define MLC_ASSIGN_OR_RETURN(declaration, expression) \
  MLC_ASSIGN_OR_RETURN_(MLC_CONCAT(mlcStatusOr, __LINE__), declaration, expression)
#define MLC_ASSIGN_OR_RETURN_(temporary, declaration, expression) \
  auto temporary = (expression);                                  \
  if (!temporary.ok()) return temporary.status();                 \
  declaration = *std::move(temporary)
