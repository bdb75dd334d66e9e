// The values of tensors in files: conversion to what a view holds, and the layout of filters.
#pragma once

#include <cstddef>

#include "kernels/view.h"
#include "safetensors.h"

namespace segue {

/// The type that stores a view's values exactly; null if segue's files have none.
const StoredType* stored_type(DType t);

/// True if stored values of type `from` can be read into a view of type `to`: the same type, or a floating-point type
/// into f32, or BOOL into u8.
bool can_read(StoredType from, DType to);

/// False if a finite value of the stored tensor would become infinite in a view of type `to`.
bool fits(const std::byte* packed, const StoredTensor& t, DType to);

/// Element i of packed values as double; for summaries. I64 values beyond 2^53 are rounded.
double value_at(const std::byte* packed, StoredType type, uint64_t i);

/// Packed values -> dense view of the same count. With `filter`, (A,B,R,S) on disk becomes (A,R,S,B).
/// Throws invalid_argument unless can_read().
void read_values(const std::byte* packed, const StoredTensor& t, const View& to, bool filter);

/// A filter (A,R,S,B) -> packed (A,B,R,S) of the same type.
void filter_to_disk(const View& filter, std::byte* packed);

}  // namespace segue
