#include "tools/job/plan_file.h"

#include "partitioner/plan/plan.h"
#include "tools/job/text_file.h"

namespace mlc::tools {

StatusOr<int> ranksOfPlan(const std::string& path) {
  MLC_ASSIGN_OR_RETURN(const std::string text, readTextFile(path));
  const StatusOr<partition::Plan> plan = partition::parsePlan(text);
  if (!plan.ok()) return plan.status().withContext(path);
  return plan->ranks();
}

}  // namespace mlc::tools
