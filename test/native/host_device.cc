#include "cuda/on_host/emulation.h"
// It says what kernels are before anything else does.
#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include "bindings/cuda/table.h"
#include "device/device.h"
#include "tried_device.h"

namespace clmr {
namespace {

constexpr c10::DeviceType kType = c10::kPrivateUse1;
const c10::Device kDevice(kType, 0);

// Streams have names, and everything is done at once.
struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device) const override { return kDevice; }
  c10::Device getDevice() const override { return kDevice; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  c10::Stream getStream(c10::Device) const override { return Named(0); }
  c10::Stream getDefaultStream(c10::Device) const override { return Named(0); }
  c10::Stream getStreamFromGlobalPool(c10::Device, bool) const override { return Named(1); }
  c10::Stream exchangeStream(c10::Stream) const override { return Named(0); }
  void synchronizeStream(const c10::Stream&) const override {}

 private:
  static c10::Stream Named(c10::StreamId id) { return c10::Stream(c10::Stream::UNSAFE, kDevice, id); }
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  at::Allocator* getPinnedMemoryAllocator() const override { return c10::GetCPUAllocator(); }
  bool isPinnedPtr(const void*) const override { return false; }
};

at::Tensor OnHost(const at::Tensor& x) {
  if (!x.defined() || x.device().type() != kType) return x;
  if (x.sizes() == at::IntArrayRef{0}) return at::empty({0}, x.options().device(at::kCPU));  // may be resized
  const auto keep = [x](void*) {};  // what is made of the alias may live longer than x
  return at::from_blob(const_cast<void*>(x.const_data_ptr()), x.sizes(), x.strides(), keep,
                       x.options().device(at::kCPU).requires_grad(false));
}

// The same memory, kept alive by what is returned.
at::Tensor OnDeviceAgain(const at::Tensor& host) {
  if (!host.defined()) return host;
  auto* owner = new at::Tensor(host);
  const size_t bytes = at::detail::computeStorageNbytes(host.sizes(), host.strides(), host.itemsize());
  c10::DataPtr data(
      host.mutable_data_ptr(), owner, [](void* p) { delete static_cast<at::Tensor*>(p); }, kDevice);
  c10::Storage storage(c10::Storage::use_byte_size_t(), bytes, std::move(data), nullptr, false);
  at::Tensor there = at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), host.dtype());
  there.unsafeGetTensorImpl()->set_sizes_and_strides(host.sizes(), host.strides());
  return there;
}

// What an operation was given, on the host; and back.
class Arguments {
 public:
  explicit Arguments(const std::string& operation) : operation_(operation) {}

  c10::IValue ToHost(const c10::IValue& value) {
    if (value.isTensor()) return Take(value.toTensor());
    if (value.isDevice()) return c10::Device(at::kCPU);
    if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& x : value.toTensorVector()) list.push_back(Take(x));
      return list;
    }
    if (value.isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> list;
      for (const std::optional<at::Tensor>& x : value.toOptionalTensorVector())
        list.push_back(x ? std::optional(Take(*x)) : std::nullopt);
      return list;
    }
    return value;
  }

  c10::IValue FromHost(const c10::IValue& value) {
    if (value.isTensor()) return Give(value.toTensor());
    if (!value.isTensorList()) return value;
    c10::List<at::Tensor> list;
    for (const at::Tensor& x : value.toTensorVector()) list.push_back(Give(x));
    return list;
  }

 private:
  at::Tensor Take(const at::Tensor& x) {
    if (!x.defined()) return x;
    TORCH_CHECK(x.device().type() == kType || x.dim() == 0, operation_,
                ": a tensor of the CPU among those of the device");
    const at::Tensor host = OnHost(x);
    known_.emplace_back(host, x);
    return host;
  }

  at::Tensor Give(const at::Tensor& host) {
    for (const auto& [alias, original] : known_)
      if (alias.is_same(host)) {
        if (host.sizes() != original.sizes()) Adopt(original, OnDeviceAgain(host));
        return original;
      }
    return OnDeviceAgain(host);
  }

  // An empty tensor was given to be filled.
  static void Adopt(const at::Tensor& original, const at::Tensor& filled) {
    c10::TensorImpl* tensor = original.unsafeGetTensorImpl();
    tensor->set_storage_keep_dtype(filled.storage());
    tensor->set_sizes_and_strides(filled.sizes(), filled.strides());
  }

  std::string operation_;
  std::vector<std::pair<at::Tensor, at::Tensor>> known_;
};

void RunOnHost(const c10::OperatorHandle& operation, c10::Stack* stack) {
  const size_t given = operation.schema().arguments().size();
  Arguments arguments(operation.schema().name());
  for (size_t i = stack->size() - given; i < stack->size(); ++i) (*stack)[i] = arguments.ToHost((*stack)[i]);
  operation.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
  for (size_t i = stack->size() - operation.schema().returns().size(); i < stack->size(); ++i)
    (*stack)[i] = arguments.FromHost((*stack)[i]);
}

// Those that the CPU has under other names, or not at all.
at::Tensor CopyFrom(const at::Tensor& from, const at::Tensor& to, bool) {
  OnHost(to).copy_(OnHost(from));
  return to;
}
void RecordStream(at::Tensor&, at::Stream) {}
at::Scalar LocalScalar(const at::Tensor& x) { return OnHost(x).item(); }
at::Tensor MeanSquare(const at::Tensor& x, const at::Tensor& y, int64_t reduction) {
  return OnDeviceAgain(
      at::mse_loss(OnHost(x), OnHost(y), reduction));  // its `out` would be resized on the way
}
at::Tensor Convolve(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                    at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation,
                    bool transposed, at::IntArrayRef output_padding, int64_t groups) {
  return OnDeviceAgain(at::convolution(OnHost(x), OnHost(weight), bias ? OnHost(*bias) : at::Tensor(), stride,
                                       padding, dilation, transposed, output_padding, groups));
}
std::tuple<at::Tensor, at::Tensor, at::Tensor> ConvolveBackward(
    const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight, at::IntArrayRef stride,
    at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed, at::IntArrayRef output_padding,
    int64_t groups, std::array<bool, 3> wanted) {
  const auto [dx, dw, db] =
      at::convolution_backward(OnHost(gradient), OnHost(x), OnHost(weight), at::IntArrayRef{weight.size(0)},
                               stride, padding, dilation, transposed, output_padding, groups, wanted);
  return {OnDeviceAgain(dx), OnDeviceAgain(dw), OnDeviceAgain(db)};
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&RunOnHost>()); }
TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("_copy_from", CopyFrom);
  m.impl("record_stream", RecordStream);
  m.impl("_local_scalar_dense", LocalScalar);
  m.impl("mse_loss", MeanSquare);
  m.impl("convolution_overrideable", Convolve);
  m.impl("convolution_backward_overrideable", ConvolveBackward);
}

}  // namespace

// In the place of native/device/device.cc
int CudaDevices() { return 1; }
c10::Device ResolveDevice(const std::string& name) {
  return name == "cuda" ? kDevice : c10::Device(c10::kCPU);
}
c10::Device ResolveDeviceOfCall(const std::string& name) { return ResolveDevice(name); }
OnDevice::OnDevice(c10::Device device, bool tf32, Shapes) {
  if (!device.is_cpu()) at::globalContext().setAllowTF32CuDNN(tf32);
}

bool IsHostDevice() { return true; }

void UseKernelsThere() { kernels::UseCuda(&kernels::CudaTable()); }
std::string FaultOfKernels() { return cuda_emulation::TakeFault(); }

void OpenTriedDevice() {
  c10::register_privateuse1_backend("host");
  at::RegisterPrivateUse1HooksInterface(new Hooks);
}

}  // namespace clmr
