#include "compiler/target/gpu/device_entry.h"

#include "compiler/target/gpu/gpu_target.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Builders.h"
#include "runtime/abi/emulated_kernel.h"

namespace mlc::gpu {
namespace {

namespace LLVM = mlir::LLVM;
namespace NVVM = mlir::NVVM;
using mlir::Value;

class EntryBuilder {
 public:
  // Takes the name of `points` for the entry.
  explicit EntryBuilder(LLVM::LLVMFuncOp points)
      : points_(points), name_(points.getName()), loc_(points.getLoc()), b_(points.getContext()) {
    points.setName(name_ + "_points");
    points.setLinkage(LLVM::Linkage::Internal);
    b_.setInsertionPointAfter(points);
    for (mlir::Type type : points.getArgumentTypes()) types_.push_back(type);
  }

  LLVM::LLVMFuncOp cuda() {
    llvm::ArrayRef<mlir::Type> own = llvm::ArrayRef(types_).drop_front(2);
    LLVM::LLVMFuncOp entry = begin(own);
    entry->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), b_.getUnitAttr());
    // As the loops' buffers: read-only ones go through the cache for constants.
    for (auto [i, type] : llvm::enumerate(own)) {
      if (mlir::isa<LLVM::LLVMPointerType>(type)) {
        entry.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), b_.getUnitAttr());
      }
    }
    entry->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                   b_.getDenseI32ArrayAttr({static_cast<int32_t>(kBlockThreads), 1, 1}));
    Value block = special<NVVM::BlockIdXOp>(), thread = special<NVVM::ThreadIdXOp>();
    Value blocks = special<NVVM::GridDimXOp>(), blockThreads = special<NVVM::BlockDimXOp>();
    llvm::SmallVector<Value> arguments = threadAndThreads(block, thread, blocks, blockThreads);
    llvm::append_range(arguments, entry.getArguments());
    end(arguments);
    return entry;
  }

  LLVM::LLVMFuncOp fake() {
    mlir::Type i64 = b_.getI64Type(), ptr = LLVM::LLVMPointerType::get(b_.getContext());
    LLVM::LLVMFuncOp entry = begin({i64, i64, i64, i64, ptr});
    llvm::SmallVector<Value> arguments = threadAndThreads(
        entry.getArgument(0), entry.getArgument(1), entry.getArgument(2), entry.getArgument(3));
    for (auto [i, type] : llvm::enumerate(llvm::ArrayRef(types_).drop_front(2))) {
      Value slot = LLVM::GEPOp::create(b_, loc_, ptr, ptr, entry.getArgument(4),
                                       llvm::ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
      Value address = LLVM::LoadOp::create(b_, loc_, ptr, slot);
      arguments.push_back(mlir::isa<LLVM::LLVMPointerType>(type)
                              ? fakePointer(address)
                              : Value(LLVM::LoadOp::create(b_, loc_, type, address)));
    }
    end(arguments);
    // Found by name in the shared object.
    entry.setVisibility_(LLVM::Visibility::Protected);
    return entry;
  }

 private:
  LLVM::LLVMFuncOp begin(llvm::ArrayRef<mlir::Type> types) {
    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b_.getContext()), types);
    auto entry = LLVM::LLVMFuncOp::create(b_, loc_, name_, type);
    b_.setInsertionPointToStart(entry.addEntryBlock(b_));
    return entry;
  }

  void end(llvm::ArrayRef<Value> arguments) {
    LLVM::CallOp::create(b_, loc_, points_, arguments);
    LLVM::ReturnOp::create(b_, loc_, mlir::ValueRange());
  }

  // The address behind a pointer of the fake device.
  Value fakePointer(Value slot) {
    Value biased = LLVM::LoadOp::create(b_, loc_, b_.getI64Type(), slot);
    Value bias = LLVM::ConstantOp::create(b_, loc_, b_.getI64IntegerAttr(MLC_FAKE_POINTER_BIAS));
    Value address = LLVM::SubOp::create(b_, loc_, biased, bias);
    return LLVM::IntToPtrOp::create(b_, loc_, LLVM::LLVMPointerType::get(b_.getContext()), address);
  }

  template <typename Register>
  Value special() {
    Value value = Register::create(b_, loc_, b_.getI32Type());
    return LLVM::ZExtOp::create(b_, loc_, b_.getI64Type(), value);
  }

  llvm::SmallVector<Value> threadAndThreads(Value block, Value thread, Value blocks,
                                            Value blockThreads) {
    Value before = LLVM::MulOp::create(b_, loc_, block, blockThreads);
    return {LLVM::AddOp::create(b_, loc_, before, thread),
            LLVM::MulOp::create(b_, loc_, blocks, blockThreads)};
  }

  LLVM::LLVMFuncOp points_;
  std::string name_;
  mlir::Location loc_;
  mlir::OpBuilder b_;
  llvm::SmallVector<mlir::Type> types_;
};

}  // namespace

LLVM::LLVMFuncOp addCudaEntry(LLVM::LLVMFuncOp points) { return EntryBuilder(points).cuda(); }

LLVM::LLVMFuncOp addFakeEntry(LLVM::LLVMFuncOp points) { return EntryBuilder(points).fake(); }

}  // namespace mlc::gpu
