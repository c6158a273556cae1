// Makes an error on one rank known to all.
#pragma once

#include "collectives/communicator.h"
#include "runtime/base/exceptions.h"
#include "runtime/base/status.h"

namespace mlc::executor {

// Called by all ranks, each with its own status. OK if all are; else the error of the lowest rank
// that has one, on every rank, so that all end alike. Where there are several ranks the message
// names the rank and its host.
Status agree(collectives::Communicator& world, const Status& mine);

// The error of this rank with its name in front, where there are several.
Status ofThisRank(const collectives::Communicator& world, const Status& mine);

// For an error that the others do not know of, and cannot be told by agree(), since they are about
// to do something else: ends the world. Returns what it ends with, on all ranks.
Status endWorld(collectives::Communicator& world, const Status& mine);

// What a rank does together with the others: an exception ends the world.
template <typename Body>
auto asRank(collectives::Communicator& world, const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (...) {
    return endWorld(world, caughtException());
  }
}

}  // namespace mlc::executor
