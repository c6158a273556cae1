#include "runtime/executor/sequences.h"

#include <algorithm>

#include "runtime/base/shape_bytes.h"
#include "runtime/executor/symbols.h"

namespace mlc::executor {
namespace {

std::string textOf(const std::vector<int64_t>& dims) {
  std::string text;
  for (int64_t dim : dims) text += (text.empty() ? "" : " x ") + std::to_string(dim);
  return text;
}

Status unknown(int64_t id) {
  return invalidError("there is no sequence " + std::to_string(id) +
                      ": it was never created, or has been dropped");
}

StatusOr<int64_t> lengthAfter(const package::StateSpec& state, const SymbolValues& symbols) {
  MLC_ASSIGN_OR_RETURN(const DimExpr next, DimExpr::parse(state.next));
  const StatusOr<int64_t> length = next.evaluate(symbols);
  return length.ok() ? length : length.status().withContext("state '" + state.spec.name + "'");
}

StatusOr<std::vector<int64_t>> rowOf(const package::StateSpec& state, const SymbolValues& symbols) {
  MLC_ASSIGN_OR_RETURN(std::vector<int64_t> shape, shapeOf(state.spec, symbols));
  shape.erase(shape.begin());
  return shape;
}

}  // namespace

Sequence Sequences::empty() const {
  Sequence sequence;
  sequence.lengths.assign(manifest_.states.size(), 0);
  sequence.rows.resize(manifest_.states.size());
  return sequence;
}

int64_t Sequences::create(int64_t maxLength) {
  Sequence sequence = empty();
  sequence.maxLength = maxLength;
  sequences_.emplace(next_, std::move(sequence));
  return next_++;
}

StatusOr<int64_t> Sequences::copy(int64_t id) {
  const auto source = sequences_.find(id);
  // The next identifier is used up on every rank, whether the copy succeeds there or not.
  const int64_t copied = next_++;
  if (source == sequences_.end()) return unknown(id);
  Sequence sequence = empty();
  sequence.maxLength = source->second.maxLength;
  sequence.lengths = source->second.lengths;
  sequence.rows = source->second.rows;
  for (const auto& [microbatch, parts] : source->second.parts) {
    std::vector<Sequence::Part>& own = sequence.parts[microbatch];
    for (size_t i = 0; i < parts.size(); ++i) {
      Sequence::Part& part = own.emplace_back();
      MLC_RETURN_IF_ERROR(part.buffer.copyFrom(*device_, parts[i].buffer, parts[i].heldBytes,
                                               "state '" + program_->states[i].spec.name + "'"));
      part.heldBytes = parts[i].heldBytes;
    }
  }
  sequences_.emplace(copied, std::move(sequence));
  return copied;
}

Status Sequences::drop(int64_t id) { return sequences_.erase(id) > 0 ? okStatus() : unknown(id); }

StatusOr<Sequence*> Sequences::find(int64_t id) {
  if (id == kNone) {
    // Memory stays for the next one.
    std::map<int, std::vector<Sequence::Part>> parts = std::move(unnamed_.parts);
    unnamed_ = empty();
    for (auto& [microbatch, own] : parts) {
      for (Sequence::Part& part : own) part.heldBytes = 0;
    }
    unnamed_.parts = std::move(parts);
    return &unnamed_;
  }
  const auto found = sequences_.find(id);
  if (found == sequences_.end()) return unknown(id);
  return &found->second;
}

StatusOr<SymbolValues> Sequences::lengthsOf(const Sequence& sequence) const {
  SymbolValues symbols;
  for (size_t i = 0; i < manifest_.states.size(); ++i) {
    const package::TensorSpec& spec = manifest_.states[i].spec;
    const auto [known, isNew] = symbols.emplace(spec.dims[0], sequence.lengths[i]);
    if (!isNew && known->second != sequence.lengths[i]) {
      return invalidError("state '" + spec.name + "' has " + std::to_string(sequence.lengths[i]) +
                          " rows, others of the length '" + spec.dims[0] + "' have " +
                          std::to_string(known->second));
    }
  }
  return symbols;
}

Status Sequences::check(const Sequence& sequence, const SymbolValues& symbols) const {
  for (size_t i = 0; i < manifest_.states.size(); ++i) {
    const package::StateSpec& state = manifest_.states[i];
    MLC_ASSIGN_OR_RETURN(const int64_t length, lengthAfter(state, symbols));
    if (sequence.maxLength > 0 && length > sequence.maxLength) {
      return invalidError("the sequence would have " + std::to_string(length) + " rows, of " +
                          std::to_string(sequence.maxLength) + " that it may have");
    }
    MLC_ASSIGN_OR_RETURN(const std::vector<int64_t> row, rowOf(state, symbols));
    if (sequence.lengths[i] > 0 && row != sequence.rows[i]) {
      return invalidError("state '" + state.spec.name + "' of the sequence has rows of " +
                          textOf(sequence.rows[i]) + ", the inputs would add rows of " +
                          textOf(row));
    }
  }
  return okStatus();
}

StatusOr<int64_t> Sequences::bytesAfter(const package::ProgramState& state,
                                        const SymbolValues& symbols) const {
  package::TensorSpec after = state.spec;
  after.dims[0] = manifest_.states[static_cast<size_t>(state.index)].next;
  MLC_ASSIGN_OR_RETURN(const std::vector<int64_t> shape, shapeOf(after, symbols));
  return *bytesOf(after.dtype, shape);
}

Status Sequences::reserve(Sequence& sequence, int microbatch, const SymbolValues& symbols) {
  std::vector<Sequence::Part>& parts = sequence.parts[microbatch];
  parts.resize(program_->states.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    MLC_ASSIGN_OR_RETURN(const int64_t bytes, bytesAfter(program_->states[i], symbols));
    MLC_RETURN_IF_ERROR(parts[i].buffer.reserve(*device_, bytes, parts[i].heldBytes,
                                                "state '" + program_->states[i].spec.name + "'"));
  }
  return okStatus();
}

std::vector<void*> Sequences::pointersOf(const Sequence& sequence, int microbatch) const {
  std::vector<void*> pointers;
  const auto parts = sequence.parts.find(microbatch);
  if (parts == sequence.parts.end()) return pointers;
  for (const Sequence::Part& part : parts->second) pointers.push_back(part.buffer.data());
  return pointers;
}

Status Sequences::commit(Sequence& sequence, const SymbolValues& symbols,
                         const std::map<int, SymbolValues>& local) const {
  for (size_t i = 0; i < manifest_.states.size(); ++i) {
    MLC_ASSIGN_OR_RETURN(sequence.rows[i], rowOf(manifest_.states[i], symbols));
    MLC_ASSIGN_OR_RETURN(sequence.lengths[i], lengthAfter(manifest_.states[i], symbols));
  }
  for (auto& [microbatch, parts] : sequence.parts) {
    const auto own = local.find(microbatch);
    for (size_t i = 0; own != local.end() && i < parts.size(); ++i) {
      MLC_ASSIGN_OR_RETURN(parts[i].heldBytes, bytesAfter(program_->states[i], own->second));
    }
  }
  return okStatus();
}

}  // namespace mlc::executor
