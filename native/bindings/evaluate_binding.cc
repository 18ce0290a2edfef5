// NativeEvaluate of binding.ts.
#include <ATen/ops/from_blob.h>

#include "bindings/exports.h"
#include "bindings/function.h"
#include "evaluate/bootstrap.h"
#include "evaluate/probe.h"
#include "evaluate/probe_figures.h"
#include "evaluate/retrieval.h"
#include "evaluate/search.h"

namespace clmr::bindings {
namespace {

using AbortPointer = std::shared_ptr<AbortFlag>;
using ProbePointer = std::shared_ptr<Probe>;

// A JavaScript array as rows of `cols`, read in place: keep it alive while the tensor is used.
at::Tensor ToRows(FloatSpan span, const char* name, int64_t cols) {
  if (cols < 1 || span.size % cols != 0)
    throw Error("ERR_SHAPE", std::string(name) + " holds " + std::to_string(span.size) +
                                 " values, not whole rows of " + std::to_string(cols));
  return at::from_blob(span.data, {span.size / cols, cols}, at::kFloat);
}

void Check(const ProbeSpec& spec) {
  if (spec.classes < 1 || spec.hidden < 0)
    throw Error("ERR_ARGUMENT", "a probe needs classes ≥ 1 and hidden ≥ 0");
}

// E is not named in the call: it is what the training examples have, given K.
int64_t EmbeddingSizeOf(const FloatSpan& x, int64_t examples) {
  if (examples < 1 || x.size < examples || x.size % examples != 0)
    throw Error("ERR_SHAPE", "the training embeddings do not fit the training labels");
  return x.size / examples;
}

Promise<FittedProbe> ProbeFit(const Call& call, ProbeSpec spec, FloatSpan train_x_span,
                              FloatSpan train_y_span, FloatSpan valid_x_span, FloatSpan valid_y_span,
                              AbortPointer abort) {
  Check(spec);
  const at::Tensor train_y = ToRows(train_y_span, "trainY", spec.classes);
  const int64_t size = EmbeddingSizeOf(train_x_span, train_y.size(0));
  const at::Tensor train_x = ToRows(train_x_span, "trainX", size);
  const at::Tensor valid_x = ToRows(valid_x_span, "validX", size);
  const at::Tensor valid_y = ToRows(valid_y_span, "validY", spec.classes);
  return Async(call, abort, [=](const AbortFlag& abort) {
    return FitProbe(spec, train_x, train_y, valid_x, valid_y, abort);
  });
}

ProbePointer ProbeFromState(const Call&, ProbeSpec spec, NamedTensors state) {
  Check(spec);
  return std::make_shared<Probe>(Probe::FromState(spec, state));
}

NamedTensors ProbeState(const Call&, ProbePointer probe) { return probe->State(); }

Promise<at::Tensor> ProbePredict(const Call& call, ProbePointer probe, FloatSpan span, int64_t n) {
  const at::Tensor x = ToRows(span, "x", probe->EmbeddingSize());
  if (x.size(0) != n) throw Error("ERR_SHAPE", "x does not hold n embeddings of the probe's size");
  return Async(call, [=](const AbortFlag&) { return probe->Predict(x).contiguous(); });
}

Promise<Neighbours> TopKOf(const Call& call, FloatSpan query_span, FloatSpan row_span, int64_t dim,
                           int64_t k) {
  const at::Tensor queries = ToRows(query_span, "queries", dim), rows = ToRows(row_span, "rows", dim);
  return Async(call, [=](const AbortFlag& abort) { return TopK(queries, rows, k, abort); });
}

Promise<at::Tensor> PcaOf(const Call& call, FloatSpan span, int64_t dim, int64_t components) {
  const at::Tensor x = ToRows(span, "x", dim);
  return Async(call, [=](const AbortFlag&) { return Pca(x, components); });
}

// labels of n tracks, where there are any
std::optional<at::Tensor> LabelsOf(const std::optional<FloatSpan>& span, int64_t n) {
  if (!span) return std::nullopt;
  if (n < 1) throw Error("ERR_SHAPE", "the library is empty");
  return ToRows(*span, "labels", std::max<int64_t>(1, span->size / n));
}

Promise<RetrievalForms> Retrieval(const Call& call, RetrievalSpec spec, FloatSpan library_span,
                                  FloatSpan query_span, std::optional<FloatSpan> label_span,
                                  AbortPointer abort) {
  const at::Tensor library = ToRows(library_span, "library", spec.dim);
  const at::Tensor queries = ToRows(query_span, "queries", spec.dim);
  const std::optional<at::Tensor> labels = LabelsOf(label_span, library.size(0));
  return Async(call, abort, [=](const AbortFlag& abort) {
    return EvaluateRetrieval(spec, library, queries, labels, abort);
  });
}

Promise<RetrievalForms> RetrievalDifferences(const Call& call, RetrievalSpec spec, FloatSpan library,
                                             FloatSpan queries, int64_t other_dim, FloatSpan other_library,
                                             FloatSpan other_queries, std::optional<FloatSpan> label_span,
                                             AbortPointer abort) {
  const RetrievalRows first{ToRows(library, "library", spec.dim), ToRows(queries, "queries", spec.dim)};
  const RetrievalRows second{ToRows(other_library, "otherLibrary", other_dim),
                             ToRows(other_queries, "otherQueries", other_dim)};
  const std::optional<at::Tensor> labels = LabelsOf(label_span, first.library.size(0));
  return Async(call, abort,
               [=](const AbortFlag& abort) { return CompareRetrieval(spec, first, second, labels, abort); });
}

Promise<ProbeFigures> ProbeDifferences(const Call& call, ProbeFiguresSpec spec, FloatSpan first_span,
                                       FloatSpan second_span, FloatSpan label_span, AbortPointer abort) {
  const at::Tensor first = ToRows(first_span, "first", spec.classes);
  const at::Tensor second = ToRows(second_span, "second", spec.classes);
  const at::Tensor labels = ToRows(label_span, "labels", spec.classes);
  return Async(call, abort, [=](const AbortFlag& abort) {
    return CompareProbabilities(spec, first, second, labels, abort);
  });
}

Promise<ProbeFigures> ProbeFiguresOf(const Call& call, ProbeFiguresSpec spec, FloatSpan score_span,
                                     FloatSpan label_span, AbortPointer abort) {
  const at::Tensor scores = ToRows(score_span, "scores", spec.classes);
  const at::Tensor labels = ToRows(label_span, "labels", spec.classes);
  return Async(call, abort,
               [=](const AbortFlag& abort) { return EvaluateProbabilities(spec, scores, labels, abort); });
}

Promise<at::Tensor> BootstrapIndices(const Call& call, BootstrapSpec spec, int64_t n, int64_t from,
                                     int64_t count) {
  constexpr int64_t kMost = int64_t{1} << 30;
  if (n < 1 || from < 0 || count < 0 || n > kMost || count > kMost / n)
    throw Error("ERR_ARGUMENT", "too many indices, or none");
  return Async(call, [=](const AbortFlag&) { return Resamples(spec, n, from, count).to(at::kInt); });
}

}  // namespace

void ExportEvaluate(Napi::Object exports) {
  Export(exports, "probeFit", ProbeFit, {"spec", "trainX", "trainY", "validX", "validY", "abort"});
  Export(exports, "probeFromState", ProbeFromState, {"spec", "state"});
  Export(exports, "probeState", ProbeState, {"probe"});
  Export(exports, "probePredict", ProbePredict, {"probe", "x", "n"});
  Export(exports, "topK", TopKOf, {"queries", "rows", "dim", "k"});
  Export(exports, "probeFigures", ProbeFiguresOf, {"spec", "scores", "labels", "abort"});
  Export(exports, "probeDifferences", ProbeDifferences, {"spec", "first", "second", "labels", "abort"});
  Export(exports, "bootstrapIndices", BootstrapIndices, {"spec", "n", "from", "count"});
  Export(exports, "retrieval", Retrieval, {"spec", "library", "queries", "labels", "abort"});
  Export(exports, "retrievalDifferences", RetrievalDifferences,
         {"spec", "library", "queries", "otherDim", "otherLibrary", "otherQueries", "labels", "abort"});
  Export(exports, "pca", PcaOf, {"x", "dim", "components"});
}

}  // namespace clmr::bindings
