// Small pieces of models, of which random graphs are made. Each takes a value and gives another, or
// null where the value does not suit; all choices are the writer's random ones.
#pragma once

#include <vector>

#include "runtime/base/dim_expr.h"
#include "tests/equivalence/graph_writer.h"

namespace mlc::equivalence {

// What a motif may use besides its value.
struct Surroundings {
  std::vector<Value> values;  // f32, made so far
  Value mask;                 // [batch, seq] of 0 and 1 in f32; or null
  Value indices;              // i64 from 0 to 2, of the shape [batch, seq]; or null
  Value condition;            // scalar i1; or null
  SymbolValues sizes;         // of the symbols, in the runs to come
};

using Motif = Value (*)(GraphWriter&, const Surroundings&, Value);

// Contractions (contraction_motifs.cc).
Value linear(GraphWriter& w, const Surroundings& s,
             Value x);  // some axis of x times a weight, operands and result in any order
Value residualMlp(GraphWriter& w, const Surroundings& s,
                  Value x);  // x + f(x W1) W2; keeps the type
Value gatedMlp(GraphWriter& w, const Surroundings& s,
               Value x);  // x + (f(n W1) * n W2) W3, n = norm(x); keeps the type
Value headwise(GraphWriter& w, const Surroundings& s,
               Value x);  // to heads by "bsd,dhe->bshe", back by "bshe,hed->bsd"
Value similarity(GraphWriter& w, const Surroundings& s, Value x);  // softmax(x x^T) x

// Attention (attention_motif.cc): as models write it, or as one op; keeps the type.
Value attention(GraphWriter& w, const Surroundings& s, Value x);

// Elementwise (elementwise_motifs.cc).
Value unary(GraphWriter& w, const Surroundings& s, Value x);
Value activation(GraphWriter& w, const Surroundings& s, Value x);  // as exporters spell it out
Value withWeight(GraphWriter& w, const Surroundings& s,
                 Value x);  // a weight or constant of some of x's dims
Value withValue(GraphWriter& w, const Surroundings& s,
                Value x);  // another value that broadcasts with x
Value masked(GraphWriter& w, const Surroundings& s, Value x);

// Along dims (reduce_motifs.cc).
Value softmax(GraphWriter& w, const Surroundings& s, Value x);
Value norm(GraphWriter& w, const Surroundings& s, Value x);  // one op, or spelled out
Value reduce(GraphWriter& w, const Surroundings& s, Value x);
Value centered(GraphWriter& w, const Surroundings& s, Value x);  // x and what x is reduced to

// Movement (movement_motifs.cc).
Value transposed(GraphWriter& w, const Surroundings& s, Value x);
Value splitDim(GraphWriter& w, const Surroundings& s, Value x);
Value mergeDims(GraphWriter& w, const Surroundings& s, Value x);
Value sliced(GraphWriter& w, const Surroundings& s, Value x);
Value concatenated(GraphWriter& w, const Surroundings& s, Value x);
Value padded(GraphWriter& w, const Surroundings& s, Value x);
Value gathered(GraphWriter& w, const Surroundings& s, Value x);
Value stretched(GraphWriter& w, const Surroundings& s,
                Value x);  // broadcast to a new dim, or along a dim of 1

// Indices and sizes (index_motifs.cc).
Value withPositions(GraphWriter& w, const Surroundings& s,
                    Value x);  // a table's rows by position: added, or as rotary embeddings
Value withSize(GraphWriter& w, const Surroundings& s, Value x);     // a dim's size as a number
Value withIndices(GraphWriter& w, const Surroundings& s, Value x);  // arithmetic on the indices
Value pickedElements(GraphWriter& w, const Surroundings& s, Value x);

// Images (window_motifs.cc); x is [n, channels, h, w].
Value convolution(GraphWriter& w, const Surroundings& s, Value x);
Value pooling(GraphWriter& w, const Surroundings& s, Value x);

// Control flow (control_flow_motifs.cc).
Value branch(GraphWriter& w, const Surroundings& s, Value x);
Value loop(GraphWriter& w, const Surroundings& s, Value x);

// Of a value.
graph::Shape shapeOf(Value x);
int64_t rankOf(Value x);
// The static size of a dim; 0: symbolic.
int64_t sizeOf(Value x, size_t dim);
// Of these symbols' sizes.
int64_t elementsOf(const graph::Shape& shape, const SymbolValues& sizes);
// A random one of x's static dims that have more than one element; -1: none.
int64_t staticDim(Random& random, Value x);

}  // namespace mlc::equivalence
