// Tags of an executor's messages.
#pragma once

namespace mlc::executor {

inline constexpr int kInputTag = 1;          // rank 0 to the others, a model input's piece
inline constexpr int kOutputTag = 2;         // to rank 0, a model output's piece
inline constexpr int kFirstChannelTag = 16;  // and up: from stage to stage

}  // namespace mlc::executor
