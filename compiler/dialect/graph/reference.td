// Values that are no numbers: strings, sequences and optionals. An element of such a type refers to an object of the runtime
// (runtime/base/objects.h); a sequence or an optional is a scalar tensor of it. Control flow, memory and movement are thus those of all tensors.
#ifndef MLC_GRAPH_REFERENCE
#define MLC_GRAPH_REFERENCE
include "compiler/dialect/graph/data_dependent.td"

class Graph_Type<string name, string typeMnemonic> : TypeDef<Graph_Dialect, name> { let mnemonic = typeMnemonic; }

def Graph_StringType : Graph_Type<"String", "string"> {
  let summary = "An element that is a string.";
}
def Graph_SequenceType : Graph_Type<"Sequence", "sequence"> {
  let summary = "An element that is a sequence of tensors of these elements, of any shapes.";
  let parameters = (ins "::mlir::Type":$held);
  let assemblyFormat = "`<` $held `>`";
  let genVerifyDecl = 1;
}
def Graph_OptionalType : Graph_Type<"Optional", "optional"> {
  let summary = "An element that is a tensor of these elements, of any shape, or nothing.";
  let parameters = (ins "::mlir::Type":$held);
  let assemblyFormat = "`<` $held `>`";
  let genVerifyDecl = 1;
}

class Graph_ReferenceOp<string mnemonic> : Graph_LibraryOp<mnemonic, [Graph_Unsplit], Factored>;

class Graph_StatedReferenceOp<string mnemonic>
    : Graph_Op<mnemonic, [Pure, Graph_HostOp, Graph_Unsplit, DeclareOpInterfaceMethods<LibraryCall>], Factored> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

// Strings.

def Graph_StringsOp : Graph_StatedReferenceOp<"strings"> {
  let summary = "Constant strings, row-major.";
  let arguments = (ins StrArrayAttr:$texts);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_StringConcatOp : Graph_ReferenceOp<"string_concat"> {
  let summary = "Strings one behind the other, element by element.";
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_StringSplitOp : Graph_ReferenceOp<"string_split"> {
  let summary = "The parts of each string between delimiters, along a new last dim, filled up with empty strings; and how many each has.";
  let description = [{
    delimiter: scalar string; an empty one splits at runs of white space, which count at neither end. at_most: splits of a string, -1 for all.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$delimiter, I64Attr:$at_most);
  let results = (outs AnyRankedTensor:$parts, AnyRankedTensor:$counts);
}
def Graph_StringNormalizeOp : Graph_ReferenceOp<"string_normalize"> {
  let summary = "ONNX StringNormalizer: strings of [n] or [1, n] without stopwords, in lower (-1) or upper (1) case; one empty string where none is left.";
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$stopwords, I64Attr:$letter_case, BoolAttr:$case_sensitive);
  let results = (outs AnyRankedTensor:$result);
}

// Sequences. A position counts from the end where it is negative. A run fails where it is out of range.

def Graph_SequenceOfOp : Graph_StatedReferenceOp<"sequence_of"> {
  let summary = "The sequence of these tensors.";
  let arguments = (ins Variadic<AnyRankedTensor>:$tensors);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_SequenceInsertOp : Graph_ReferenceOp<"sequence_insert"> {
  let summary = "The sequence with a tensor before the one at a position, or at its end.";
  let arguments = (ins AnyRankedTensor:$sequence, AnyRankedTensor:$tensor, Optional<AnyRankedTensor>:$position);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_SequenceEraseOp : Graph_ReferenceOp<"sequence_erase"> {
  let summary = "The sequence without the tensor at a position, or without its last.";
  let arguments = (ins AnyRankedTensor:$sequence, Optional<AnyRankedTensor>:$position);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_SequenceAtOp : Graph_ReferenceOp<"sequence_at"> {
  let summary = "The tensor at a position, as an optional with a value.";
  let arguments = (ins AnyRankedTensor:$sequence, AnyRankedTensor:$position);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_SequenceLengthOp : Graph_ReferenceOp<"sequence_length"> {
  let summary = "The number of tensors, a scalar i64.";
  let arguments = (ins AnyRankedTensor:$sequence);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_SplitToSequenceOp : Graph_ReferenceOp<"split_to_sequence"> {
  let summary = "The parts of a tensor along an axis: of these sizes (a vector) or of one size (a scalar; the last may be smaller).";
  let description = [{
    drops_dim: parts are of size 1 and lack the axis.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$sizes, I64Attr:$axis, BoolAttr:$drops_dim);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_ConcatFromSequenceOp : Graph_ReferenceOp<"concat_from_sequence"> {
  let summary = "The tensors of a sequence, concatenated along an axis or stacked along a new one, as an optional with a value.";
  let arguments = (ins AnyRankedTensor:$sequence, I64Attr:$axis, BoolAttr:$stacks);
  let results = (outs AnyRankedTensor:$result);
}

// Optionals. They hold a tensor; that of an optional sequence is the scalar of the sequence.

def Graph_OptionalOfOp : Graph_StatedReferenceOp<"optional_of"> {
  let summary = "The optional with this tensor, or with nothing.";
  let arguments = (ins Optional<AnyRankedTensor>:$tensor);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_OptionalHasOp : Graph_ReferenceOp<"optional_has"> {
  let summary = "Whether there is a value, a scalar i1.";
  let arguments = (ins AnyRankedTensor:$optional);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_OptionalShapeOp : Graph_ReferenceOp<"optional_shape"> {
  let summary = "The dims i64 [rank] of the value. The run fails where there is none, or one of another rank.";
  let arguments = (ins AnyRankedTensor:$optional, I64Attr:$rank);
  let results = (outs AnyRankedTensor:$result);
}
def Graph_OptionalGetOp : Graph_StatedReferenceOp<"optional_get"> {
  let summary = "The value, a tensor of the stated type. The run fails where there is none, or one of another shape.";
  let arguments = (ins AnyRankedTensor:$optional);
  let results = (outs AnyRankedTensor:$result);
}
#endif
