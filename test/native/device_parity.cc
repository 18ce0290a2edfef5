// The same work on the CPU and on a device: embeddings, views, NT-Xent, training by every objective, checkpoints that
// go from one to the other. Where the device is the host's memory under another name (npm run check:device), this
// proves where tensors lie, what libtorch's operations compute for a device, and, on a small network, what
// the kernels for CUDA do where they are called, played by the host; scripts/gpu/run.sh runs it on a device.
#include <ATen/ATen.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>

#include "augment/batch.h"
#include "device/device.h"
#include "float64_training.h"
#include "kernels/dispatch.h"
#include "kernels/nt_xent/nt_xent.h"
#include "random/tensors.h"
#include "train/trainer.h"
#include "tried_device.h"

namespace clmr {

namespace {

int failures = 0;
const AbortFlag kNever{false};
constexpr double kLearningRate = 1e-4;

void Expect(const std::string& what, double distance, double limit) {
  const bool good = distance <= limit;
  if (!good) ++failures;
  std::printf("%-60s %9.2e  (at most %.0e)%s\n", what.c_str(), distance, limit, good ? "" : "  TOO FAR");
}

void Print(const std::string& what, double distance) { std::printf("%-60s %9.2e\n", what.c_str(), distance); }

double Largest(const at::Tensor& x) { return x.abs().max().item<double>(); }

// Batch norm over two examples blows up the last digit: there only the order of size can be held.
struct Size {
  const char* title;
  Architecture architecture;
  int64_t batch, tracks, queue;
  double loss, norm;  // limits of a first step
  int64_t samples() const { return architecture.clip_length; }
};
Size FullSize() {
  if (IsHostDevice()) return {"", ClmrArchitecture(), 2, 4, 6, 1e-2, 0.1};
  return {"", ClmrArchitecture(), 24, 48, 48, 1e-5, 1e-4};
}
// Which the host can play
Size SmallSize() {
  return {"small, ", {{3, 3, 3, 3, 3, 3}, {8, 8, 8, 16, 16, 16, 24}, 2187}, 12, 24, 24, 1e-5, 1e-4};
}

// Float64 of the whole network takes minutes on the host.
bool HasOracle(const Size& size) { return !IsHostDevice() || size.samples() < kClipLength; }

// Music of a kind: harmonics that fade, over faint noise. [n, samples]
at::Tensor Clips(int64_t n, int64_t samples) {
  at::Tensor clips = at::empty({n, samples}, at::kFloat);
  for (int64_t i = 0; i < n; ++i) {
    random::Stream stream(7, random::Purpose::noise, 0, static_cast<uint32_t>(i), 0);
    const at::Tensor t = at::arange(samples, at::kDouble) / 22050;
    at::Tensor sum = at::zeros_like(t);
    for (int k = 1; k <= 5; ++k)
      sum += (t * (2 * M_PI * k * (110.0 + 37 * i))).sin() / k * (t * -0.4 * k).exp();
    at::Tensor noise = at::empty_like(t);
    for (int64_t j = 0; j < samples; ++j) noise.mutable_data_ptr<double>()[j] = stream.Normal();
    clips[i].copy_(sum * 0.3 + noise * 0.01);
  }
  return clips;
}

// Drawn views of longer clips, by the loops of the CPU and by the batched operations on the device.
constexpr int64_t kLonger = 500;
double ViewDistance(const std::vector<TransformSpec>& transforms, const at::Tensor& clips) {
  const int64_t n = clips.size(0), length = clips.size(1), samples = length - kLonger;
  const auto views = [&](const char* device) {
    const Chain chain({transforms, 2, samples, 22050, 3, device});
    at::Tensor out = at::empty({n * 2, samples}, at::kFloat);
    chain.Apply(clips.const_data_ptr<float>(), n, length, chain.Draw(n, length, 5),
                out.mutable_data_ptr<float>(), kNever);
    return out;
  };
  return Largest(views("cuda") - views("cpu"));
}

using Range = std::pair<double, double>;
const std::vector<TransformSpec> kPublished = {
    {"randomCrop", 1, {}},
    {"polarityInversion", 0.8, {}},
    {"noise", 0.5, {{"ratio", Range{1e-4, 0.01}}}},
    {"gain", 0.3, {{"db", Range{-20, -1}}}},
    {"highLowPass", 0.8, {{"lowPass", Range{2200, 4000}}, {"highPass", Range{200, 1200}}}},
    {"delay", 0.3, {{"ms", Range{200, 500}}, {"stepMs", 50.0}, {"volume", 0.5}}},
    {"reverb",
     0.6,
     {{"reverberance", Range{0, 100}}, {"damping", Range{0, 100}}, {"roomSize", Range{0, 100}}}}};

void CompareViews(const Size& size) {
  const at::Tensor clips = Clips(4, size.samples() + kLonger);
  const std::string title = std::string(size.title) + "views";
  for (const TransformSpec& transform : kPublished) {
    TransformSpec always = transform;
    always.p = 1;
    Expect(title + ", " + transform.name, ViewDistance({always}, clips), 1e-4);
  }
  Expect(title + ", reverse", ViewDistance({{"reverse", 1, {}}}, clips), 0);
  for (const double cents : {-700.0, -1.0, 0.0, 350.0, 700.0})
    Expect(title + ", pitchShift by " + std::to_string(static_cast<int>(cents)),
           ViewDistance({{"pitchShift", 1, {{"cents", Range{cents, cents}}}}}, clips), 1e-4);
  Expect(title + ", a chain of all but the pitch shift", ViewDistance(kPublished, clips), 1e-4);
  const TransformSpec delay = kPublished[5], noise = kPublished[2], reverse{"reverse", 0.5, {}};
  Expect(title + ", what no one pass can hold",
         ViewDistance({delay, noise, reverse, delay, kPublished[4], reverse, kPublished[3], delay}, clips),
         1e-4);
  at::Tensor damaged = clips.narrow(1, 0, size.samples()).clone();
  damaged[0].fill_(0);
  damaged[1][100] = INFINITY;
  const Chain chain({kPublished, 2, size.samples(), 22050, 3, "cpu"});
  const auto views = augment::ApplyToBatch(damaged.repeat_interleave(2, 0).to(ResolveDevice("cuda")),
                                           chain.Draw(4, size.samples(), 0), 22050, kNever);
  Expect(title + " of an infinite sample reach no other",
         views.to(at::kCPU).narrow(0, 4, 4).isfinite().all().item<bool>() ? 0 : 1, 0);
}

void CompareNtXent() {
  random::Stream stream(1, random::Purpose::weights, 0, 0, 0);
  const at::Tensor z = random::Normal({192, 64}, stream);
  const auto wanted = kernels::nt_xent_with_gradients(z, 2, 0.5, kNever);
  const auto got = kernels::nt_xent_with_gradients(z.to(ResolveDevice("cuda")), 2, 0.5, kNever);
  Expect("NT-Xent, loss", std::abs(got.loss - wanted.loss), 1e-6);
  Expect("NT-Xent, gradient", Largest(got.gradient.to(at::kCPU) - wanted.gradient), 1e-6);
}

TrainerSpec Spec(const Size& size, const std::string& device, const ObjectiveSpec& objective) {
  TrainerSpec spec;
  spec.seed = 1;
  spec.batch_size = size.batch;
  spec.accumulate = 1;
  spec.view_norm = ViewNorm::joint;
  spec.fused = false;
  spec.precision = PrecisionChoice::float32;
  spec.device = device;
  spec.objective = objective;
  spec.architecture = size.architecture;
  spec.projection = {32, 16};
  spec.optimizer = AdamSpec{};
  spec.chain = {kPublished, 2, size.samples(), 22050, 1, "auto"};
  return spec;
}

// 16-bit tracks in a file of their own each.
std::shared_ptr<const CropSource> Tracks(const at::Tensor& clips, const std::string& folder) {
  std::vector<std::string> files;
  std::vector<double> offsets, lengths;
  for (int64_t i = 0; i < clips.size(0); ++i) {
    files.push_back(folder + "/" + std::to_string(i) + ".pcm");
    const at::Tensor pcm = (clips[i] * 32767).to(at::kShort);
    std::ofstream(files.back(), std::ios::binary)
        .write(static_cast<const char*>(pcm.const_data_ptr()), static_cast<std::streamsize>(pcm.nbytes()));
    offsets.push_back(0);
    lengths.push_back(static_cast<double>(clips.size(1)));
  }
  const std::vector<double> whole(files.size(), 0);  // no stretches
  return std::make_shared<CropSource>(files, offsets, lengths, whole);
}

double StateDistance(Trainer& a, Trainer& b) {
  double largest = 0;
  const TrainerState left = a.State(), right = b.State();
  for (size_t i = 0; i < left.tensors.size(); ++i)
    largest = std::max(largest, Largest(left.tensors[i].second - right.tensors[i].second));
  return largest;
}

// One objective, here and there, on the same tracks
struct Pair {
  Size size;
  std::string title;
  ObjectiveSpec objective;
  std::shared_ptr<const CropSource> source;
  at::Tensor clips, labels;
  std::unique_ptr<Trainer> here, there;

  Pair(const Size& s, const char* name, const ObjectiveSpec& o, const std::string& folder)
      : size(s),
        title(std::string(s.title) + "training, " + name),
        objective(o),
        clips(Clips(s.tracks, s.samples())) {
    source = Tracks(clips, folder);
    labels = at::eye(3, at::kFloat).repeat({size.tracks / 3 + 1, 1}).narrow(0, 0, size.tracks);
    here = Make(Spec(size, "cpu", objective));
    there = Make(Spec(size, "cuda", objective));
  }
  std::unique_ptr<Trainer> Make(const TrainerSpec& spec) const {
    return std::make_unique<Trainer>(spec, std::nullopt, std::nullopt, source, labels, std::nullopt);
  }
  // What the trainer of the CPU sees in a step
  LabelledViews Batch(int64_t step) const {
    const Chain chain(Spec(size, "cpu", objective).chain);
    const auto number = static_cast<uint32_t>(step);
    const std::vector<int64_t> tracks = here->Batch(step);
    const at::Tensor crops = LoadCrops(*source, tracks, chain, number, kNever);
    return {AugmentCrops(crops, chain, number, kNever), LabelsOf(labels, tracks)};
  }
};

double Apart(double got, double wanted) { return std::abs(got / wanted - 1); }

// How far two roundings of the same arithmetic in float32 may be from each other: as far as a bound says, or four times
// as far as the CPU's is from float64. Max-pools and ReLUs that fall the other way make that far more than a digit.
double AtMost(double bound, double of_cpu) { return std::max(bound, 4 * of_cpu); }

void CompareTraining(const Size& size, const char* name, const ObjectiveSpec& objective,
                     const std::string& folder) {
  const Pair pair(size, name, objective, folder);
  double of_cpu = 0;
  const StepResult wanted = pair.here->Step(kLearningRate, kNever),
                   got = pair.there->Step(kLearningRate, kNever);
  if (HasOracle(size)) {
    const LabelledViews batch = pair.Batch(0);
    Float64Training oracle(Spec(size, "cuda", objective), ResolveDevice("cuda"));
    of_cpu = Apart(wanted.gradient_norm, oracle.Step(batch.views, batch.labels, kLearningRate).gradient_norm);
    Print(pair.title + ", gradient norm, CPU and float64", of_cpu);
  }
  Expect(pair.title + ", loss", Apart(got.loss, wanted.loss), size.loss);
  Expect(pair.title + ", gradient norm", Apart(got.gradient_norm, wanted.gradient_norm),
         AtMost(size.norm, of_cpu));
  pair.there->Restore(pair.here->State());
  Expect(pair.title + ", a state that came over", StateDistance(*pair.here, *pair.there), 0);
  Expect(pair.title + ", validation",
         std::abs(pair.there->Validate(*pair.source, pair.labels, kNever) -
                  pair.here->Validate(*pair.source, pair.labels, kNever)),
         1e-5);
  const at::Tensor views = pair.clips.narrow(0, 0, 2).repeat_interleave(2, 0);
  pair.there->StepOnViews({views, pair.labels.narrow(0, 0, 2)}, kLearningRate, kNever);
}

// Of the weights of encoder and projector: which part is further apart than a tenth of what a step moves
// them. Not of biases that a batch norm takes away again: what they learn is rounding.
double PartOfWeightsApart(Trainer& a, Trainer& b) {
  const std::regex wanted(R"((encoder\..*(0\.weight|1\.weight|1\.bias))|(projector\..*))");
  const TrainerState left = a.State(), right = b.State();
  double apart = 0, all = 0;
  for (size_t i = 0; i < left.tensors.size(); ++i) {
    if (!std::regex_match(left.tensors[i].first, wanted)) continue;
    const at::Tensor distance = (left.tensors[i].second - right.tensors[i].second).abs();
    apart += static_cast<double>((distance > kLearningRate / 10).sum().item<int64_t>());
    all += static_cast<double>(distance.numel());
  }
  return apart / all;
}

// Twenty steps of Adam. Free, any two roundings part: its first steps are as long for a gradient that is
// rounding as for any other, and a new network blows up what that moves. So the device is held to float64 no
// closer than the CPU is, and, step by step from the CPU's weights, to the CPU.
void CompareSteps(const Size& size, const std::string& folder) {
  constexpr int kSteps = 20;
  Pair pair(size, "20 steps", NtXentSpec{0.5, true}, folder);
  TrainerSpec quick = Spec(size, "cpu", pair.objective);
  quick.fused = true;
  pair.here = pair.Make(quick);
  const auto held = pair.Make(Spec(size, "cuda", pair.objective));
  Float64Training oracle(Spec(size, "cuda", pair.objective), ResolveDevice("cuda"));
  double of_cpu = 0, of_device = 0, same_weights = 0, weights = 0;
  for (int step = 0; step < kSteps; ++step) {
    const LabelledViews batch = pair.Batch(step);
    held->Restore(pair.here->State());
    const double wanted = oracle.Step(batch.views, {}, kLearningRate).loss;
    const double here = pair.here->StepOnViews(batch, kLearningRate, kNever).loss;
    of_cpu = std::max(of_cpu, Apart(here, wanted));
    of_device =
        std::max(of_device, Apart(pair.there->StepOnViews(batch, kLearningRate, kNever).loss, wanted));
    same_weights = std::max(same_weights, Apart(held->StepOnViews(batch, kLearningRate, kNever).loss, here));
    weights = std::max(weights, PartOfWeightsApart(*pair.here, *held));
  }
  Print(pair.title + ", losses, CPU and float64", of_cpu);
  Expect(pair.title + ", losses, device and float64", of_device, AtMost(1e-3, of_cpu));
  Expect(pair.title + " from the CPU's weights, losses", same_weights, size.loss);
  Expect(pair.title + " from the CPU's weights, part of weights", weights, 1e-3);
}

// The two convolve in bfloat16 with sums of their own, so the control is how far bfloat16 is from float32 on the CPU.
void CompareBfloat16(const Size& size, const std::string& folder) {
  const Pair pair(size, "bfloat16", NtXentSpec{0.5, false}, folder);
  const LabelledViews batch = pair.Batch(0);
  const auto first_loss = [&](const char* device, PrecisionChoice precision) {
    TrainerSpec spec = Spec(size, device, pair.objective);
    spec.precision = precision;
    return pair.Make(spec)->StepOnViews(batch, kLearningRate, kNever).loss;
  };
  const double wanted = first_loss("cpu", PrecisionChoice::bfloat16);
  const double of_cpu = Apart(wanted, first_loss("cpu", PrecisionChoice::float32));
  Print(pair.title + ", loss, CPU and float32", of_cpu);
  Expect(pair.title + ", loss", Apart(first_loss("cuda", PrecisionChoice::bfloat16), wanted),
         AtMost(1e-3, of_cpu));
}

// Embeddings of the same weights, relative to the largest value; in bfloat16 the cosine.
void CompareEmbeddings(const Size& size) {
  const int64_t samples = size.samples(), n = samples < kClipLength ? 150 : 4;  // more than go together
  const at::Tensor clips = Clips(n, samples);
  std::vector<double> starts;
  for (int64_t i = 0; i < n; ++i) starts.push_back(static_cast<double>(i * samples));
  const SampleCnn model = SampleCnn::Create(5, size.architecture);
  const auto embed = [&](const char* device, Precision precision) {
    const Encoder encoder(model, ResolveDevice(device), precision);
    at::Tensor out = at::empty({n, encoder.EmbeddingSize()}, at::kFloat);
    encoder.EncodeWindows(clips.const_data_ptr<float>(), clips.numel(), starts, out.mutable_data_ptr<float>(),
                          1, kNever);
    return out;
  };
  const at::Tensor wanted = embed("cpu", Precision::float32), got = embed("cuda", Precision::float32);
  Expect(std::string(size.title) + "embeddings", Largest(got - wanted) / Largest(wanted), 1e-5);
  if (IsHostDevice()) return;
  const at::Tensor cosine = at::cosine_similarity(embed("cuda", Precision::bfloat16), wanted, 1);
  Expect(std::string(size.title) + "embeddings in bfloat16, 1 - cosine", 1 - cosine.min().item<double>(),
         1e-3);
}

void CompareAll(const Size& size, const std::string& folder) {
  CompareEmbeddings(size);
  CompareViews(size);
  CompareTraining(size, "ntXent", NtXentSpec{0.5, true}, folder);
  if (!HasOracle(size)) return;  // the host plays the rest on the small network, where it costs little
  CompareTraining(size, "infoNce", InfoNceSpec{0.2, 0.9, size.queue}, folder);
  CompareTraining(size, "byol", ByolSpec{0.9, 0, 16}, folder);
  CompareTraining(size, "supervised", SupervisedSpec{3, false, 0, {1, 2, 3}}, folder);
  CompareTraining(size, "vicReg", VicRegSpec{25, 25, 1, 1}, folder);
  CompareBfloat16(size, folder);
  CompareSteps(size, folder);
}

int Run(const std::string& folder) {
  OpenTriedDevice();
  if (!IsHostDevice()) UseKernelsThere();
  CompareNtXent();
  CompareAll(FullSize(), folder);
  UseKernelsThere();
  CompareAll(SmallSize(), folder);
  const std::string fault = FaultOfKernels();
  Expect("kernels that were played: " + (fault.empty() ? "no fault" : fault), fault.empty() ? 0 : 1, 0);
  std::printf(failures == 0 ? "the device computes what the CPU computes\n" : "%d distances are too large\n",
              failures);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace clmr

int main(int count, char** arguments) {
  if (count != 2) return std::fprintf(stderr, "usage: device_parity FOLDER\n"), 2;
  return clmr::RunProgram([&] { return clmr::Run(arguments[1]); });
}
