// A CUDA runtime without a GPU, for scripts/gpu-rehearsal: one pretended device, on which no kernel ever runs.
//
// libtorch's own libtorch_cuda.so is loaded above it, so that everything libtorch does on the host is real: which
// operations exist for which types, what it refuses, what its flash attention asks for, its streams and its caching
// allocator. operations.cc adds what the kernels would have computed.
//
// Memory of the device is an address range that nobody can read or write: a host pointer into it crashes, as on a GPU.
// Its contents lie at a constant distance, for copies and for operations.cc alone.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <string>
#include <sys/mman.h>
#include <unordered_map>

#define EXPORT __attribute__((visibility("default")))

namespace {

constexpr size_t capacity = size_t(64) << 30, granule = 512;

[[noreturn]] void stop(const std::string &why) {
  fprintf(stderr, "pretended CUDA: %s\n", why.c_str());
  abort();
}

struct Memory {
  std::mutex lock;
  char *base = nullptr; // of the device's addresses
  ptrdiff_t distance = 0;
  std::map<size_t, size_t> used; // offset -> size
  size_t taken = 0, limit = capacity;

  Memory() {
    auto reserve = [](int access) {
      void *p = mmap(nullptr, capacity, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (p == MAP_FAILED) stop("64 GiB of addresses cannot be reserved");
      return static_cast<char *>(p);
    };
    base = reserve(PROT_NONE);
    distance = reserve(PROT_READ | PROT_WRITE) - base;
    if (const char *mib = getenv("PRETENDED_GPU_MIB")) limit = size_t(atoll(mib)) << 20;
  }

  bool has(const void *p) const { return p >= base && p < base + capacity; }

  void *take(size_t size) {
    std::lock_guard<std::mutex> guard(lock);
    size = (std::max<size_t>(size, 1) + granule - 1) / granule * granule;
    if (taken + size > limit) return nullptr;
    size_t at = 0;
    for (auto &[offset, length] : used) {
      if (offset - at >= size) break;
      at = offset + length;
    }
    if (at + size > capacity) return nullptr;
    used[at] = size;
    taken += size;
    memset(base + distance + at, 0xff, std::min<size_t>(size, 4096)); // what a new block holds is not zero
    return base + at;
  }

  void give_back(void *p) {
    std::lock_guard<std::mutex> guard(lock);
    auto it = used.find(static_cast<size_t>(static_cast<char *>(p) - base));
    if (it == used.end()) stop("cudaFree of memory that was not allocated");
    madvise(static_cast<char *>(p) + distance, it->second, MADV_DONTNEED);
    taken -= it->second;
    used.erase(it);
  }
};

Memory &memory() {
  static Memory *m = new Memory;
  return *m;
}

void *contents(const void *p) {
  auto *at = static_cast<char *>(const_cast<void *>(p));
  return memory().has(p) ? at + memory().distance : at;
}

std::unordered_map<const void *, const char *> &kernels() {
  static auto *k = new std::unordered_map<const void *, const char *>;
  return *k;
}

thread_local cudaError_t last = cudaSuccess;
cudaError_t answer(cudaError_t e) {
  if (e != cudaSuccess) last = e;
  return e;
}

// operations.cc says so while it computes in the place of a kernel.
thread_local int covered = 0;

// A launch does nothing. One that no operation of operations.cc stands for would leave garbage, so it ends the process.
cudaError_t launch(const void *kernel, dim3 grid, dim3 block) {
  auto it = kernels().find(kernel);
  std::string name = it == kernels().end() ? "unknown" : it->second;
  if (covered == 0) stop("kernel " + name + " was launched by something that the rehearsal does not compute");
  size_t threads = size_t(block.x) * block.y * block.z;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || threads == 0 || threads > 1024 || grid.y > 65535 || grid.z > 65535 || block.z > 64)
    return answer(cudaErrorInvalidConfiguration);
  return cudaSuccess;
}

int capability() {
  const char *given = getenv("PRETENDED_GPU_CAPABILITY");
  return given ? atoi(given) : 90;
}

void copy(void *to, const void *from, size_t n) { memmove(contents(to), contents(from), n); }

} // namespace

extern "C" {

// For operations.cc.
EXPORT void *pretended_contents(const void *p) { return contents(p); }
EXPORT void pretended_cover(int by) { covered += by; }

// The first question about devices loads operations.cc's library: by then libtorch_cuda.so has registered what it has.
EXPORT cudaError_t cudaGetDeviceCount(int *n) {
  static std::once_flag once;
  std::call_once(once, [] {
    Dl_info self;
    if (!dladdr(reinterpret_cast<void *>(&pretended_contents), &self)) stop("it cannot find itself");
    std::string path = self.dli_fname;
    path = path.substr(0, path.rfind('/') + 1) + "operations.so";
    if (!dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) stop(dlerror());
  });
  *n = 1;
  const char *error = getenv("PRETENDED_GPU_ERROR");
  return answer(error ? static_cast<cudaError_t>(atoi(error)) : cudaSuccess);
}

EXPORT cudaError_t cudaGetDevice(int *d) { return *d = 0, cudaSuccess; }
EXPORT cudaError_t cudaSetDevice(int d) { return d == 0 ? cudaSuccess : answer(cudaErrorInvalidDevice); }
EXPORT cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
EXPORT cudaError_t cudaDriverGetVersion(int *v) { return *v = getenv("PRETENDED_GPU_ERROR") ? 12040 : CUDART_VERSION, cudaSuccess; }
EXPORT cudaError_t cudaRuntimeGetVersion(int *v) { return *v = CUDART_VERSION, cudaSuccess; }
EXPORT cudaError_t cudaDeviceCanAccessPeer(int *can, int, int) { return *can = 0, cudaSuccess; }
EXPORT cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *greatest) { return *least = 0, *greatest = -5, cudaSuccess; }
EXPORT cudaError_t cudaDeviceGetPCIBusId(char *id, int n, int) { return snprintf(id, static_cast<size_t>(n), "0000:00:00.0"), cudaSuccess; }

// The figures of an H100.
EXPORT cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int) {
  *p = cudaDeviceProp{};
  strcpy(p->name, "a pretended device");
  p->totalGlobalMem = memory().limit;
  p->sharedMemPerBlock = 48 << 10;
  p->sharedMemPerBlockOptin = 227 << 10;
  p->sharedMemPerMultiprocessor = 228 << 10;
  p->reservedSharedMemPerBlock = 1 << 10;
  p->regsPerBlock = p->regsPerMultiprocessor = 65536;
  p->warpSize = 32;
  p->maxThreadsPerBlock = 1024;
  p->maxThreadsPerMultiProcessor = 2048;
  p->maxBlocksPerMultiProcessor = 32;
  p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024;
  p->maxThreadsDim[2] = 64;
  p->maxGridSize[0] = 2147483647;
  p->maxGridSize[1] = p->maxGridSize[2] = 65535;
  p->totalConstMem = 64 << 10;
  p->major = capability() / 10;
  p->minor = capability() % 10;
  p->textureAlignment = 512;
  p->multiProcessorCount = 132;
  p->canMapHostMemory = p->concurrentKernels = p->unifiedAddressing = p->managedMemory = p->cooperativeLaunch = 1;
  p->asyncEngineCount = 3;
  p->memoryBusWidth = 5120;
  p->l2CacheSize = 50 << 20;
  p->streamPrioritiesSupported = p->globalL1CacheSupported = p->localL1CacheSupported = 1;
  return cudaSuccess;
}

EXPORT cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
  case cudaDevAttrMaxThreadsPerBlock: *value = 1024; break;
  case cudaDevAttrMaxSharedMemoryPerBlock: *value = 48 << 10; break;
  case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = 227 << 10; break;
  case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = 228 << 10; break;
  case cudaDevAttrWarpSize: *value = 32; break;
  case cudaDevAttrMultiProcessorCount: *value = 132; break;
  case cudaDevAttrMaxGridDimX: *value = 2147483647; break;
  case cudaDevAttrMaxGridDimY:
  case cudaDevAttrMaxGridDimZ: *value = 65535; break;
  case cudaDevAttrComputeCapabilityMajor: *value = capability() / 10; break;
  case cudaDevAttrComputeCapabilityMinor: *value = capability() % 10; break;
  case cudaDevAttrMaxThreadsPerMultiProcessor: *value = 2048; break;
  default: stop("cudaDeviceGetAttribute of attribute " + std::to_string(attribute) + " is not offered");
  }
  return cudaSuccess;
}

EXPORT cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *a, const void *) {
  *a = cudaFuncAttributes{};
  a->maxThreadsPerBlock = 1024;
  a->numRegs = 32;
  a->ptxVersion = a->binaryVersion = capability();
  a->maxDynamicSharedSizeBytes = 227 << 10;
  return cudaSuccess;
}
EXPORT cudaError_t cudaFuncSetAttribute(const void *, cudaFuncAttribute, int) { return cudaSuccess; }
EXPORT cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *n, const void *, int block, size_t, unsigned) {
  return *n = std::max(1, 2048 / std::max(block, 1)), cudaSuccess;
}

// Kernels: their names are kept for messages.
EXPORT void **__cudaRegisterFatBinary(void *) {
  static void *handle;
  return &handle;
}
EXPORT void __cudaRegisterFatBinaryEnd(void **) {}
EXPORT void __cudaUnregisterFatBinary(void **) {}
EXPORT void __cudaRegisterFunction(void **, const char *stub, char *, const char *name, int, uint3 *, uint3 *, dim3 *, dim3 *, int *) {
  kernels()[stub] = name;
}
EXPORT void __cudaRegisterVar(void **, char *, char *, const char *, int, size_t, int, int) {}
EXPORT cudaError_t __cudaGetKernel(const void **kernel, const void *stub) { return *kernel = stub, cudaSuccess; }

namespace {
struct Call {
  dim3 grid, block;
  size_t shared;
  void *stream;
};
thread_local Call pushed;
} // namespace

EXPORT unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, void *stream) {
  pushed = {grid, block, shared, stream};
  return 0;
}
EXPORT cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, void *stream) {
  *grid = pushed.grid, *block = pushed.block, *shared = pushed.shared, *static_cast<void **>(stream) = pushed.stream;
  return cudaSuccess;
}
EXPORT cudaError_t __cudaLaunchKernel(const void *kernel, dim3 grid, dim3 block, void **, size_t, cudaStream_t) { return launch(kernel, grid, block); }
EXPORT cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t *c, const void *kernel, void **) { return launch(kernel, c->gridDim, c->blockDim); }

// Memory
EXPORT cudaError_t cudaMalloc(void **p, size_t n) { return answer((*p = memory().take(n)) ? cudaSuccess : cudaErrorMemoryAllocation); }
EXPORT cudaError_t cudaFree(void *p) {
  if (p) memory().give_back(p);
  return cudaSuccess;
}
EXPORT cudaError_t cudaHostAlloc(void **p, size_t n, unsigned) { return answer(posix_memalign(p, 4096, n) == 0 ? cudaSuccess : cudaErrorMemoryAllocation); }
EXPORT cudaError_t cudaFreeHost(void *p) { return free(p), cudaSuccess; }
EXPORT cudaError_t cudaMemGetInfo(size_t *unused, size_t *total) {
  return *total = memory().limit, *unused = memory().limit - memory().taken, cudaSuccess;
}
EXPORT cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *a, const void *p) {
  *a = cudaPointerAttributes{};
  bool device = memory().has(p);
  a->type = device ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered;
  a->device = device ? 0 : -1;
  (device ? a->devicePointer : a->hostPointer) = const_cast<void *>(p);
  return cudaSuccess;
}
EXPORT cudaError_t cudaMemcpy(void *to, const void *from, size_t n, cudaMemcpyKind) { return copy(to, from, n), cudaSuccess; }
EXPORT cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, cudaMemcpyKind, cudaStream_t) { return copy(to, from, n), cudaSuccess; }
EXPORT cudaError_t cudaMemset(void *p, int value, size_t n) { return memset(contents(p), value, n), cudaSuccess; }
EXPORT cudaError_t cudaMemsetAsync(void *p, int value, size_t n, cudaStream_t) { return memset(contents(p), value, n), cudaSuccess; }

// Streams and events: everything is done at once.
EXPORT cudaError_t cudaStreamCreateWithPriority(cudaStream_t *s, unsigned, int) {
  static uintptr_t n = 0x1000;
  return *s = reinterpret_cast<cudaStream_t>(n += 16), cudaSuccess;
}
EXPORT cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
EXPORT cudaError_t cudaStreamQuery(cudaStream_t) { return cudaSuccess; }
EXPORT cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
EXPORT cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) { return cudaSuccess; }
EXPORT cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus *s) { return *s = cudaStreamCaptureStatusNone, cudaSuccess; }
EXPORT cudaError_t cudaStreamGetCaptureInfo(cudaStream_t, cudaStreamCaptureStatus *s, unsigned long long *, cudaGraph_t *, const cudaGraphNode_t **,
                                            const cudaGraphEdgeData **, size_t *) {
  return *s = cudaStreamCaptureStatusNone, cudaSuccess;
}
EXPORT cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode *) { return cudaSuccess; }
EXPORT cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned) {
  static uintptr_t n = 0x1000;
  return *e = reinterpret_cast<cudaEvent_t>(n += 16), cudaSuccess;
}
EXPORT cudaError_t cudaEventDestroy(cudaEvent_t) { return cudaSuccess; }
EXPORT cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) { return cudaSuccess; }
EXPORT cudaError_t cudaEventQuery(cudaEvent_t) { return cudaSuccess; }
EXPORT cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }

// Errors
EXPORT cudaError_t cudaGetLastError() {
  auto e = last;
  last = cudaSuccess;
  return e;
}
EXPORT cudaError_t cudaPeekAtLastError() { return last; }
EXPORT const char *cudaGetErrorString(cudaError_t e) {
  switch (e) {
  case cudaSuccess: return "no error";
  case cudaErrorMemoryAllocation: return "out of memory";
  case cudaErrorInvalidConfiguration: return "invalid configuration argument";
  case cudaErrorInvalidDevice: return "invalid device ordinal";
  default: return "an error of the pretended CUDA";
  }
}
EXPORT const char *cudaGetErrorName(cudaError_t e) { return cudaGetErrorString(e); }

// The driver's functions, which c10 asks for by name.
EXPORT cudaError_t cudaGetDriverEntryPointByVersion(const char *name, void **function, unsigned, unsigned long long, cudaDriverEntryPointQueryResult *result) {
  *function = dlsym(RTLD_DEFAULT, name);
  if (result) *result = *function ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
  return cudaSuccess;
}

} // extern "C"
