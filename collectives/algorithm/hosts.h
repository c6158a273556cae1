// Which ranks share a host.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace mlc::collectives {

// Hosts are numbered in the order of their first ranks.
class Hosts {
 public:
  // The name of each rank's host.
  explicit Hosts(std::span<const std::string> names) {
    for (size_t rank = 0; rank < names.size(); ++rank) {
      const auto first = std::ranges::find(names, names[rank]) - names.begin();
      const bool isNew = static_cast<size_t>(first) == rank;
      of_.push_back(isNew ? count() : of_[static_cast<size_t>(first)]);
      if (isNew) ranks_.emplace_back();
      ranks_[static_cast<size_t>(of_.back())].push_back(static_cast<int>(rank));
    }
  }

  int count() const { return static_cast<int>(ranks_.size()); }
  int of(int rank) const { return of_[static_cast<size_t>(rank)]; }
  // In ascending order.
  const std::vector<int>& ranksOf(int host) const { return ranks_[static_cast<size_t>(host)]; }
  int firstOf(int host) const { return ranksOf(host).front(); }

 private:
  std::vector<int> of_;
  std::vector<std::vector<int>> ranks_;
};

}  // namespace mlc::collectives
