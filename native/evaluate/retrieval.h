#pragma once
// How well a crop of a track finds another crop of it among those of all tracks.
#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "error.h"
#include "evaluate/bootstrap.h"
#include "fields.h"

namespace clmr {

struct RetrievalSpec {
  static constexpr const char* kName = "RetrievalSpec";
  int64_t dim;
  int64_t conditions;  // ways in which the queries were altered; the first: not at all
  int64_t k;
  BootstrapSpec bootstrap;

  static auto Fields() {
    return std::tuple(Field("dim", &RetrievalSpec::dim), Field("conditions", &RetrievalSpec::conditions),
                      Field("k", &RetrievalSpec::k), Field("bootstrap", &RetrievalSpec::bootstrap));
  }
};

// Of one condition.
struct RankFigures {
  static constexpr const char* kName = "RankFigures";
  Interval top1, top_k, mrr, median_rank;

  static auto Fields() {
    return std::tuple(Field("top1", &RankFigures::top1), Field("topK", &RankFigures::top_k),
                      Field("mrr", &RankFigures::mrr), Field("medianRank", &RankFigures::median_rank));
  }
};

// Between different tracks that share a label.
struct LabelFigures {
  static constexpr const char* kName = "LabelFigures";
  Interval map, precision_at_k;

  static auto Fields() {
    return std::tuple(Field("map", &LabelFigures::map), Field("precisionAtK", &LabelFigures::precision_at_k));
  }
};

struct RetrievalFigures {
  static constexpr const char* kName = "RetrievalFigures";
  std::vector<RankFigures> conditions;
  std::optional<LabelFigures> labels;

  static auto Fields() {
    return std::tuple(Field("conditions", &RetrievalFigures::conditions),
                      Field("labels", &RetrievalFigures::labels));
  }
};

struct RetrievalForms {
  static constexpr const char* kName = "RetrievalForms";
  RetrievalFigures raw, standardised, whitened;

  static auto Fields() {
    return std::tuple(Field("raw", &RetrievalForms::raw),
                      Field("standardised", &RetrievalForms::standardised),
                      Field("whitened", &RetrievalForms::whitened));
  }
};

// library [n, dim], a row a track; queries [conditions · n · q, dim], by condition, then track; labels [n, K]
// of 0 and 1, where there are any. Cosine similarity in double precision. A row that is as similar as the
// track's own comes before it, so an encoder that says the same of everything finds nothing. Tracks that
// share no label with another one are left out of `labels`.
//
// Whitened: scores on the first min(64, n − 1, dim) principal components of the library, each divided by its
// singular value, which counts as no less than a thousandth of the largest.
RetrievalForms EvaluateRetrieval(const RetrievalSpec& spec, const at::Tensor& library,
                                 const at::Tensor& queries, const std::optional<at::Tensor>& labels,
                                 const AbortFlag& abort);

// What one encoder makes of the tracks.
struct RetrievalRows {
  at::Tensor library, queries;  // as above
};

// first − second of every figure, for two encoders on the same tracks and the same resamples.
RetrievalForms CompareRetrieval(const RetrievalSpec& spec, const RetrievalRows& first,
                                const RetrievalRows& second, const std::optional<at::Tensor>& labels,
                                const AbortFlag& abort);

}  // namespace clmr
