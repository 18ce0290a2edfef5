// The same work on the CPU and on a device: embeddings, views, NT-Xent, training by every objective, checkpoints that
// go from one to the other. Where the device is the host's memory under another name (npm run check:device), this
// proves where tensors lie and what the versions for devices compute, and nothing of CUDA; scripts/gpu/run.sh runs it
// on a device.
#include <ATen/ATen.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "augment/batch.h"
#include "device/device.h"
#include "kernels/dispatch.h"
#include "kernels/nt_xent/nt_xent.h"
#include "random/tensors.h"
#include "train/trainer.h"
#include "tried_device.h"

namespace clmr {

namespace {

int failures = 0;
const AbortFlag kNever{false};

void Expect(const std::string& what, double distance, double limit) {
  const bool good = distance <= limit;
  if (!good) ++failures;
  std::printf("%-44s %9.2e  (at most %.0e)%s\n", what.c_str(), distance, limit, good ? "" : "  TOO FAR");
}

double Largest(const at::Tensor& x) { return x.abs().max().item<double>(); }

// Music of a kind: harmonics that fade, over faint noise. [n, T]
at::Tensor Clips(int64_t n) {
  at::Tensor clips = at::empty({n, kClipLength}, at::kFloat);
  for (int64_t i = 0; i < n; ++i) {
    random::Stream stream(7, random::Purpose::noise, 0, static_cast<uint32_t>(i), 0);
    const at::Tensor t = at::arange(kClipLength, at::kDouble) / 22050;
    at::Tensor sum = at::zeros_like(t);
    for (int k = 1; k <= 5; ++k)
      sum += (t * (2 * M_PI * k * (110.0 + 37 * i))).sin() / k * (t * -0.4 * k).exp();
    at::Tensor noise = at::empty_like(t);
    for (int64_t j = 0; j < kClipLength; ++j) noise.mutable_data_ptr<double>()[j] = stream.Normal();
    clips[i].copy_(sum * 0.3 + noise * 0.01);
  }
  return clips;
}

// Drawn views by the loops of the CPU, and by the batched operations on the device.
double ViewDistance(const std::vector<TransformSpec>& transforms, const at::Tensor& clips) {
  const Chain chain({transforms, 2, kClipLength, 22050, 3, "cpu"});
  const auto parameters = chain.Draw(clips.size(0), kClipLength, 5);
  at::Tensor wanted = at::empty({clips.size(0) * 2, kClipLength}, at::kFloat);
  chain.Apply(clips.const_data_ptr<float>(), clips.size(0), kClipLength, parameters,
              wanted.mutable_data_ptr<float>(), kNever);
  const at::Tensor rows = clips.repeat_interleave(2, 0).to(ResolveDevice("cuda"));
  return Largest(augment::ApplyToBatch(rows, parameters, 22050, kNever).to(at::kCPU) - wanted);
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

void CompareViews() {
  const at::Tensor clips = Clips(4);
  for (const TransformSpec& transform : kPublished) {
    TransformSpec always = transform;
    always.p = 1;
    Expect("views, " + transform.name, ViewDistance({always}, clips), 1e-4);
  }
  Expect("views, reverse", ViewDistance({{"reverse", 1, {}}}, clips), 0);
  for (const double cents : {-700.0, -1.0, 0.0, 350.0, 700.0})
    Expect("views, pitchShift by " + std::to_string(static_cast<int>(cents)),
           ViewDistance({{"pitchShift", 1, {{"cents", Range{cents, cents}}}}}, clips), 1e-4);
  Expect("views, a chain of all but the pitch shift", ViewDistance(kPublished, clips), 1e-4);
  at::Tensor damaged = clips.clone();
  damaged[0].fill_(0);
  damaged[1][100] = INFINITY;
  const Chain chain({kPublished, 2, kClipLength, 22050, 3, "cpu"});
  const auto views = augment::ApplyToBatch(damaged.repeat_interleave(2, 0).to(ResolveDevice("cuda")),
                                           chain.Draw(4, kClipLength, 0), 22050, kNever);
  Expect("views of an infinite sample reach no other",
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

// Batch norm over two examples blows up the last digit: there only the order of size can be held.
struct Size {
  int64_t batch, tracks, queue;
  double loss, norm;  // limits of the first step
};
Size TriedSize() { return IsHostDevice() ? Size{2, 4, 6, 1e-2, 0.1} : Size{24, 48, 48, 1e-5, 1e-4}; }

TrainerSpec Spec(const std::string& device, const ObjectiveSpec& objective) {
  TrainerSpec spec;
  spec.seed = 1;
  spec.batch_size = TriedSize().batch;
  spec.accumulate = 1;
  spec.view_norm = ViewNorm::joint;
  spec.fused = false;
  spec.precision = PrecisionChoice::float32;
  spec.device = device;
  spec.objective = objective;
  spec.architecture = ClmrArchitecture();
  spec.projection = {32, 16};
  spec.optimizer = AdamSpec{};
  spec.chain = {kPublished, 2, kClipLength, 22050, 1, "auto"};
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
    lengths.push_back(static_cast<double>(kClipLength));
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

void CompareTraining(const char* name, const ObjectiveSpec& objective, int steps, const std::string& folder) {
  const Size size = TriedSize();
  const at::Tensor clips = Clips(size.tracks);
  const auto source = Tracks(clips, folder);
  const at::Tensor labels = at::eye(3, at::kFloat).repeat({size.tracks / 3 + 1, 1}).narrow(0, 0, size.tracks);
  const auto make = [&](const char* device) {
    return std::make_unique<Trainer>(Spec(device, objective), std::nullopt, std::nullopt, source, labels,
                                     std::nullopt);
  };
  const auto here = make("cpu"), there = make("cuda");
  const std::string title = std::string("training, ") + name;
  double later = 0;
  for (int step = 0; step < steps; ++step) {
    const StepResult wanted = here->Step(1e-4, kNever), got = there->Step(1e-4, kNever);
    const double loss = std::abs(got.loss / wanted.loss - 1);
    later = std::max(later, loss);
    if (step > 0) continue;
    Expect(title + ", loss", loss, size.loss);
    Expect(title + ", gradient norm", std::abs(got.gradient_norm / wanted.gradient_norm - 1), size.norm);
  }
  if (!IsHostDevice()) Expect(title + ", losses of " + std::to_string(steps) + " steps", later, 1e-3);
  there->Restore(here->State());
  Expect(title + ", a state that came over", StateDistance(*here, *there), 0);
  Expect(title + ", validation",
         std::abs(there->Validate(*source, labels, kNever) - here->Validate(*source, labels, kNever)), 1e-5);
  const at::Tensor views = clips.narrow(0, 0, 2).repeat_interleave(2, 0);
  there->StepOnViews({views, labels.narrow(0, 0, 2)}, 1e-4, kNever);
}

// Embeddings of the same weights, relative to the largest value; in bfloat16 the cosine.
void CompareEmbeddings() {
  const int64_t n = 4;
  const at::Tensor clips = Clips(n);
  const std::vector<double> starts{0, 1.0 * kClipLength, 2.0 * kClipLength, 3.0 * kClipLength};
  const SampleCnn model = SampleCnn::Create(5, ClmrArchitecture());
  const auto embed = [&](const char* device, Precision precision) {
    const Encoder encoder(model, ResolveDevice(device), precision);
    at::Tensor out = at::empty({n, encoder.EmbeddingSize()}, at::kFloat);
    encoder.EncodeWindows(clips.const_data_ptr<float>(), clips.numel(), starts, out.mutable_data_ptr<float>(),
                          1, kNever);
    return out;
  };
  const at::Tensor wanted = embed("cpu", Precision::float32), got = embed("cuda", Precision::float32);
  Expect("embeddings", Largest(got - wanted) / Largest(wanted), 1e-5);
  if (IsHostDevice()) return;
  const at::Tensor cosine = at::cosine_similarity(embed("cuda", Precision::bfloat16), wanted, 1);
  Expect("embeddings in bfloat16, 1 - cosine", 1 - cosine.min().item<double>(), 1e-3);
}

int Run(const std::string& folder) {
  OpenTriedDevice();
  if (IsHostDevice()) kernels::UseKernels("plain", std::nullopt);
  const int64_t queue = TriedSize().queue;
  CompareEmbeddings();
  CompareViews();
  CompareNtXent();
  CompareTraining("ntXent", NtXentSpec{0.5, true}, IsHostDevice() ? 1 : 20, folder);
  CompareTraining("infoNce", InfoNceSpec{0.2, 0.9, queue}, 1, folder);
  CompareTraining("byol", ByolSpec{0.9, 0, 16}, 1, folder);
  CompareTraining("supervised", SupervisedSpec{3, false, 0, {1, 2, 3}}, 1, folder);
  CompareTraining("vicReg", VicRegSpec{25, 25, 1, 1}, 1, folder);
  std::printf(failures == 0 ? "the device computes what the CPU computes\n" : "%d distances are too large\n",
              failures);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace clmr

int main(int count, char** arguments) {
  if (count != 2) return std::fprintf(stderr, "usage: device_parity FOLDER\n"), 2;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    return clmr::Run(arguments[1]);
  } catch (const std::exception& error) {
    std::fflush(stdout);
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
}
