#pragma once
// Choosing the best of many scores. Raw pointers only.
#include <cstdint>

namespace clmr::kernels {

// The indices of the k largest of scores [n], largest first; equal scores in the order
// of their indices. k ≤ n.
void top_k_f32(const float* scores, int64_t n, int64_t k, int32_t* indices);

// Candidates (rows of [n, dim]) ordered by their dot product with query [dim], summed in double in a fixed
// order, so that equal rows score equally; the first k of `count` candidates go to indices and scores. Equal
// scores: lower index first.
void rank_by_dot_f32(const float* query, const float* rows, int64_t dim, const int32_t* candidates,
                     int64_t count, int64_t k, int32_t* indices, float* scores);

}  // namespace clmr::kernels
