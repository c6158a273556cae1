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

// An input: borrows the data (see mlc_tensor.data).
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

class Sequence;

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

  int stateCount() const { return mlc_state_count(session_.get()); }
  const mlc_tensor_info& state(int index) const { return *mlc_state(session_.get(), index); }

  Outputs run(const std::vector<Input>& inputs) {
    const std::vector<mlc_tensor> tensors = tensorsOf(inputs);
    mlc_result* result = nullptr;
    throwIfError(
        mlc_run(session_.get(), tensors.data(), static_cast<int32_t>(tensors.size()), &result));
    return Outputs(result);
  }

  // A new sequence of the model's states; maxRows 0: as many as there is memory for.
  Sequence sequence(int64_t maxRows = 0);

  mlc_statistics statistics() const { return mlc_session_statistics(session_.get()); }

 private:
  friend class Sequence;

  static std::vector<mlc_tensor> tensorsOf(const std::vector<Input>& inputs) {
    std::vector<mlc_tensor> tensors;
    for (const Input& input : inputs) {
      tensors.push_back(
          {input.dtype, static_cast<int32_t>(input.shape.size()), input.shape.data(), input.data});
    }
    return tensors;
  }

  std::unique_ptr<mlc_session, void (*)(mlc_session*)> session_;
};

// One instance of the model's states, dropped at the end of its life, which must be that of the
// model at the latest. Movable only.
class Sequence {
 public:
  Sequence(Sequence&& other) noexcept
      : session_(std::exchange(other.session_, nullptr)), id_(other.id_) {}
  Sequence& operator=(Sequence&& other) noexcept {
    std::swap(session_, other.session_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~Sequence() {
    if (session_) mlc_error_free(mlc_sequence_drop(session_, id_));
  }

  Outputs run(const std::vector<Input>& inputs) {
    const std::vector<mlc_tensor> tensors = Model::tensorsOf(inputs);
    mlc_result* result = nullptr;
    throwIfError(mlc_run_sequence(session_, id_, tensors.data(),
                                  static_cast<int32_t>(tensors.size()), &result));
    return Outputs(result);
  }

  // Another one with the same contents, which goes on by itself.
  Sequence copy() const {
    mlc_sequence made = 0;
    throwIfError(mlc_sequence_copy(session_, id_, &made));
    return Sequence(session_, made);
  }

  int64_t length() const {
    int64_t length = 0;
    throwIfError(mlc_sequence_length(session_, id_, &length));
    return length;
  }

 private:
  friend class Model;
  Sequence(mlc_session* session, mlc_sequence id) : session_(session), id_(id) {}

  mlc_session* session_;
  mlc_sequence id_;
};

inline Sequence Model::sequence(int64_t maxRows) {
  const mlc_sequence_options options = {sizeof(mlc_sequence_options), maxRows};
  mlc_sequence made = 0;
  throwIfError(mlc_sequence_create(session_.get(), &options, &made));
  return Sequence(session_.get(), made);
}

}  // namespace mlc::client
