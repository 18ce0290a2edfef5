#include "evaluate/retrieval.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace clmr {
namespace {

constexpr int64_t kWhitenedDimensions = 64;
constexpr double kSingularFloor = 1e-3;
// Cosines in double that differ by less are equal: products round by 1e-15.
constexpr double kEqual = 1e-12;
constexpr int64_t kScoresPerChunk = int64_t{1} << 22;

// A map of rows that is fitted on the library: [m, dim] → [m, components], double.
using RowMap = std::function<at::Tensor(const at::Tensor& rows)>;

at::Tensor UnitRows(const at::Tensor& rows) {
  const at::Tensor norm = rows.norm(2, {1}, /*keepdim=*/true);
  return rows / norm.masked_fill(norm.eq(0), 1);
}

at::Tensor OneWhereZero(const at::Tensor& scale) { return scale.masked_fill(scale.eq(0), 1); }

RowMap Standardised(const at::Tensor& library) {
  const at::Tensor mean = library.mean(0, /*keepdim=*/true);
  const at::Tensor deviation = OneWhereZero((library - mean).square().mean(0, /*keepdim=*/true).sqrt());
  return [=](const at::Tensor& rows) { return (rows - mean) / deviation; };
}

// The covariance has the squares of the singular values: their floor is that of the values, squared.
RowMap Whitened(const at::Tensor& library) {
  const int64_t n = library.size(0), dim = library.size(1);
  const int64_t components = std::min({kWhitenedDimensions, n - 1, dim});
  const at::Tensor mean = library.mean(0, /*keepdim=*/true);
  const at::Tensor centred = library - mean;
  const auto [values, vectors] = at::linalg_eigh(at::mm(centred.t(), centred));  // ascending
  const at::Tensor largest = values.slice(0, dim - 1, dim).clamp_min(0);
  const at::Tensor kept = values.slice(0, dim - components, dim);
  const at::Tensor singular =
      OneWhereZero(at::maximum(kept, largest * kSingularFloor * kSingularFloor).sqrt());
  const at::Tensor projection = vectors.slice(1, dim - components, dim) / singular;
  return [=](const at::Tensor& rows) { return at::mm(rows - mean, projection); };
}

// Queries of one condition [n · q, …] by chunks, each with the tracks [chunk] that they come from.
using QueryChunk = std::function<at::Tensor(const at::Tensor& similarity, const at::Tensor& own)>;

// similarity [chunk, n] of the queries to the library → what `work` makes of it, for all queries
at::Tensor OverQueries(const at::Tensor& queries, const at::Tensor& library, const AbortFlag& abort,
                       const QueryChunk& work) {
  const int64_t n = library.size(0), total = queries.size(0), each = total / n;
  const int64_t chunk = std::max<int64_t>(1, kScoresPerChunk / n);
  std::vector<at::Tensor> parts;
  for (int64_t from = 0; from < total; from += chunk) {
    throw_if_aborted(abort);
    const int64_t to = std::min(total, from + chunk);
    const at::Tensor own = at::floor_divide(at::arange(from, to, at::kLong), each).unsqueeze(1);
    parts.push_back(work(at::mm(queries.slice(0, from, to), library.t()), own));
  }
  return at::cat(parts);
}

// → the place of its own track for each query [n · q]; 1: found first
at::Tensor Ranks(const at::Tensor& queries, const at::Tensor& library, const AbortFlag& abort) {
  return OverQueries(queries, library, abort, [](const at::Tensor& similarity, const at::Tensor& own) {
    return (similarity >= similarity.gather(1, own) - kEqual).sum(1).to(at::kDouble);
  });
}

Statistic RankStatistic(const RetrievalSpec& spec, const at::Tensor& ranks, int64_t n) {
  const at::Tensor rank = ranks.reshape({n, -1});
  const auto mean = [](const at::Tensor& x) { return x.to(at::kDouble).mean(1); };
  const at::Tensor values = at::stack({mean(rank.le(1)), mean(rank.le(spec.k)), mean(rank.reciprocal())}, 1);
  return Together({RatioOfSums(values, at::ones_like(values)), MedianOf(rank)});
}

// For each query: average precision and precision at k of the tracks that share a label with its own, and
// whether there is any, [n · q, 3].
at::Tensor LabelScores(const RetrievalSpec& spec, const at::Tensor& queries, const at::Tensor& library,
                       const at::Tensor& labels, const AbortFlag& abort) {
  const int64_t others = library.size(0) - 1, k = std::min(spec.k, others);
  const at::Tensor place = at::arange(1, others + 1, at::kDouble);
  return OverQueries(queries, library, abort, [&](const at::Tensor& similarity, const at::Tensor& own) {
    const at::Tensor shared = at::mm(labels.index_select(0, own.squeeze(1)), labels.t()).gt(0);
    const at::Tensor apart = similarity.scatter(1, own, -2);  // its own track comes last, and is cut off
    const at::Tensor order = at::argsort(apart, /*stable=*/true, 1, /*descending=*/true).slice(1, 0, others);
    const at::Tensor hit = shared.gather(1, order).to(at::kDouble);
    const at::Tensor hits = hit.sum(1);
    const at::Tensor precision = (hit.cumsum(1) / place * hit).sum(1) / OneWhereZero(hits);
    return at::stack({precision, hit.slice(1, 0, k).mean(1), hits.gt(0).to(at::kDouble)}, 1);
  });
}

// undefined where no two tracks share a label
std::optional<Statistic> LabelStatistic(const at::Tensor& scores, int64_t n) {
  const at::Tensor ofTracks = scores.reshape({n, -1, 3}).mean(1);
  const at::Tensor related = ofTracks.slice(1, 2, 3).expand({n, 2}).contiguous();
  if (related.sum().item<double>() == 0) return std::nullopt;
  return RatioOfSums(ofTracks.slice(1, 0, 2), related);
}

// The rows of an encoder in one form, of length 1.
struct Form {
  at::Tensor library;  // [n, components]
  std::function<at::Tensor(int64_t condition)> queries;
};

Form FormOf(const RetrievalSpec& spec, const RowMap& map, const at::Tensor& library,
            const at::Tensor& queries) {
  const int64_t each = queries.size(0) / spec.conditions;
  return {UnitRows(map(library)), [=](int64_t condition) {
            return UnitRows(map(queries.slice(0, condition * each, (condition + 1) * each).to(at::kDouble)));
          }};
}

// Of one encoder, or the differences of two.
RetrievalFigures FiguresOfForm(const RetrievalSpec& spec, const std::vector<Form>& forms,
                               const std::optional<at::Tensor>& labels, const AbortFlag& abort) {
  const int64_t n = forms[0].library.size(0);
  const auto figures = [&](const std::function<Statistic(const Form&)>& of) {
    const Statistic statistic = forms.size() == 1 ? of(forms[0]) : Difference(of(forms[0]), of(forms[1]));
    return Bootstrap(spec.bootstrap, n, statistic, abort);
  };
  RetrievalFigures result;
  for (int64_t condition = 0; condition < spec.conditions; ++condition) {
    const auto of = figures([&](const Form& form) {
      return RankStatistic(spec, Ranks(form.queries(condition), form.library, abort), n);
    });
    result.conditions.push_back({of[0], of[1], of[2], of[3]});
  }
  if (!labels) return result;
  const auto related = [&](const Form& form) {
    return LabelStatistic(LabelScores(spec, form.queries(0), form.library, *labels, abort), n);
  };
  if (!related(forms[0])) return result;
  const auto of = figures([&](const Form& form) { return *related(form); });
  result.labels = LabelFigures{of[0], of[1]};
  return result;
}

void Check(const RetrievalSpec& spec, const at::Tensor& library, const at::Tensor& queries,
           const std::optional<at::Tensor>& labels) {
  const int64_t n = library.size(0);
  if (n < 2) throw Error("ERR_DATASET", "retrieval needs at least two tracks");
  if (spec.conditions < 1 || spec.k < 1) throw Error("ERR_ARGUMENT", "conditions and k start at 1");
  if (queries.size(0) == 0 || queries.size(0) % (spec.conditions * n) != 0)
    throw Error("ERR_SHAPE", "the queries are not as many for every condition and track");
  if (labels && labels->size(0) != n) throw Error("ERR_SHAPE", "the labels do not fit the library");
  for (const at::Tensor& rows : {library, queries})
    if (!at::isfinite(rows).all().item<bool>())
      throw Error("ERR_NON_FINITE", "the embeddings hold NaN or infinity");
}

RetrievalForms FormsOf(const RetrievalSpec& spec, const std::vector<RetrievalRows>& encoders,
                       const std::optional<at::Tensor>& labels, const AbortFlag& abort) {
  for (const RetrievalRows& rows : encoders) Check(spec, rows.library, rows.queries, labels);
  std::optional<at::Tensor> classes;
  if (labels) classes = labels->to(at::kDouble);
  const auto with = [&](const std::function<RowMap(const at::Tensor& library)>& fit) {
    std::vector<Form> forms;
    for (const RetrievalRows& rows : encoders) {
      const at::Tensor library = rows.library.to(at::kDouble);
      forms.push_back(FormOf(spec, fit(library), library, rows.queries));
    }
    return FiguresOfForm(spec, forms, classes, abort);
  };
  const RowMap same = [](const at::Tensor& rows) { return rows; };
  return {with([&](const at::Tensor&) { return same; }), with(Standardised), with(Whitened)};
}

}  // namespace

RetrievalForms EvaluateRetrieval(const RetrievalSpec& spec, const at::Tensor& library,
                                 const at::Tensor& queries, const std::optional<at::Tensor>& labels,
                                 const AbortFlag& abort) {
  return FormsOf(spec, {{library, queries}}, labels, abort);
}

RetrievalForms CompareRetrieval(const RetrievalSpec& spec, const RetrievalRows& first,
                                const RetrievalRows& second, const std::optional<at::Tensor>& labels,
                                const AbortFlag& abort) {
  if (first.library.size(0) != second.library.size(0) || first.queries.size(0) != second.queries.size(0))
    throw Error("ERR_SHAPE", "the two encoders have different numbers of rows");
  return FormsOf(spec, {first, second}, labels, abort);
}

}  // namespace clmr
