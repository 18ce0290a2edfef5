#include "augment/batch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <bit>
#include <map>

#include "augment/transform.h"
#include "kernels/augment/batched/batched.h"

namespace clmr::augment {
namespace {

// One transform on some rows, or where `type` is null a pass over single samples. Its rows and numbers lie in
// the block one after the other, kind by kind.
struct Operation {
  const TransformType* type;
  std::vector<int64_t> rows;
  std::vector<std::vector<double>> columns;
};

void Add(Operation& operation, int64_t row, const std::vector<double>& numbers) {
  operation.rows.push_back(row);
  operation.columns.resize(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) operation.columns[i].push_back(numbers[i]);
}

// What is done to the rows, in the order of the chain, a place at a time.
class Plan {
 public:
  // gathers: whether what looks at single samples waits in a pass for what needs the whole row
  Plan(const at::Tensor& rows, double sample_rate, bool gathers)
      : samples_(rows.size(1)), sample_rate_(sample_rate), gathers_(gathers), passes_(rows.size(0)) {}

  void Begin() {
    passes_here_ = {nullptr, {}, {}};
    here_.clear();
  }
  void Take(int64_t row, const AppliedTransform& applied) {
    const TransformType* type = FindTransform(applied.name);
    if (gathers_ && type->fold) {
      if (type->fold(applied, sample_rate_, passes_[row])) return;
      Flush(row);
      type->fold(applied, sample_rate_, passes_[row]);
      return;
    }
    if (!type->numbers) return;
    const auto numbers = type->numbers(applied, sample_rate_);
    if (!numbers) return;
    Flush(row);
    Add(here_.try_emplace(type, Operation{type, {}, {}}).first->second, row, *numbers);
  }
  // Rows do not meet, so all that waited may come before what comes now.
  void End() {
    if (!passes_here_.rows.empty()) operations_.push_back(std::move(passes_here_));
    for (auto& [type, operation] : here_) operations_.push_back(std::move(operation));
  }
  std::vector<Operation> All() {
    Begin();
    for (size_t row = 0; row < passes_.size(); ++row) Flush(static_cast<int64_t>(row));
    End();
    return std::move(operations_);
  }

 private:
  void Flush(int64_t row) {
    kernels::PointwisePass& pass = passes_[row];
    if (!pass.empty()) Add(passes_here_, row, kernels::batched::pointwise_numbers(pass, row, samples_));
    pass = {};
  }

  int64_t samples_;
  double sample_rate_;
  bool gathers_;
  std::vector<kernels::PointwisePass> passes_;  // that wait, one a row
  Operation passes_here_{};
  std::map<const TransformType*, Operation> here_;
  std::vector<Operation> operations_;
};

// Rows with parameters written by hand may differ in what they have at a place.
std::vector<Operation> PlanOf(const at::Tensor& rows, const std::vector<ViewParameters>& parameters,
                              double sample_rate) {
  Plan plan(rows, sample_rate, kernels::batched::PointwiseServes(rows));
  size_t places = 0;
  for (const ViewParameters& view : parameters) places = std::max(places, view.size());
  for (size_t place = 0; place < places; ++place) {
    plan.Begin();
    for (size_t row = 0; row < parameters.size(); ++row)
      if (place < parameters[row].size() && parameters[row][place].applied)
        plan.Take(static_cast<int64_t>(row), parameters[row][place]);
    plan.End();
  }
  return plan.All();
}

// Rows and numbers of the plan, one after the other, on the device. Rows are int64 in the bits of a double.
at::Tensor Upload(const std::vector<Operation>& plan, c10::Device device) {
  std::vector<double> block;
  for (const Operation& operation : plan) {
    for (const int64_t row : operation.rows) block.push_back(std::bit_cast<double>(row));
    for (const auto& column : operation.columns) block.insert(block.end(), column.begin(), column.end());
  }
  const at::Tensor host = at::tensor(block, at::kDouble);
  return device.is_cpu() ? host : host.pin_memory().to(at::TensorOptions(device), /*non_blocking=*/true);
}

}  // namespace

at::Tensor ApplyToBatch(const at::Tensor& rows, const std::vector<ViewParameters>& parameters,
                        double sample_rate, const AbortFlag& abort) {
  const std::vector<Operation> plan = PlanOf(rows, parameters, sample_rate);
  const at::Tensor block = Upload(plan, rows.device());
  at::Tensor views = rows.clone(at::MemoryFormat::Contiguous);
  int64_t next = 0;
  for (const Operation& operation : plan) {
    throw_if_aborted(abort);
    const auto count = static_cast<int64_t>(operation.rows.size()),
               kinds = static_cast<int64_t>(operation.columns.size());
    const at::Tensor chosen = block.narrow(0, next, count).view(at::kLong);
    const at::Tensor numbers = block.narrow(0, next + count, kinds * count).view({kinds, count});
    next += (1 + kinds) * count;
    const auto run = [&](const at::Tensor& x) {
      return operation.type->batch(x, {sample_rate, operation.columns, numbers});
    };
    if (count == views.size(0))
      views = operation.type ? run(views) : kernels::batched::pointwise(views, numbers);
    else
      views.index_copy_(
          0, chosen,
          operation.type ? run(views.index_select(0, chosen)) : kernels::batched::pointwise(views, numbers));
  }
  return views;
}

}  // namespace clmr::augment
