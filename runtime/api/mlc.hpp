// C++ over mlc's C API: owners instead of free functions, exceptions instead of error codes. Header
// only.
//
//     mlc::client::Model model("model.mlcpkg");
//     mlc::client::Outputs outputs = model.run({{MLC_F32, {1, 8}, data}});
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "runtime/api/mlc.h"

namespace mlc::client {

// What the functions below throw. code() is one of MLC_ERROR_*.
class Error : public std::runtime_error {
 public:
  Error(int code, const std::string& message) : std::runtime_error(message), code_(code) {}
  int code() const { return code_; }

 private:
  int code_;
};

inline void throwIfError(mlc_error* error) {
  if (!error) return;
  Error exception(mlc_error_code(error), mlc_error_message(error));
  mlc_error_free(error);
  throw exception;
}

// An input: borrows the data, which is row-major.
struct Input {
  mlc_dtype dtype;
  std::vector<int64_t> shape;
  const void* data;
};

// The outputs of a run, in the model's order.
class Outputs {
 public:
  explicit Outputs(mlc_result* result) : result_(result, mlc_result_free) {}
  int size() const { return mlc_result_count(result_.get()); }
  const mlc_tensor& operator[](int index) const { return *mlc_result_tensor(result_.get(), index); }

 private:
  std::unique_ptr<mlc_result, void (*)(mlc_result*)> result_;
};

class Model {
 public:
  explicit Model(const std::string& package, const mlc_options& options = {})
      : session_(nullptr, mlc_close) {
    mlc_session* session = nullptr;
    throwIfError(mlc_open(package.c_str(), &options, &session));
    session_.reset(session);
  }

  int inputCount() const { return mlc_input_count(session_.get()); }
  int outputCount() const { return mlc_output_count(session_.get()); }
  const mlc_tensor_info& input(int index) const { return *mlc_input(session_.get(), index); }
  const mlc_tensor_info& output(int index) const { return *mlc_output(session_.get(), index); }

  Outputs run(const std::vector<Input>& inputs) {
    std::vector<mlc_tensor> tensors;
    for (const Input& input : inputs) {
      tensors.push_back(
          {input.dtype, static_cast<int32_t>(input.shape.size()), input.shape.data(), input.data});
    }
    mlc_result* result = nullptr;
    throwIfError(
        mlc_run(session_.get(), tensors.data(), static_cast<int32_t>(tensors.size()), &result));
    return Outputs(result);
  }

  mlc_statistics statistics() const { return mlc_session_statistics(session_.get()); }

 private:
  std::unique_ptr<mlc_session, void (*)(mlc_session*)> session_;
};

}  // namespace mlc::client
