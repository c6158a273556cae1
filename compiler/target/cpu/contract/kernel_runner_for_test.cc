#include "compiler/target/cpu/contract/kernel_runner_for_test.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "compiler/conversion/dim_to_arith/dim_to_arith.h"
#include "compiler/dialect/graph/graph_dialect.h"
#include "compiler/dialect/mlc/mlc_dialect.h"
#include "compiler/target/cpu/emit_object.h"
#include "compiler/target/cpu/lower_kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

namespace mlc::cpu {

GuardedBuffer::GuardedBuffer(size_t bytes) : bytes_(bytes) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  mapped_ = (bytes + page - 1) / page * page + page;
  mapping_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char* end = static_cast<char*>(mapping_) + mapped_ - page;
  mprotect(end, page, PROT_NONE);
  data_ = end - bytes;
}

GuardedBuffer::~GuardedBuffer() {
  if (mapping_) munmap(mapping_, mapped_);
}

GuardedBuffer::GuardedBuffer(GuardedBuffer&& other) noexcept { swap(other); }

GuardedBuffer& GuardedBuffer::operator=(GuardedBuffer&& other) noexcept {
  swap(other);
  return *this;
}

void GuardedBuffer::swap(GuardedBuffer& other) {
  std::swap(mapping_, other.mapping_);
  std::swap(mapped_, other.mapped_);
  std::swap(bytes_, other.bytes_);
  std::swap(data_, other.data_);
}

namespace {

// Replaces an instruction that multiplies vectors of short integers and adds neighbouring products,
// by its definition: vpdpbusd(sum, unsigned bytes, signed bytes) and pmaddwd(words, words).
void expandProductInstruction(mlir::LLVM::CallIntrinsicOp op) {
  mlir::OpBuilder builder(op);
  const mlir::Location loc = op.getLoc();
  const bool isDot = op.getIntrin().contains("vpdpbusd");
  const int64_t group = isDot ? 4 : 2;
  mlir::Value a = op.getArgs()[isDot ? 1 : 0], b = op.getArgs()[isDot ? 2 : 1];
  auto type = mlir::cast<mlir::VectorType>(a.getType());
  mlir::Type wide = type.clone(builder.getI32Type());
  mlir::Value left = isDot ? mlir::Value(mlir::arith::ExtUIOp::create(builder, loc, wide, a))
                           : mlir::Value(mlir::arith::ExtSIOp::create(builder, loc, wide, a));
  mlir::Value right = mlir::arith::ExtSIOp::create(builder, loc, wide, b);
  mlir::Value products = mlir::arith::MulIOp::create(builder, loc, left, right);
  mlir::Value sum = isDot ? op.getArgs()[0] : mlir::Value();
  for (int64_t i = 0; i < group; ++i) {
    llvm::SmallVector<int64_t> mask;
    for (int64_t at = i; at < type.getNumElements(); at += group) mask.push_back(at);
    mlir::Value part = mlir::vector::ShuffleOp::create(builder, loc, products, products, mask);
    sum = sum ? mlir::arith::AddIOp::create(builder, loc, sum, part) : part;
  }
  op.getResult(0).replaceAllUsesWith(sum);
  op.erase();
}

}  // namespace

StatusOr<KernelRunner> KernelRunner::compile(const std::string& text, const CpuTarget& target) {
  mlir::DialectRegistry registry;
  registerLoweringDialects(registry);
  registry.insert<graph::GraphDialect>();
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  std::string messages;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic& diagnostic) {
    messages += diagnostic.str() + "\n";
    return mlir::success();
  });
  auto source = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!source) return invalidError("cannot parse: " + messages);
  auto kernel = source->lookupSymbol<mlir::func::FuncOp>("kernel");
  KernelRunner runner;
  runner.symbols_ = conversion::symbolsOf(kernel);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(kernel.getLoc());
  auto builder = mlir::OpBuilder::atBlockEnd(module->getBody());
  mlir::FailureOr<LoweredKernel> lowered = lowerKernel(kernel, target, builder);
  if (mlir::failed(lowered) || mlir::failed(mlir::verify(*module))) {
    return invalidError("cannot lower: " + messages);
  }
  if (lowered->lowering.name == "loops")
    return invalidError("no micro-kernel: " + lowered->lowering.reason);
  runner.scratchBytes_ = attr::scratchBytesOf(lowered->function);
  const CpuTarget host = CpuTarget::host();
  const bool runsHere = llvm::all_of(target.features(),
                                     [&](const std::string& feature) { return host.has(feature); });
  if (!runsHere) {
    mlir::OwningOpRef<mlir::ModuleOp> own = module->clone();
    if (mlir::failed(lowerToLLVM(*own))) return invalidError("cannot lower to LLVM: " + messages);
    MLC_RETURN_IF_ERROR(emitObject(*own, target).status());
    module->walk(expandProductInstruction);
  }
  if (mlir::failed(lowerToLLVM(*module))) {
    return invalidError("cannot lower to LLVM: " + messages);
  }
  MLC_ASSIGN_OR_RETURN(std::string object, emitObject(*module, runsHere ? target : host));

  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit) return invalidError(llvm::toString(jit.takeError()));
  runner.jit_ = std::move(*jit);
  if (auto error = runner.jit_->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(object))) {
    return invalidError(llvm::toString(std::move(error)));
  }
  auto entry = runner.jit_->lookup("kernel");
  if (!entry) return invalidError(llvm::toString(entry.takeError()));
  runner.entry_ = entry->toPtr<void*>();
  return runner;
}

void KernelRunner::run(const SymbolValues& symbols, std::vector<void*> buffers, int threads) {
  // Every argument is an integer or a pointer, so that a call with more arguments than the function
  // has is fine on x86-64.
  constexpr size_t kMaxArguments = 16;
  auto call = reinterpret_cast<void (*)(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t,
                                        int64_t, int64_t, int64_t, int64_t, int64_t, int64_t,
                                        int64_t, int64_t, int64_t, int64_t)>(entry_);
  const int64_t scratchBytes = *scratchBytes_.evaluate(symbols);
  const auto wanted = static_cast<size_t>(scratchBytes * threads);
  if (wanted != scratch_.bytes()) scratch_ = GuardedBuffer(wanted);
  for (int64_t thread = 0; thread < threads; ++thread) {
    std::vector<int64_t> a{thread, threads};
    for (const std::string& symbol : symbols_) a.push_back(symbols.at(symbol));
    for (void* buffer : buffers) a.push_back(reinterpret_cast<int64_t>(buffer));
    a.push_back(reinterpret_cast<int64_t>(scratch_.as<char>()));
    a.resize(kMaxArguments);
    call(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13],
         a[14], a[15]);
  }
}

}  // namespace mlc::cpu
