// The process and its devices: threads, version, opening CUDA, moving bytes in and out, gradients.
#pragma once
#include "support.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <dlfcn.h>
#include <malloc.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/version.h>

using namespace prlhf;

extern "C" {

void prlhf_start(int threads) {
  // Libtorch gives an OS thread, when it first computes there, the number of threads that was set last in the process. Asking
  // makes that happen now, so that what is set next stays, whatever another job sets beside this one.
  at::get_num_threads();
  at::set_num_threads(threads);
  at::globalContext().setDeterministicFillUninitializedMemory(false);
  at::globalContext().setAllowBF16ReductionCuBLAS(false);
  at::globalContext().setSDPUseCuDNN(false); // so that libtorch's choice is flash attention wherever it fits
  at::globalContext().setSDPUseMemEfficient(false);
  // Large blocks stay with the process: giving them back makes every operation fault its pages in again.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

char *prlhf_version(void) { return strdup(TORCH_VERSION); }

char *prlhf_cpu_capability(void) { return strdup(at::get_cpu_capability().c_str()); }

char *prlhf_open_cuda(const char *library) {
  // RTLD_GLOBAL registers the backend; this must happen before the first question about CUDA, whose answer is kept.
  return dlopen(library, RTLD_NOW | RTLD_GLOBAL) ? nullptr : strdup(dlerror());
}

// libtorch warns of the reason why a driver gives it no device, and counts 0. Its sentence goes on with advice for Python.
char *prlhf_cuda_status(int *devices) {
  struct Heard : c10::WarningHandler {
    std::string text;
    void process(const c10::Warning &w) override {
      if (text.empty()) text = w.msg();
    }
  } heard;
  *devices = 0;
  auto failed = guarded([&] {
    c10::WarningUtils::WarningHandlerGuard listen(&heard);
    *devices = static_cast<int>(at::detail::getCUDAHooks().deviceCount());
  });
  if (failed || *devices > 0 || heard.text.empty()) return failed;
  return strdup(heard.text.substr(0, heard.text.find(". ")).c_str());
}

char *prlhf_cuda_peak(int64_t *bytes) {
  return guarded([&] {
    using c10::CachingAllocator::StatType;
    auto stats = c10::getDeviceAllocator(at::kCUDA)->getDeviceStats(0);
    *bytes = stats.reserved_bytes[static_cast<size_t>(StatType::AGGREGATE)].peak;
  });
}

static at::Device device_of(int device) {
  return device < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device));
}

char *prlhf_from_blob(const void *data, int dtype, const int64_t *shape, int dims, int device, int to_dtype,
                      tensor_t *out) {
  return guarded([&] {
    auto view = at::from_blob(const_cast<void *>(data), at::IntArrayRef(shape, dims),
                              at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)));
    *out = give(view.to(device_of(device), static_cast<at::ScalarType>(to_dtype), false, /*copy=*/true));
  });
}

char *prlhf_to(tensor_t x, int device, int dtype, tensor_t *out) {
  return guarded([&] { *out = give(ref(x).to(device_of(device), static_cast<at::ScalarType>(dtype))); });
}

char *prlhf_to_host(tensor_t x, int dtype, void *out, int64_t bytes) {
  return guarded([&] {
    auto host = ref(x).detach().to(at::kCPU, static_cast<at::ScalarType>(dtype)).contiguous();
    TORCH_CHECK(static_cast<int64_t>(host.nbytes()) == bytes, "a tensor of ", host.nbytes(), " bytes does not fit ", bytes);
    std::memcpy(out, host.data_ptr(), bytes);
  });
}

char *prlhf_parameter(tensor_t x, tensor_t *out) {
  return guarded([&] { *out = give(ref(x).detach().clone().requires_grad_(true)); });
}

char *prlhf_gradient(tensor_t x, tensor_t *out) {
  return guarded([&] {
    auto &g = ref(x).grad();
    *out = give(g.defined() ? g.detach() : at::zeros_like(ref(x).detach()));
  });
}

char *prlhf_backward(tensor_t y, tensor_t grad) {
  return guarded([&] { torch::autograd::backward({ref(y)}, {ref(grad)}); });
}

} // extern "C"
