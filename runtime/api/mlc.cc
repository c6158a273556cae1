#include "runtime/api/mlc.h"

#include <algorithm>
#include <cstring>

#include "runtime/api/session.h"
#include "runtime/api/values.h"
#include "runtime/base/exceptions.h"

static_assert(static_cast<int>(mlc::DType::kOptional) == MLC_OPTIONAL &&
                  static_cast<int>(mlc::DType::kF8E8M0) == MLC_F8E8M0 &&
                  static_cast<int>(mlc::DType::kBool) == MLC_BOOL,
              "the C API's types are DType's");

struct mlc_error {
  mlc::Status status;
};

// Descriptions with memory of their own.
struct TensorInfos {
  explicit TensorInfos(const std::vector<mlc::package::TensorSpec>& specs) {
    for (const mlc::package::TensorSpec& spec : specs) {
      std::vector<const char*>& texts = dims.emplace_back();
      for (const std::string& dim : spec.dims) texts.push_back(dim.c_str());
    }
    for (size_t i = 0; i < specs.size(); ++i) {
      infos.push_back({specs[i].name.c_str(), static_cast<mlc_dtype>(specs[i].dtype),
                       static_cast<int32_t>(dims[i].size()), dims[i].data(),
                       specs[i].holds.empty() ? nullptr : specs[i].holds.c_str()});
    }
  }
  const mlc_tensor_info* at(int32_t index) const {
    return index < 0 || static_cast<size_t>(index) >= infos.size()
               ? nullptr
               : &infos[static_cast<size_t>(index)];
  }

  std::vector<std::vector<const char*>> dims;
  std::vector<mlc_tensor_info> infos;
};

struct mlc_session {
  explicit mlc_session(std::unique_ptr<mlc::api::Session> opened)
      : session(std::move(opened)),
        inputs(session->manifest().inputs),
        outputs(session->manifest().outputs),
        stateSpecs(specsOf(session->manifest().states)),
        states(stateSpecs) {}

  static std::vector<mlc::package::TensorSpec> specsOf(
      const std::vector<mlc::package::StateSpec>& states) {
    std::vector<mlc::package::TensorSpec> specs;
    for (const mlc::package::StateSpec& state : states) specs.push_back(state.spec);
    return specs;
  }

  std::unique_ptr<mlc::api::Session> session;
  TensorInfos inputs, outputs;
  std::vector<mlc::package::TensorSpec> stateSpecs;  // of which `states` keeps addresses
  TensorInfos states;
};

struct mlc_result {
  explicit mlc_result(std::vector<mlc::HostTensor> outputs) : owners(std::move(outputs)) {
    for (const mlc::HostTensor& owner : owners) tensors.push_back(values.describe(owner));
  }
  std::vector<mlc::HostTensor> owners;
  mlc::api::DescribedValues values;
  std::vector<mlc_tensor> tensors;
};

namespace {

mlc_error* errorOf(const mlc::Status& status) {
  return status.ok() ? nullptr : new mlc_error{status};
}

mlc::Status noSequence(mlc_sequence sequence) {
  return mlc::invalidError("there is no sequence " + std::to_string(sequence));
}

// Calls `body`, which returns a Status; what it throws becomes an error.
template <typename Body>
mlc_error* guarded(const Body& body) {
  try {
    return errorOf(body());
  } catch (...) {
    return errorOf(mlc::caughtException());
  }
}

mlc_error* runWith(mlc_session* session, int64_t sequence, const mlc_tensor* inputs, int32_t count,
                   mlc_result** result) {
  return guarded([&]() -> mlc::Status {
    std::vector<mlc::HostTensor> tensors;
    for (int32_t i = 0; i < count; ++i) {
      MLC_ASSIGN_OR_RETURN(mlc::HostTensor tensor,
                           mlc::api::valueOf(inputs[i], "input " + std::to_string(i)));
      tensors.push_back(std::move(tensor));
    }
    MLC_ASSIGN_OR_RETURN(auto outputs, session->session->run(tensors, sequence));
    *result = new mlc_result(std::move(outputs));
    return mlc::okStatus();
  });
}

}  // namespace

int32_t mlc_error_code(const mlc_error* error) {
  return static_cast<int32_t>(error->status.code());
}
const char* mlc_error_message(const mlc_error* error) { return error->status.message().c_str(); }
void mlc_error_free(mlc_error* error) { delete error; }

mlc_error* mlc_open(const char* package, const mlc_options* options, mlc_session** session) {
  return guarded([&]() -> mlc::Status {
    mlc::api::SessionOptions settings;
    if (options) {
      if (options->threads < 0) return mlc::usageError("the number of threads is negative");
      settings.threads = options->threads;
      settings.pin = options->no_pin == 0;
    }
    MLC_ASSIGN_OR_RETURN(auto opened, mlc::api::Session::openThreads(package, settings));
    *session = new mlc_session(std::move(opened));
    return mlc::okStatus();
  });
}

void mlc_close(mlc_session* session) { delete session; }

int32_t mlc_input_count(const mlc_session* session) {
  return static_cast<int32_t>(session->inputs.infos.size());
}
int32_t mlc_output_count(const mlc_session* session) {
  return static_cast<int32_t>(session->outputs.infos.size());
}
const mlc_tensor_info* mlc_input(const mlc_session* session, int32_t index) {
  return session->inputs.at(index);
}
const mlc_tensor_info* mlc_output(const mlc_session* session, int32_t index) {
  return session->outputs.at(index);
}

int32_t mlc_state_count(const mlc_session* session) {
  return static_cast<int32_t>(session->states.infos.size());
}
const mlc_tensor_info* mlc_state(const mlc_session* session, int32_t index) {
  return session->states.at(index);
}

mlc_error* mlc_sequence_create(mlc_session* session, const mlc_sequence_options* options,
                               mlc_sequence* sequence) {
  return guarded([&]() -> mlc::Status {
    mlc_sequence_options known = {};
    if (options) {
      // Of a caller that was compiled with fewer fields, or more.
      constexpr int64_t kFirstVersionBytes = 16;
      if (options->struct_bytes < kFirstVersionBytes)
        return mlc::usageError("struct_bytes of the options is not their size");
      std::memcpy(&known, options,
                  static_cast<size_t>(
                      std::min<int64_t>(options->struct_bytes, sizeof(mlc_sequence_options))));
      if (known.max_rows < 0) return mlc::usageError("max_rows is negative");
    }
    MLC_ASSIGN_OR_RETURN(*sequence, session->session->createSequence(known.max_rows));
    return mlc::okStatus();
  });
}

mlc_error* mlc_sequence_copy(mlc_session* session, mlc_sequence sequence, mlc_sequence* copy) {
  return guarded([&]() -> mlc::Status {
    MLC_ASSIGN_OR_RETURN(*copy, session->session->copySequence(sequence));
    return mlc::okStatus();
  });
}

mlc_error* mlc_sequence_drop(mlc_session* session, mlc_sequence sequence) {
  return guarded([&] { return session->session->dropSequence(sequence); });
}

mlc_error* mlc_sequence_length(const mlc_session* session, mlc_sequence sequence, int64_t* length) {
  return guarded([&]() -> mlc::Status {
    if (sequence <= mlc::executor::Sequences::kNone) return noSequence(sequence);
    MLC_ASSIGN_OR_RETURN(*length, session->session->sequenceLength(sequence));
    return mlc::okStatus();
  });
}

mlc_error* mlc_run(mlc_session* session, const mlc_tensor* inputs, int32_t count,
                   mlc_result** result) {
  return runWith(session, mlc::executor::Sequences::kNone, inputs, count, result);
}

mlc_error* mlc_run_sequence(mlc_session* session, mlc_sequence sequence, const mlc_tensor* inputs,
                            int32_t count, mlc_result** result) {
  if (sequence <= mlc::executor::Sequences::kNone) return errorOf(noSequence(sequence));
  return runWith(session, sequence, inputs, count, result);
}

int32_t mlc_result_count(const mlc_result* result) {
  return static_cast<int32_t>(result->tensors.size());
}
const mlc_tensor* mlc_result_tensor(const mlc_result* result, int32_t index) {
  return index < 0 || static_cast<size_t>(index) >= result->tensors.size()
             ? nullptr
             : &result->tensors[static_cast<size_t>(index)];
}
void mlc_result_free(mlc_result* result) { delete result; }

mlc_statistics mlc_session_statistics(const mlc_session* session) {
  const mlc::executor::RunStatistics& run = session->session->statistics();
  return {run.milliseconds,      run.computeMilliseconds, run.arenaBytes,
          run.copiedWeightBytes, run.mappedWeightBytes,   run.peakResidentBytes};
}
