#include "partitioner/search/shard_function.h"

#include <algorithm>
#include <map>

#include "partitioner/search/layout_tracker.h"
#include "partitioner/search/op_choice.h"

namespace mlc::partition {
namespace {

// Gives each tensor that is live between two ops of the range a slot of the state.
class LiveSlots {
 public:
  LiveSlots(const Function& function, const Range& range)
      : slot_(function.tensors.size(), -1), lastUse_(function.tensors.size(), -1) {
    const int end = static_cast<int>(range.ops.size());
    std::vector<bool> isMade(function.tensors.size());
    for (int i = 0; i < end; ++i) {
      for (int operand : function.ops[range.ops[i]].operands) lastUse_[operand] = i;
      for (int result : function.ops[range.ops[i]].results) isMade[result] = true;
    }
    for (int output : range.outputs) lastUse_[output] = end;
    for (size_t tensor = 0; tensor < slot_.size(); ++tensor) {
      if (lastUse_[tensor] >= 0 && !isMade[tensor] && !function.tensors[tensor].isWeight)
        take(static_cast<int>(tensor));
    }
    initialCount_ = count_;
  }

  void take(int tensor) {
    if (free_.empty()) {
      slot_[tensor] = count_++;
    } else {
      slot_[tensor] = free_.back();
      free_.pop_back();
    }
  }
  void release(int tensor) { free_.push_back(slot_[tensor]); }

  int slot(int tensor) const { return slot_[tensor]; }
  bool isUsed(int tensor) const { return lastUse_[tensor] >= 0; }
  bool diesAt(int tensor, int op) const { return lastUse_[tensor] == op; }
  size_t count() const { return count_; }
  size_t initialCount() const { return initialCount_; }

 private:
  std::vector<int> slot_, lastUse_, free_;
  int count_ = 0, initialCount_ = 0;
};

// The states after some op, and how each was reached.
struct State {
  double seconds = 0;
  std::vector<LayoutSet> available;  // by slot; 0 where free
  int step = -1;                     // the last one, into the list of steps
};

struct Step {
  int previous = -1;
  int choice = 0;
};

// Brings a tensor to a layout; false if that cannot be.
bool convert(const Function& function, int tensor, LayoutSet wanted, const GroupCost& group,
             double scale, LayoutSet& available, double& seconds) {
  auto conversion = convertLayout(available, wanted, function.tensors[tensor].bytes * scale, group);
  if (!conversion) return false;
  seconds += conversion->seconds;
  available |= conversion->added;
  return true;
}

// The state after an op that runs as `choice`. LiveSlots are those before the op, but for the
// results', which are taken.
bool advance(const Function& function, const Op& op, const OpChoice& choice, const LiveSlots& slots,
             const GroupCost& group, double scale, State& state) {
  for (size_t i = 0; i < op.operands.size(); ++i) {
    const int tensor = op.operands[i];
    LayoutSet weight = kAllLayouts;
    LayoutSet& available =
        function.tensors[tensor].isWeight ? weight : state.available[slots.slot(tensor)];
    if (!convert(function, tensor, choice.wanted[i], group, scale, available, state.seconds))
      return false;
  }
  state.seconds += choice.seconds;
  for (size_t i = 0; i < op.results.size(); ++i) {
    if (slots.isUsed(op.results[i])) state.available[slots.slot(op.results[i])] = choice.given[i];
  }
  return true;
}

void forgetDead(const Function& function, const Op& op, int position, LiveSlots& slots,
                std::vector<State>& states) {
  std::vector<int> tensors = op.operands;
  std::sort(tensors.begin(), tensors.end());
  tensors.erase(std::unique(tensors.begin(), tensors.end()), tensors.end());
  for (int tensor : tensors) {
    if (!slots.diesAt(tensor, position) || function.tensors[tensor].isWeight) continue;
    for (State& state : states) state.available[slots.slot(tensor)] = 0;
    slots.release(tensor);
  }
}

// Of equal states the fastest (the first of equally fast ones), then the `beam` fastest.
void prune(std::vector<State>& states, int beam) {
  std::map<std::vector<LayoutSet>, size_t> best;
  std::vector<State> kept;
  for (State& state : states) {
    auto [found, isNew] = best.try_emplace(state.available, kept.size());
    if (isNew) {
      kept.push_back(std::move(state));
    } else if (state.seconds < kept[found->second].seconds) {
      kept[found->second] = std::move(state);
    }
  }
  auto isBefore = [](const State& a, const State& b) {
    return std::pair(a.seconds, a.step) < std::pair(b.seconds, b.step);
  };
  std::sort(kept.begin(), kept.end(), isBefore);
  if (static_cast<int>(kept.size()) > beam) kept.resize(beam);
  states = std::move(kept);
}

void finish(const Function& function, const Range& range, const LiveSlots& slots,
            const GroupCost& group, double scale, State& state) {
  for (int output : range.outputs) {
    if (function.tensors[output].isWeight) continue;
    convert(function, output, kReplicatedBit, group, scale, state.available[slots.slot(output)],
            state.seconds);
  }
}

// Goes through the range with the choices that `choicesOf(op)` gives; the choice of each op of the
// fastest way, and its seconds.
template <typename ChoicesOf>
std::optional<std::pair<double, std::vector<OpChoice>>> searchRange(const Function& function,
                                                                    const Range& range,
                                                                    const GroupCost& group,
                                                                    const ShardOptions& options,
                                                                    ChoicesOf choicesOf) {
  LiveSlots slots(function, range);
  std::vector<State> states(1);
  states[0].available.assign(slots.initialCount(), kReplicatedBit);
  std::vector<Step> steps;
  std::vector<std::vector<OpChoice>> choices;
  for (size_t position = 0; position < range.ops.size(); ++position) {
    const Op& op = function.ops[range.ops[position]];
    choices.push_back(choicesOf(range.ops[position]));
    for (int result : op.results) {
      if (slots.isUsed(result)) slots.take(result);
    }
    std::vector<State> next;
    for (const State& state : states) {
      for (size_t i = 0; i < choices.back().size(); ++i) {
        State after = state;
        after.available.resize(slots.count());
        if (!advance(function, op, choices.back()[i], slots, group, options.scale, after)) continue;
        after.step = static_cast<int>(steps.size());
        steps.push_back({state.step, static_cast<int>(i)});
        next.push_back(std::move(after));
      }
    }
    forgetDead(function, op, static_cast<int>(position), slots, next);
    prune(next, options.beam);
    states = std::move(next);
    if (states.empty()) return std::nullopt;
  }
  const State* best = nullptr;
  for (State& state : states) {
    finish(function, range, slots, group, options.scale, state);
    if (!best || state.seconds < best->seconds) best = &state;
  }
  std::vector<OpChoice> chosen(range.ops.size());
  for (int step = best->step, position = static_cast<int>(range.ops.size()) - 1; position >= 0;
       --position) {
    chosen[position] = choices[position][steps[step].choice];
    step = steps[step].previous;
  }
  return std::pair(best->seconds, std::move(chosen));
}

}  // namespace

Range wholeFunction(const Function& function) {
  Range range{{}, function.outputs};
  for (size_t i = 0; i < function.ops.size(); ++i) range.ops.push_back(static_cast<int>(i));
  return range;
}

FunctionSharding shardFunction(const Function& function, const DimClasses& classes,
                               const Range& range, const GroupCost& group,
                               const ShardOptions& options) {
  auto allChoices = [&](int op) {
    std::vector<OpChoice> choices;
    std::vector<int> factors = group.size() > 1 ? opChoices(function, classes, op, options)
                                                : std::vector{OpSharding::kReplicate};
    for (int factor : factors)
      choices.push_back(makeChoice(function, classes, op, factor, group, options));
    return choices;
  };
  auto found = searchRange(function, range, group, options, allChoices);
  FunctionSharding sharding;
  sharding.ops.resize(function.ops.size());
  sharding.seconds = found->first;
  for (size_t i = 0; i < range.ops.size(); ++i)
    sharding.ops[range.ops[i]] = found->second[i].sharding;
  return sharding;
}

}  // namespace mlc::partition
