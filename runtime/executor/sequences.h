// The sequences of a rank: instances of the states of its program.
//
// A sequence's lengths and its dims are known alike on every rank; each rank holds its own part of
// the states, if its program has any. Runs add rows behind those that are there, so that a run that
// fails leaves its sequence as it was: only `commit` makes new rows count.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "runtime/base/dim_expr.h"
#include "runtime/executor/state_buffer.h"
#include "runtime/package/loader.h"

namespace mlc::executor {

struct Sequence {
  // Rows that a state may have; 0: as many as there is memory for.
  int64_t maxLength = 0;
  std::vector<int64_t> lengths;  // by index into Manifest::states
  // Dims of the states behind the first, once a run has filled them; by the same index.
  std::vector<std::vector<int64_t>> rows;
  // Of this rank: by microbatch and index into Program::states.
  struct Part {
    StateBuffer buffer;
    int64_t heldBytes = 0;
  };
  std::map<int, std::vector<Part>> parts;
};

class Sequences {
 public:
  // Names no sequence: a run of it begins with empty states and forgets them.
  static constexpr int64_t kNone = 0;

  // Borrows both. `program` is null on a rank without work.
  Sequences(const package::Manifest& manifest, const package::Program* program,
            device::Device* device)
      : manifest_(manifest), program_(program), device_(device) {}

  // Identifiers count up from 1, and are never used again.
  int64_t create(int64_t maxLength);
  StatusOr<int64_t> copy(int64_t id);
  Status drop(int64_t id);
  // Fails with kInvalid where there is none, or none any more. kNone gives an empty one.
  StatusOr<Sequence*> find(int64_t id);

  // The values of the symbols that are lengths of states. Fails with kInvalid where two states that
  // share one differ.
  StatusOr<SymbolValues> lengthsOf(const Sequence& sequence) const;
  // Whether a run with these symbols (of the whole model) may go on with the sequence: its dims are
  // those of the runs before, its length within the limit. kInvalid else.
  Status check(const Sequence& sequence, const SymbolValues& symbols) const;
  // Room for what a run of a microbatch with these symbols (of this rank) adds.
  Status reserve(Sequence& sequence, int microbatch, const SymbolValues& symbols);
  // The program's states of a microbatch, after `reserve`.
  std::vector<void*> pointersOf(const Sequence& sequence, int microbatch) const;
  // Makes the rows count that the run added; `local`: the symbols of each microbatch that it had.
  Status commit(Sequence& sequence, const SymbolValues& symbols,
                const std::map<int, SymbolValues>& local) const;

 private:
  Sequence empty() const;
  StatusOr<int64_t> bytesAfter(const package::ProgramState& state,
                               const SymbolValues& symbols) const;

  const package::Manifest& manifest_;
  const package::Program* program_;
  device::Device* device_;
  std::map<int64_t, Sequence> sequences_;
  Sequence unnamed_;
  int64_t next_ = 1;
};

}  // namespace mlc::executor
